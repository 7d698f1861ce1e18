/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 lab hole: runs of the probe come in, from machines or from files; what they mean goes out.
 * The order of the story: probe.asm, parse, table, judge, then the reports.
 */
#include "tools/lab/hole/hole.h"

#include "loader/input.h"
#include "loader/outfile.h"
#include "loader/relay.h"
#include "tools/lab/hole/machine.h"
#include "tools/lab/hole/options.h"
#include "tools/lab/hole/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (16u << 20)

/* ---- Runs ----------------------------------------------------------------- */

static bool missing(const struct emulator *on, bool guest, const char *text, struct problem *p)
{
    return problem_host(p, "%s%s: the probe printed %s", guest ? "under Ring1 on " : "", on->title,
                        *text ? "no whole run" : "nothing");
}

static bool run_one(const struct emulator *on, bool guest, const struct hole_options *o,
                    int signals, struct hole_runs *runs, struct outcome *out, struct problem *p)
{
    struct hole_machine m = {.on = on, .guest = guest, .timeout = o->timeout, .signals = signals};
    struct hole_run *run = guest ? &runs->guest : &runs->native;
    char *text = NULL;
    char where[48];
    snprintf(where, sizeof where, "%s%s", guest ? "Ring1 on " : "", on->title);
    bool ok = hole_machine_run(&m, &text, out, p);
    if (ok && !out->signal)
        ok = hole_parse(text, where, EXIT_HOST_TROUBLE, runs, p) &&
             (run->there || missing(on, guest, text, p));
    snprintf(run->place, sizeof run->place, "%s", where);
    free(text);
    return ok;
}

static bool run_machines(const struct hole_options *o, struct hole_runs *runs, struct outcome *out,
                         struct problem *p)
{
    int signals = relay_signals(p);
    return signals >= 0 && o->bare->check(p) && run_one(o->bare, false, o, signals, runs, out, p) &&
           (out->signal || run_one(o->on, true, o, signals, runs, out, p));
}

static bool read_file(const char *path, struct hole_runs *runs, struct problem *p)
{
    struct blob b = {0};
    if (!input_read(path, "file", FILE_MAX, "over 16 MiB long; no probe prints so much", &b, p))
        return false;
    char *text = malloc(b.size + 1);
    bool ok = text || problem_host(p, "out of memory");
    for (size_t i = 0; ok && i < b.size; i++)
        text[i] = b.data[i] ? (char)b.data[i] : '?';
    if (ok) {
        text[b.size] = 0;
        ok = hole_parse(text, path, EXIT_BAD_INPUT, runs, p);
    }
    free(text);
    blob_free(&b);
    return ok;
}

static bool read_files(const struct hole_options *o, struct hole_runs *runs, struct problem *p)
{
    for (unsigned i = 0; i < o->reads; i++) {
        if (!read_file(o->read[i], runs, p))
            return false;
    }
    strcpy(runs->native.place, "the machine that was read");
    strcpy(runs->guest.place, "Ring1 on the machine that was read");
    return runs->native.there ||
           problem_bad(p, "--read %s: it holds no run of the probe on a bare machine", o->read[0]);
}

/* ---- Reports -------------------------------------------------------------- */

static bool wants_colour(void)
{
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static bool print(const struct hole_options *o, const struct hole_report *rep, struct problem *p)
{
    bool ok = true;
    if (o->json)
        ok = hole_print_json(rep, stdout);
    else if (o->any_chosen)
        hole_print_details(rep, stdout);
    else
        hole_print_table(rep, wants_colour(), stdout);
    return (fflush(stdout) == 0 && !ferror(stdout) && ok) ||
           problem_host(p, "cannot write to the standard output: %s", strerror(errno));
}

static bool write_page(struct outfile *f, const struct hole_report *rep, struct problem *p)
{
    int fd = dup(f->fd);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    if (!to)
        return problem_host(p, "--html %s: cannot write it: %s", f->name, strerror(errno));
    hole_print_page(rep, to);
    bool wrong = ferror(to) != 0;
    wrong |= fclose(to) != 0;
    if (wrong)
        return problem_host(p, "--html %s: cannot write it: %s", f->name, strerror(errno));
    return outfile_commit(f, p);
}

static bool report(const struct hole_options *o, const struct hole_runs *runs, struct outfile *page,
                   struct problem *p)
{
    struct hole_report rep = {
        .runs = runs,
        .translated_user = o->on->no_image && !o->reads,
        .host = o->reads               ? LAB_PC
                : o->on->no_image      ? LAB_PROCESS
                : o->on->log_is_output ? LAB_PC
                                       : LAB_TCG,
    };
    memcpy(rep.chosen, o->chosen, sizeof rep.chosen);
    return o->html ? write_page(page, &rep, p) : print(o, &rep, p);
}

/* ---- The tool ------------------------------------------------------------- */

static bool observe(const struct hole_options *o, struct outcome *out, struct problem *p)
{
    struct outfile page = {.fd = -1};
    struct hole_runs *runs = calloc(1, sizeof *runs);
    bool ok = runs || problem_host(p, "out of memory");
    ok = ok && (!o->html || outfile_open(&page, "--html", o->html, p));
    ok = ok && (o->reads ? read_files(o, runs, p) : run_machines(o, runs, out, p));
    if (ok && !out->signal)
        ok = report(o, runs, &page, p);
    outfile_drop(&page);
    free(runs);
    return ok;
}

static bool make_image(const struct hole_options *o, struct outcome *out, struct problem *p)
{
    int signals = relay_signals(p);
    bool ok = signals >= 0 && hole_image_make(o->iso, signals, out, p);
    if (ok && !out->signal)
        fprintf(stderr,
                "ring1: %s boots the probe on a PC with a BIOS, from CD or USB stick; keep what it "
                "sends on COM1 (115200 baud) for `ring1 lab hole --read'\n",
                o->iso);
    return ok;
}

bool hole_run_tool(int argc, char **argv, struct outcome *out, struct problem *p)
{
    static struct hole_options o;
    if (!hole_options_parse(argc, argv, &o, p))
        return false;
    out->status = EXIT_GUEST_OFF;
    return o.iso ? make_image(&o, out, p) : observe(&o, out, p);
}
