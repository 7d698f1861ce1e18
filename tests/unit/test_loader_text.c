/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Text in, values out: sizes and times as typed, options, quoted arguments, the escape key,
 * and the monitor's log with its result, report and counters.
 */
#include "loader/number.h"
#include "loader/options.h"
#include "loader/terminal.h"
#include "loader/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct problem problem;

static void memory_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t mib; /* 0: refused */
    } rows[] = {
        {"256M", 256},
        {"256m", 256},
        {"256", 256},
        {"1G", 1024},
        {"3G", 3072},
        {"16M", 16},
        {"16384K", 16},
        {"3072M", 3072},
        {"0", 0},
        {"0M", 0},
        {"15M", 0},
        {"16383K", 0},
        {"3073M", 0},
        {"4G", 0},
        {"16385K", 0},
        {"-16M", 0},
        {"+16M", 0},
        {" 16M", 0},
        {"16M ", 0},
        {"16MB", 0},
        {"M", 0},
        {"", 0},
        {"0x10M", 0},
        {"1e3M", 0},
        {"16.5M", 0},
        {"sixteen", 0},
        {"16T", 0},
        {"268435456", 0},
        {"4294967312M", 0},
        {"18446744073709551632M", 0},
        {"99999999999999999999999G", 0},
        {"17592186044417M", 0},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t mib = 0;
        problem.text[0] = 0;
        bool ok = number_memory(rows[i].text, &mib, &problem);
        if (ok != (rows[i].mib != 0) || mib != rows[i].mib)
            fail_msg("--memory %s: %d, %u", rows[i].text, ok, mib);
        assert_true(ok || (problem.status == EXIT_BAD_INPUT && strstr(problem.text, rows[i].text)));
    }
}

static void ports(void **state)
{
    static const char *const bad[] = {
        "",     "0",  "65536", "-1",        "+1",     " 1",      "1 ",
        "0x10", "1,", "1,no",  "1,nowait ", "nowait", ",nowait", "99999999999999999999999"};
    uint32_t port;
    bool nowait;
    (void)state;
    assert_true(number_port("1", &port, &nowait, &problem));
    assert_int_equal(port, 1);
    assert_false(nowait);
    assert_true(number_port("065535,nowait", &port, &nowait, &problem));
    assert_int_equal(port, 65535);
    assert_true(nowait);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(number_port(bad[i], &port, &nowait, &problem));
        assert_int_equal(problem.status, EXIT_BAD_INPUT);
    }
}

static void timeouts(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "0", "-1", "1s", "1.5", "soon", "604801", "4294967297"};
    uint32_t seconds = 0;
    assert_true(number_seconds("1", &seconds, &problem));
    assert_int_equal(seconds, 1);
    assert_true(number_seconds("604800", &seconds, &problem));
    assert_int_equal(seconds, 604800);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(number_seconds(bad[i], &seconds, &problem));
    assert_int_equal(seconds, 604800);
}

static void runs(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "0", "-1", "2x", "256", "4294967297", "often"};
    uint32_t n = 0;
    assert_true(number_runs("1", &n, &problem));
    assert_int_equal(n, 1);
    assert_true(number_runs("255", &n, &problem));
    assert_int_equal(n, 255);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(number_runs(bad[i], &n, &problem));
    assert_int_equal(n, 255);
}

#define MAX_WORDS 20

/* Runs options_parse on "ring1" and the words given, up to a NULL. */
static bool parse(struct options *o, ...)
{
    static char words[MAX_WORDS][200];
    static char *argv[MAX_WORDS + 1];
    int argc = 0;
    va_list ap;
    va_start(ap, o);
    for (const char *w = "ring1"; w; w = va_arg(ap, const char *)) {
        strcpy(words[argc], w);
        argv[argc] = words[argc];
        argc++;
    }
    va_end(ap);
    argv[argc] = NULL;
    return options_parse(argc, argv, o, &problem);
}

static void options_have_defaults(void **state)
{
    (void)state;
    struct options o;
    assert_true(parse(&o, "run", "K", NULL));
    assert_string_equal(o.kernel, "K");
    assert_string_equal(o.append, "");
    assert_string_equal(o.host_args, "");
    assert_string_equal(o.on->name, "qemu");
    assert_int_equal(o.memory_mib, 256);
    assert_int_equal(o.engine, PLAN_AUTO);
    assert_null(o.initrd);
    assert_null(o.console);
    assert_int_equal(o.timeout, 0);
    assert_int_equal(o.runs, 1);
    assert_false(o.stats || o.count || o.verbose);
}

