/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 lab profile: runs a guest as `ring1 run' does, or takes what an earlier run left, and
 * writes the report. The profile of a run is in a file without a name until then.
 */
#define _GNU_SOURCE /* memfd_create */
#include "tools/lab/profile/profile.h"

#include "tools/lab/profile/json.h"
#include "tools/lab/profile/page.h"

#include "loader/outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM     "ring1 lab profile"
#define FROM_MAX    (256ull << 20)
#define SYMBOLS_MAX (1ull << 30)
#define ROWS        25u
#define ROWS_MAX    10000u

enum { KEY_REPORT = 'o', KEY_REPORT_JSON = 1, KEY_FROM, KEY_SYMBOLS, KEY_ROWS };

struct job {
    struct options run;
    struct options_parse parse;
    struct problem *p;
    const char *html, *json, *from, *symbols;
    unsigned rows;
};

static const char doc[] =
    "Runs KERNEL as `ring1 run' does and writes a report of where its time went: samples of the "
    "code "
    "that ran, exits, fallbacks to the interpreter and shadow page faults, over time."
    "\vNames of kernel functions come from KERNEL itself if it has any: an ELF file's symbols, or "
    "the "
    "kallsyms table of a Linux kernel, which Debian's have. A Linux kernel that moved itself in "
    "memory "
    "is found again.\n\n"
    "Examples:\n"
    "  ring1 lab profile -o report.html --initrd initrd.img --append console=ttyS0 vmlinuz\n"
    "        boot Linux, its console on this terminal; the report is written when it ends\n"
    "  ring1 lab profile -o report.html --json report.json --on process --timeout 20 toy.elf\n"
    "        twenty seconds of a toy kernel, for people and for programs\n"
    "  ring1 run --profile boot.prof vmlinuz\n"
    "  ring1 lab profile --from boot.prof --symbols vmlinuz -o report.html\n"
    "        the same in two steps\n\n"
    "Exit status: that of `ring1 run', with a report if the guest ran at all; without a run:\n"
    "  0  the report is written\n"
    "  2  bad arguments or files\n"
    "  3  trouble on this side: no memory, a full disk\n";

static const struct argp_option options[] = {
    {0, 0, 0, 0, "The report:", 1},
    {"output", KEY_REPORT, "FILE", 0, "Write it as a page of HTML that needs no other file", 0},
    {"json", KEY_REPORT_JSON, "FILE", 0, "Write it as JSON (docs/lab.md)", 0},
    {"from", KEY_FROM, "FILE", 0, "Run nothing: take what `ring1 run --profile FILE' left", 0},
    {"symbols", KEY_SYMBOLS, "FILE", 0,
     "Names of code: a System.map, a copy of /proc/kallsyms, an ELF file or a bzImage", 0},
    {"rows", KEY_ROWS, "N", 0, "Rows of the page's tables, 1 to 10000; default 25", 0},
    {0},
};

/* ---- The command line ------------------------------------------------------------- */

static bool parse_rows(const char *text, struct job *j)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || n < 1 || n > ROWS_MAX)
        return problem_bad(j->p, "--rows %s: not a number from 1 to %u", text, ROWS_MAX);
    j->rows = (unsigned)n;
    return true;
}

static bool check_end(const struct job *j)
{
    if (!j->html && !j->json)
        return problem_bad(j->p, "no report to make was given; write `%s -o REPORT.html KERNEL'",
                           PROGRAM);
    if (j->from && j->run.kernel)
        return problem_bad(j->p,
                           "--from %s: nothing is run then; leave %s out, or name it with "
                           "--symbols",
                           j->from, j->run.kernel);
    return true;
}

static error_t option(int key, char *arg, struct argp_state *state)
{
    struct job *j = state->input;
    bool ok = true;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &j->parse;
        break;
    case KEY_REPORT:
        j->html = arg;
        break;
    case KEY_REPORT_JSON:
        j->json = arg;
        break;
    case KEY_FROM:
        j->from = arg;
        j->parse.no_kernel = true;
        break;
    case KEY_SYMBOLS:
        j->symbols = arg;
        break;
    case KEY_ROWS:
        ok = parse_rows(arg, j);
        break;
    case ARGP_KEY_END:
        ok = check_end(j);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return ok ? 0 : EINVAL;
}

static bool parse(int argc, char **argv, struct job *j, struct problem *p)
{
    static const struct argp_child children[] = {
        {&options_run_argp, 0, "The run, as for `ring1 run':", 2}, {0}};
    static const struct argp argp = {options, option, "KERNEL\n--from FILE", doc, children,
                                     NULL,    NULL};
    *j = (struct job){.p = p, .rows = ROWS};
    options_init(&j->run);
    j->run.command = COMMAND_RUN;
    j->parse = (struct options_parse){.o = &j->run, .p = p, .program = PROGRAM};
    return argp_parse(&argp, argc, argv, 0, NULL, j) == 0;
}

/* ---- The profile and the names ---------------------------------------------------- */

