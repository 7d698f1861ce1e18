/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which counters make a chart, and what it is called: tables. A series that is 0 all the time is
 * left out.
 */
#include "tools/lab/profile/chart.h"
#include "tools/lab/profile/page.h"

#include <stdlib.h>
#include <string.h>

static const struct panel {
    const char *title, *note;
    struct {
        const char *counter, *name;
    } series[CHART_SERIES + 1];
} panels[] = {
    {"Exits to the monitor",
     "Guest code was left for the monitor, by reason.",
     {{"exit.interrupt", "host interrupt"},
      {"exit.pf", "page fault"},
      {"exit.gp", "#GP"},
      {"exit.nm", "#NM"},
      {"exit.exception", "other exception"},
      {"exit.softint", "user INT n"},
      {"exit.tc.miss", "block not known"},
      {"exit.tc.interp", "callout"},
      {"exit.tc.event", "event due"}}},
    {"Fallbacks to the interpreter",
     "Guest instructions that neither direct execution nor translation could run, by reason.",
     {{"fallback.tf", "single step (TF)"},
      {"fallback.real", "real or V86 mode"},
      {"fallback.code16", "16-bit code"},
      {"fallback.cs", "CS not flat"},
      {"fallback.ss", "SS not flat"},
      {"fallback.seg", "segment not reversible"},
      {"fallback.iopl", "user code with IOPL 3"},
      {"fallback.inhibit", "STI or MOV SS shadow"},
      {"fallback.declined", "code mixed with data"},
      {"fallback.forced", "--engine interp"}}},
    {"Shadow page faults",
     "What became of page faults: a page was mapped, a write to a traced page was done for the "
     "guest, the fault was the guest's own, or it reached for a device.",
     {{"shadow.fills", "filled"},
      {"shadow.traces", "traced write"},
      {"shadow.reflects", "the guest's own"},
      {"shadow.mmio", "outside RAM"}}},
    {"Translator",
     "Blocks made, and dropped because their source changed.",
     {{"bt.blocks", "translated"}, {"bt.invalidated", "dropped"}}},
    {"Delivered to the guest",
     "Events that entered the guest through its IDT by the monitor's hand.",
     {{"inject.interrupt", "interrupt"},
      {"inject.exception", "exception"},
      {"inject.soft", "software interrupt"}}},
};

static void write_panel(FILE *to, const struct panel *p, const struct data *d,
                        const struct columns *c)
{
    static double value[CHART_SERIES][COLUMNS_MOST];
    struct chart chart = {.title = p->title,
                          .note = p->note,
                          .y_unit = "per second",
                          .columns = c->count,
                          .edge = c->edge};
    for (unsigned i = 0; p->series[i].counter; i++) {
        int index = data_counter(d, p->series[i].counter);
        if (index < 0 || !d->total[index])
            continue;
        columns_rate(c, d, index, value[chart.count]);
        chart.series[chart.count] = (struct chart_series){
            .name = p->series[i].name,
            .what = tables_meaning(p->series[i].counter),
            .colour = i,
            .value = value[chart.count],
            .total = (double)d->total[index],
            .unit = "",
        };
        chart.count++;
    }
    chart_write(to, &chart);
}

void panels_counters(FILE *to, const struct data *d, const struct columns *c)
{
    for (unsigned i = 0; i < sizeof panels / sizeof panels[0]; i++)
        write_panel(to, &panels[i], d, c);
}

void panels_time(FILE *to, const struct sum *sum, const struct columns *c)
{
    static const struct {
        const char *name, *what;
        unsigned colour;
    } rows[PARTS] = {
        [PART_USER] = {"user code", "the guest's programs, directly or translated", 0},
        [PART_KERNEL] = {"kernel code", "the guest's kernel, translated", 1},
        [PART_INTERPRETER] = {"interpreter", "what nothing else can run", 2},
        [PART_TRANSLATOR] = {"translator", "translating kernel code, and user code in a process",
                             3},
        [PART_MONITOR] = {"monitor", "handling exits, single instructions interpreted included", 4},
        [PART_ASLEEP] = {"asleep", "the guest halted", 5},
    };
    static double value[PARTS][COLUMNS_MOST];
    struct chart chart = {
        .title = "Where the time went",
        .note = "Guest code's time is divided between kernel and user by samples; all else is "
                "measured.",
        .y_unit = "% of the time",
        .y_most = 100,
        .columns = c->count,
        .edge = c->edge,
    };
    for (unsigned i = 0; i < PARTS; i++) {
        if (!sum->part[i])
            continue;
        columns_part(c, sum, (enum part)i, value[i]);
        chart.series[chart.count++] = (struct chart_series){.name = rows[i].name,
                                                            .what = rows[i].what,
                                                            .colour = rows[i].colour,
                                                            .value = value[i],
                                                            .total = (double)sum->part[i] / 1e9,
                                                            .unit = "s"};
    }
    chart_write(to, &chart);
}
