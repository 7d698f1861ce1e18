/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Text that the loader reads: the command line, lists of words, and the monitor's log. In: a byte
 * that says which, then the text; arguments are separated by newlines. Options that argp answers
 * itself by ending the program (--help, unknown ones) are left out.
 */
#define _GNU_SOURCE
#include "loader/command.h"
#include "loader/number.h"
#include "loader/options.h"
#include "loader/screenfile.h"
#include "loader/verdict.h"
#include "tests/fuzz/fuzz.h"

#define MAX_ARGS 24

static bool printable(const char *text)
{
    for (; *text; text++) {
        if ((uint8_t)*text < ' ' || *text == 127)
            return false;
    }
    return true;
}

static void check_problem(const struct problem *p)
{
    must(p->status == EXIT_BAD_INPUT || p->status == EXIT_HOST_TROUBLE, "status %d", p->status);
    must(p->text[0] && strlen(p->text) < sizeof p->text, "no text");
}

/* ---- The command line ------------------------------------------------------- */

/* Letters that begin an argument stand for options; any other argument is taken as it is. */
static const struct {
    const char *name;
    bool run_only;
} options[] = {
    {"--on=", true},        {"--memory=", false}, {"--initrd=", false}, {"--append=", false},
    {"--console=", true},   {"--screen=", true},  {"--engine=", false}, {"--stats", true},
    {"--count", true},      {"--timeout=", true}, {"--trace=", true},   {"--trace-file=", true},
    {"--host-args=", true}, {"--verbose", true},  {"--perf-map", true}, {"--no-confine", true},
};

static char *argument(const char *text, bool run)
{
    char *arg = NULL;
    unsigned n = (unsigned)(text[0] - 'a');
    if (n < sizeof options / sizeof options[0] && (run || !options[n].run_only)) {
        bool value = strchr(options[n].name, '=');
        must(asprintf(&arg, "%s%s", options[n].name, value ? text + 1 : "") >= 0, "memory");
    } else {
        must(asprintf(&arg, "%s%s", text[0] == '-' ? "." : "", text) >= 0, "memory");
    }
    return arg;
}

static void command_line(char *text)
{
    char *argv[MAX_ARGS + 3] = {strdup("ring1"), strdup("run")}, *kept[MAX_ARGS + 3];
    struct options o;
    struct problem p = {0};
    int argc = 2;
    for (char *line = strtok(text, "\n"); line && argc < MAX_ARGS; line = strtok(NULL, "\n"))
        argv[argc++] = argument(line, true);
    memcpy(kept, argv, sizeof kept);
    if (options_parse(argc, argv, &o, &p)) {
        must(o.command == COMMAND_RUN && o.kernel && o.on, "no kernel");
        must(o.memory_mib >= MEMORY_MIN_MIB && o.memory_mib <= PLAN_MEMORY_MAX_MIB, "memory");
        must(o.engine <= PLAN_TRANSLATE && o.timeout <= TIMEOUT_MAX_SECONDS, "ranges");
        must(!(o.trace >> PLAN_TRACE_COUNT), "trace");
    } else {
        check_problem(&p);
    }
    for (int n = 0; n < argc; n++)
        free(kept[n]);
}

/* ---- Words and numbers -------------------------------------------------------- */

static void words(const char *text)
{
    struct command c = {0};
    struct problem p = {0};
    if (!command_add_words(&c, text, &p))
        check_problem(&p);
    must(c.count <= COMMAND_MAX_ARGS && !c.arg[c.count], "the list's end");
    command_free(&c);
}

static void numbers(const char *text)
{
    struct problem p = {0};
    uint32_t n = 0;
    if (!number_memory(text, &n, &p))
        check_problem(&p);
    else
        must(n >= MEMORY_MIN_MIB && n <= PLAN_MEMORY_MAX_MIB, "%u MiB", n);
    if (!number_seconds(text, &n, &p))
        check_problem(&p);
    else
        must(n >= 1 && n <= TIMEOUT_MAX_SECONDS, "%u s", n);
}

/* ---- The log ------------------------------------------------------------------- */

static void log_text(const char *text)
{
    struct verdict v;
    struct screen s;
    char *out = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&out, &len);
    if (verdict_find(text, &v))
        must(v.status <= EXIT_TIMEOUT && printable(v.name) && printable(v.reason), "verdict");
    verdict_print_report(to, text);
    verdict_print_stats(to, text);
    verdict_print_tail(to, text, 3, "> ");
    fclose(to);
    for (size_t i = 0; i < len; i++)
        must(out[i] == '\n' || ((uint8_t)out[i] >= ' ' && out[i] != 127), "control character");
    free(out);
    screen_find(text, &s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    char *text = malloc(size); /* without the first byte, and with a NUL */
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    switch (data[0] % 4) {
    case 0:
        log_text(text);
        break;
    case 1:
        words(text);
        break;
    case 2:
        numbers(text);
        break;
    default:
        command_line(text);
    }
    free(text);
    return 0;
}