/* A file that cannot be written is better known before the guest runs than after. */
static bool can_write(const char *option, const char *name, struct problem *p)
{
    struct outfile f;
    if (!name)
        return true;
    bool ok = outfile_open(&f, option, name, p);
    if (ok)
        outfile_drop(&f);
    return ok;
}

static bool read_symbols(const struct job *j, struct symbols *s, struct problem *p)
{
    struct blob file;
    const char *name = j->symbols ? j->symbols : j->run.kernel;
    struct problem why;
    struct stat st;
    memset(s, 0, sizeof *s);
    if (!name)
        return true;
    if (!j->symbols && (stat(name, &st) != 0 || !S_ISREG(st.st_mode)))
        return true; /* a pipe is read once, by the run */
    if (!input_read(name, j->symbols ? "symbols" : "kernel", SYMBOLS_MAX, "over 1 GiB long", &file,
                    p))
        return false;
    bool ok = symbols_read(name, &file, s, &why);
    blob_free(&file);
    if (ok)
        return true;
    symbols_free(s);
    if (j->symbols)
        *p = why;
    return !j->symbols; /* a kernel need not have any */
}

static bool run_guest(struct job *j, struct outcome *out, struct problem *p)
{
    j->run.profile_fd = memfd_create("ring1-profile", MFD_CLOEXEC);
    if (j->run.profile_fd < 0)
        return problem_host(p, "cannot make a file in memory: %s", strerror(errno));
    return action_run(&j->run, out, p);
}

/* What the run left. No bytes at all: the guest never ran. */
static bool take_profile(int fd, struct blob *text, struct problem *p)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size < 0)
        return problem_host(p, "the profile: %s", strerror(errno));
    *text = (struct blob){malloc((size_t)st.st_size + 1), (size_t)st.st_size};
    if (!text->data || pread(fd, text->data, text->size, 0) != (ssize_t)text->size)
        return problem_host(p, "no memory for the profile");
    return true;
}

/* ---- The report ------------------------------------------------------------------- */

static bool write_file(const char *option, const char *name, const char *text, size_t size,
                       struct problem *p)
{
    struct outfile f = {.fd = -1};
    bool ok = text ? outfile_open(&f, option, name, p) && outfile_write(&f, text, size, p) &&
                         outfile_commit(&f, p)
                   : problem_host(p, "no memory for the report %s", name);
    outfile_drop(&f);
    return ok;
}

static bool write_html(const struct job *j, const struct sum *sum, struct problem *p)
{
    size_t size = 0;
    char *text = page_make(sum, j->rows, &size);
    bool ok = write_file("--output", j->html, text, size, p);
    free(text);
    return ok;
}

static bool write_json(const struct job *j, const struct sum *sum, struct problem *p)
{
    char *text = json_make(sum);
    bool ok = write_file("--json", j->json, text, text ? strlen(text) : 0, p);
    free(text);
    return ok;
}

static bool report(const struct job *j, const char *name, const struct blob *text,
                   struct symbols *s, struct problem *p)
{
    struct data d;
    struct sum sum = {0};
    bool ok = data_parse(name, text, &d, p);
    if (ok) {
        symbols_slide(s, d.fault_handler);
        if (s->doubtful && j->symbols)
            fprintf(stderr,
                    "ring1: --symbols %s: these may be of another kernel: its handler of page "
                    "faults is elsewhere\n",
                    j->symbols);
        ok = sum_make(&d, s, &sum) || problem_host(p, "no memory for the report");
    }
    ok = ok && (!j->html || write_html(j, &sum, p)) && (!j->json || write_json(j, &sum, p));
    sum_free(&sum);
    data_free(&d);
    return ok;
}

static bool report_file(const struct job *j, struct symbols *s, struct outcome *out,
                        struct problem *p)
{
    struct blob text;
    if (!input_read(j->from, "profile", FROM_MAX, "over 256 MiB long; this is no profile", &text,
                    p))
        return false;
    out->status = 0;
    bool ok = report(j, j->from, &text, s, p);
    blob_free(&text);
    return ok;
}

/* A guest that never ran has been told of already. */
static bool report_run(struct job *j, struct symbols *s, struct outcome *out, struct problem *p)
{
    struct blob text = {NULL, 0};
    bool ok = run_guest(j, out, p) && take_profile(j->run.profile_fd, &text, p);
    if (ok && memmem(text.data, text.size, "\n" PLAN_PROFILE_MARK "t ", 11))
        ok = report(j, "the profile", &text, s, p);
    else if (ok)
        fprintf(stderr, "ring1: no report: the guest did not run\n");
    blob_free(&text);
    if (j->run.profile_fd >= 0)
        close(j->run.profile_fd);
    return ok;
}

bool lab_profile(int argc, char **argv, struct outcome *out, struct problem *p)
{
    static struct job j;
    struct symbols s = {0};
    if (!parse(argc, argv, &j, p) || !can_write("--output", j.html, p) ||
        !can_write("--json", j.json, p))
        return false;
    bool ok = read_symbols(&j, &s, p) &&
              (j.from ? report_file(&j, &s, out, p) : report_run(&j, &s, out, p));
    symbols_free(&s);
    return ok;
}