static void options_are_taken(void **state)
{
    (void)state;
    struct options o;
    assert_true(parse(&o, "run", "--on", "bochs", "--memory=64M", "K", "--initrd", "I", "--append",
                      "a b", "--engine", "translate", "--console", "C", "--stats", "--timeout", "9",
                      "--verbose", "--repeat=3", NULL));
    assert_string_equal(o.on->name, "bochs");
    assert_int_equal(o.memory_mib, 64);
    assert_string_equal(o.initrd, "I");
    assert_string_equal(o.append, "a b");
    assert_int_equal(o.engine, PLAN_TRANSLATE);
    assert_string_equal(o.console, "C");
    assert_int_equal(o.timeout, 9);
    assert_int_equal(o.runs, 3);
    assert_true(o.stats && o.verbose && !o.count);
    assert_true(parse(&o, "image", "-o", "F", "--memory=64M", "K", "--initrd", "I", NULL));
    assert_int_equal(o.command, COMMAND_IMAGE);
    assert_string_equal(o.output, "F");
    assert_int_equal(o.memory_mib, 64);
    assert_string_equal(o.initrd, "I");
    assert_true(parse(&o, "run", "--count", "--console", "stdio", "K", NULL));
    assert_int_equal(o.command, COMMAND_RUN);
    assert_true(o.stats && o.count);
    assert_int_equal(o.trace, 0);
    assert_true(
        parse(&o, "run", "--trace", "io,irq,io", "--trace=exits", "--trace-file", "F", "K", NULL));
    assert_int_equal(o.trace, 1u << PLAN_TRACE_IO | 1u << PLAN_TRACE_IRQ | 1u << PLAN_TRACE_EXITS);
    assert_string_equal(o.trace_file, "F");
    assert_true(parse(&o, "run", "--trace=all", "K", NULL));
    assert_int_equal(o.trace, (1u << PLAN_TRACE_COUNT) - 1);
    assert_true(parse(&o, "run", "--count", "--console", "stdio", "K", NULL));
    assert_null(o.console);
}

static void bad_options_are_named(void **state)
{
    (void)state;
    struct options o;
    assert_false(parse(&o, NULL));
    assert_non_null(strstr(problem.text, "no command given"));
    assert_false(parse(&o, "walk", "K", NULL));
    assert_non_null(strstr(problem.text, "walk: no such command"));
    assert_false(parse(&o, "run", NULL));
    assert_non_null(strstr(problem.text, "no kernel given"));
    assert_false(parse(&o, "run", "K", "L", NULL));
    assert_non_null(strstr(problem.text, "L: only one kernel"));
    assert_false(parse(&o, "run", "--on", "vmware", "K", NULL));
    assert_non_null(strstr(problem.text, "--on vmware"));
    assert_false(parse(&o, "run", "--engine", "", "K", NULL));
    assert_non_null(strstr(problem.text, "--engine"));
    assert_false(parse(&o, "run", "--memory", "0", "K", NULL));
    assert_int_equal(problem.status, EXIT_BAD_INPUT);
}

static void words_are_split_like_a_shell_s(void **state)
{
    (void)state;
    struct command c = {0};
    assert_true(
        command_add_words(&c, " a  'b c'\td\\ e \"f 'g' \\\" h\" '' i'j'\"k\" \\", &problem));
    static const char *const words[] = {"a", "b c", "d e", "f 'g' \" h", "", "ijk", "\\"};
    assert_int_equal(c.count, 7);
    for (unsigned i = 0; i < 7; i++)
        assert_string_equal(c.arg[i], words[i]);
    assert_null(c.arg[7]);
    assert_false(command_add_words(&c, "'open", &problem));
    assert_false(command_add_words(&c, "x \"open\\\"", &problem));
    assert_non_null(strstr(problem.text, "quote is not closed"));
    command_free(&c);
    char many[600];
    memset(many, ' ', sizeof many);
    for (unsigned i = 0; i < sizeof many; i += 2)
        many[i] = 'x';
    many[sizeof many - 1] = 0;
    assert_false(command_add_words(&c, many, &problem));
    assert_non_null(strstr(problem.text, "too many"));
    command_free(&c);
}

static void feed(struct chord *c, const char *typed, const char *sent, enum chord_event wanted)
{
    uint8_t out[100];
    enum chord_event event;
    size_t n = chord_feed(c, (const uint8_t *)typed, strlen(typed), out, &event);
    assert_int_equal(n, strlen(sent));
    assert_memory_equal(out, sent, n);
    assert_int_equal(event, wanted);
}

static void escape_key(void **state)
{
    (void)state;
    struct chord c = {false};
    feed(&c, "ls\r", "ls\r", CHORD_NONE);
    feed(&c, "a\001\001b", "a\001b", CHORD_NONE);
    feed(&c, "a\001hb", "ab", CHORD_HELP);
    feed(&c, "a\001tb", "ab", CHORD_STATS);
    feed(&c, "\001c", "\001c", CHORD_NONE);
    feed(&c, "ab\001xcd", "ab", CHORD_LEAVE);
    feed(&c, "a\001sb", "ab", CHORD_SCREEN);
    feed(&c, "\001", "", CHORD_NONE); /* the chord may come in two reads */
    feed(&c, "x", "", CHORD_LEAVE);
    feed(&c, "x", "x", CHORD_NONE);
    feed(&c, "\001h\001x", "", CHORD_LEAVE);
    feed(&c, "\001\001x", "\001x", CHORD_NONE);
}

