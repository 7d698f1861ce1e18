/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The page from top to bottom: what ran, a few figures, then charts and tables.
 */
#include "tools/lab/profile/page.h"

#include "tools/lab/html.h"
#include "tools/lab/profile/chart.h"

#include <inttypes.h>
#include <stdlib.h>

static uint64_t total_time(const struct data *d)
{
    return d->interval[d->intervals - 1].end - d->interval[0].start;
}

static void write_head(FILE *to, const struct data *d)
{
    const struct data_run *r = &d->run;
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>",
          to);
    html_text(to, r->kernel[0] ? r->kernel : "A guest");
    fprintf(to, " under Ring1: profile</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>",
            page_style);
    html_text(to, r->kernel[0] ? r->kernel : "A guest");
    fputs(" under Ring1</h1>\n<p class=\"sub\">", to);
    fprintf(to, "%.2f s", (double)total_time(d) / 1e9);
    if (r->on[0]) {
        fputs(" on ", to);
        html_text(to, r->on);
    }
    if (r->memory[0]) {
        fputs(", ", to);
        html_text(to, r->memory);
        fputs(" MiB", to);
    }
    if (r->engine[0]) {
        fputs(", engine ", to);
        html_text(to, r->engine);
    }
    if (r->append[0]) {
        fputs("<br>command line <code>", to);
        html_text(to, r->append);
        fputs("</code>", to);
    }
    if (r->end[0]) {
        fputs("<br>", to);
        html_text(to, r->end);
    }
    fputs("</p>\n", to);
    if (!d->complete)
        fputs("<p class=\"warn\">The run was cut off: what came after the last whole interval is "
              "missing.</p>\n",
              to);
}

static void tile(FILE *to, const char *value, const char *unit, const char *name)
{
    fprintf(to, "<div><b>%s%s</b><span>%s</span></div>\n", value, unit, name);
}

static uint64_t exits(const struct data *d)
{
    static const char *const names[] = {"exit.interrupt", "exit.pf",        "exit.gp",
                                        "exit.nm",        "exit.exception", "exit.softint",
                                        "exit.tc.miss",   "exit.tc.interp", "exit.tc.event"};
    uint64_t sum = 0;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        sum += data_total(d, names[i]);
    return sum;
}

static void write_tiles(FILE *to, const struct sum *sum)
{
    static const struct {
        enum part part;
        const char *name;
    } parts[] = {{PART_USER, "user code"},
                 {PART_KERNEL, "kernel code"},
                 {PART_MONITOR, "monitor"},
                 {PART_ASLEEP, "asleep"}};
    const struct data *d = sum->data;
    char n[CHART_NUMBER];
    double time = (double)total_time(d);
    fputs("<div class=\"tiles\">\n", to);
    snprintf(n, sizeof n, "%.2f", time / 1e9);
    tile(to, n, " s", "of the guest");
    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(n, sizeof n, "%.1f",
                 time > 0 ? 100.0 * (double)sum->part[parts[i].part] / time : 0);
        tile(to, n, " %", parts[i].name);
    }
    tile(to, chart_number((double)exits(d), n), "", "exits");
    tile(to, chart_number((double)data_total(d, "bt.blocks"), n), "", "blocks translated");
    tile(to, chart_number((double)sum->samples, n), "", "samples");
    fputs("</div>\n", to);
}

static void write_foot(FILE *to, const struct sum *sum)
{
    const struct data *d = sum->data;
    const struct symbols *s = sum->symbols;
    fprintf(to, "<footer>Samples every %.3f ms", (double)d->interval[0].period / 1e6);
    if (d->interval[d->intervals - 1].period != d->interval[0].period)
        fprintf(to, " at first, every %.3f ms at last",
                (double)d->interval[d->intervals - 1].period / 1e6);
    fprintf(to, ", in %" PRIu32 " intervals. ", d->intervals);
    if (s->from)
        fprintf(to, "%zu symbols from %s", s->count, s->from);
    else
        fputs("No symbols", to);
    if (s->slide)
        fprintf(to, "; the kernel had moved itself by %#x", s->slide);
    if (s->doubtful)
        fputs("; they may be of another kernel: its handler of page faults is elsewhere", to);
    fputs(". Made by <code>ring1 lab profile</code>.</footer>\n</body>\n</html>\n", to);
}

char *page_make(const struct sum *sum, unsigned rows, size_t *size)
{
    struct columns c;
    char *text = NULL;
    FILE *to = columns_make(sum->data, &c) ? open_memstream(&text, size) : NULL;
    if (to) {
        write_head(to, sum->data);
        write_tiles(to, sum);
        panels_time(to, sum, &c);
        if (sum->symbols->from)
            tables_functions(to, sum, rows);
        tables_blocks(to, sum, &c, rows);
        panels_counters(to, sum->data, &c);
        tables_counters(to, sum->data);
        write_foot(to, sum);
    }
    columns_free(&c);
    bool ok = to && !ferror(to);
    if (to && fclose(to) != 0)
        ok = false;
    if (!ok)
        free(text);
    return ok ? text : NULL;
}