static void result_line(void **state)
{
    (void)state;
    struct verdict v;
    assert_true(
        verdict_find("hello\nring1-exit: 5 guest-killed: triple fault at 10: x\nbye\n", &v));
    assert_int_equal(v.status, EXIT_GUEST_KILLED);
    assert_string_equal(v.name, "guest-killed");
    assert_string_equal(v.reason, "triple fault at 10: x");
    assert_true(verdict_find("ring1-exit: 0 guest-off: \n", &v));
    assert_string_equal(v.reason, "");
    assert_true(verdict_find("ring1-exit: 4 a: b\r\n", &v));
    assert_string_equal(v.reason, "b");
    assert_true(verdict_find("ring1-exit: 5 a: b\nring1-exit: 3 c: d", &v)); /* the last counts */
    assert_int_equal(v.status, EXIT_HOST_TROUBLE);
}

static void no_result_line(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\n",
        "hello",
        "xring1-exit: 0 a: b",
        "ring1-exit:",
        "ring1-exit: ",
        "ring1-exit: 0",
        "ring1-exit: 0 a",
        "ring1-exit: a b: c",
        "ring1-exit: 7 a: b",
        "ring1-exit: 2 a: b",
        "ring1-exit: 6 a: b",
        "ring1-exit: -3 a: b",
        "ring1-exit: 256 a: b",
        "ring1-exit: 4294967296 a: b",
        "ring1-exit: 0 a b: c",
        "ring1-exit: 0 good: good\nring1-exit: 77 bad: bad",
        "ring1-exit: 0 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: b",
    };
    struct verdict v;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (verdict_find(bad[i], &v))
            fail_msg("taken for a result: %s", bad[i]);
    }
}

/* What PRINT makes of LOG, in a buffer that the next call uses again. */
static const char *printed(void (*print)(FILE *, const char *), const char *log)
{
    static char buffer[8192];
    memset(buffer, 0, sizeof buffer);
    FILE *f = fmemopen(buffer, sizeof buffer - 1, "w");
    print(f, log);
    fclose(f);
    return buffer;
}

static void report_lines(void **state)
{
    (void)state;
    assert_string_equal(printed(verdict_print_report,
                                "x\nreport: eax 1\nstat a 1  b\nreport: \033[2J\n"
                                "ring1: panic: no frame\nring1: other\n"
                                "ring1-run: 1 of 2: 5 guest-killed: why\nring1-exit: 0 x: y\n"),
                        "  eax 1\n  ?[2J\n  ring1: panic: no frame\n"
                        "  run 1 of 2: 5 guest-killed: why\n");
}

static void counters(void **state)
{
    (void)state;
    const char *s =
        printed(verdict_print_stats, "stat run.user              12  entries\nstat bad\n"
                                     "stat time.total.ns 18446744073709551615  all\n");
    assert_string_equal(s, "             value  counter              meaning\n"
                           "                12  run.user             entries\n"
                           "18446744073709551615  time.total.ns        all\n");
    assert_string_equal(printed(verdict_print_stats, "x\n"),
                        "ring1: the monitor left no statistics\n");
}

static void print_two(FILE *f, const char *log)
{
    verdict_print_tail(f, log, 2, "> ");
}

static void print_all(FILE *f, const char *log)
{
    verdict_print_tail(f, log, 0, "> ");
}

static void last_lines(void **state)
{
    (void)state;
    assert_string_equal(printed(print_two, "a\nb\nc\n"), "> b\n> c\n");
    assert_string_equal(printed(print_two, "a\nb\nc"), "> b\n> c\n");
    assert_string_equal(printed(print_two, "a\n"), "> a\n");
    assert_string_equal(printed(print_two, ""), "");
    assert_string_equal(printed(print_all, "a\n\007b\n"), "> a\n> ?b\n");
    char *line = malloc(2001);
    memset(line, 'x', 2000);
    line[2000] = 0;
    assert_int_equal(strlen(printed(print_two, line)), 2 + 499 + 1);
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_sizes),
        cmocka_unit_test(ports),
        cmocka_unit_test(timeouts),
        cmocka_unit_test(runs),
        cmocka_unit_test(options_have_defaults),
        cmocka_unit_test(options_are_taken),
        cmocka_unit_test(bad_options_are_named),
        cmocka_unit_test(words_are_split_like_a_shell_s),
        cmocka_unit_test(escape_key),
        cmocka_unit_test(result_line),
        cmocka_unit_test(no_result_line),
        cmocka_unit_test(report_lines),
        cmocka_unit_test(counters),
        cmocka_unit_test(last_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
