/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tables of a report. Shares are of all samples: of the time in which the guest was not asleep.
 */
#include "monitor/stats.h"
#include "tools/lab/html.h"
#include "tools/lab/profile/chart.h"
#include "tools/lab/profile/page.h"

#include <inttypes.h>
#include <string.h>

const char *tables_meaning(const char *name)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
#define X(id, name, text) {name, text},
        STATS(X)
#undef X
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].text;
    }
    return "";
}

static double share(const struct sum *sum, uint64_t weight)
{
    return sum->data->weight ? 100.0 * (double)weight / (double)sum->data->weight : 0;
}

static uint64_t all(const uint64_t count[WHO_COUNT])
{
    return count[WHO_GUEST] + count[WHO_INTERPRETER] + count[WHO_MONITOR];
}

/* The share as a number and as a bar of three colours: who ran. The heaviest of the table has a
 * whole bar. */
static void write_share(FILE *to, const struct sum *sum, uint64_t heaviest, uint64_t weight,
                        const uint64_t count[WHO_COUNT])
{
    static const char *const names[] = {
        [WHO_GUEST] = "guest code", [WHO_INTERPRETER] = "interpreter", [WHO_MONITOR] = "monitor"};
    static const unsigned colours[] = {[WHO_GUEST] = 1, [WHO_INTERPRETER] = 2, [WHO_MONITOR] = 4};
    double n = (double)all(count);
    double whole = heaviest ? 100.0 * (double)weight / (double)heaviest : 0;
    fprintf(to, "<td class=\"n\">%.1f%%</td><td title=\"", share(sum, weight));
    for (unsigned i = 0; i < WHO_COUNT; i++)
        fprintf(to, "%s%s: %" PRIu64 " samples", i ? "\n" : "", names[i], count[i]);
    fputs("\"><div class=\"bar\">", to);
    for (unsigned i = 0; n > 0 && i < WHO_COUNT; i++) {
        if (count[i])
            fprintf(to, "<i class=\"s%u\" style=\"width:%.2f%%\"></i>", colours[i],
                    (whole > 100 ? 100 : whole) * (double)count[i] / n);
    }
    fputs("</div></td>", to);
}

static void write_where(FILE *to, bool user, uint32_t space)
{
    if (user && space)
        fprintf(to, "<td>user <span class=\"dim\">CR3 %08x</span></td>", space);
    else
        fprintf(to, "<td>%s</td>", user ? "user" : "kernel");
}

static void write_symbol(FILE *to, const struct symbol *symbol, uint32_t offset)
{
    char name[SUM_NAME];
    sum_name(symbol, offset, name);
    fputs("<td class=\"code\">", to);
    if (symbol)
        html_text(to, name);
    else
        fputs("<span class=\"dim\">no symbol</span>", to);
    fputs("</td>", to);
}

/* A last row, so that the column adds up to the whole. */
static void write_others(FILE *to, const struct sum *sum, uint64_t weight,
                         const uint64_t count[WHO_COUNT], uint32_t others)
{
    if (!others)
        return;
    fputs("<tr class=\"others\">", to);
    write_share(to, sum, 0, weight, count);
    fprintf(to, "<td colspan=\"5\">%u others</td></tr>\n", others);
}

static void begin(FILE *to, const char *title, const char *note)
{
    fprintf(to,
            "<figure>\n<figcaption>%s</figcaption>\n<p class=\"note\">%s</p>\n"
            "<div class=\"scroll\"><table>\n",
            title, note);
}

static void end(FILE *to)
{
    fputs("</table></div>\n</figure>\n", to);
}

#define BAR_KEY                                                                                    \
    "Bars: <i class=\"s1\"></i> guest code, <i class=\"s2\"></i> interpreter, "                    \
    "<i class=\"s4\"></i> the monitor at work for it."

void tables_functions(FILE *to, const struct sum *sum, unsigned rows)
{
    uint64_t weight = 0, count[WHO_COUNT] = {0};
    begin(to, "Hot functions", "Samples by the symbol that they are in. " BAR_KEY);
    fputs("<tr><th class=\"n\">share</th><th></th><th>symbol</th><th>level</th>"
          "<th class=\"n\">samples</th></tr>\n",
          to);
    for (uint32_t i = 0; i < sum->functions; i++) {
        const struct function *f = &sum->function[i];
        if (i >= rows) {
            weight += f->weight;
            for (unsigned w = 0; w < WHO_COUNT; w++)
                count[w] += f->count[w];
            continue;
        }
        fputs("<tr>", to);
        write_share(to, sum, sum->function[0].weight, f->weight, f->count);
        write_symbol(to, f->symbol, 0);
        write_where(to, f->user, f->symbol ? 0 : f->space);
        fprintf(to, "<td class=\"n\">%" PRIu64 "</td></tr>\n", all(f->count));
    }
    write_others(to, sum, weight, count, sum->functions > rows ? sum->functions - rows : 0);
    end(to);
}

static void write_block(FILE *to, const struct sum *sum, const struct place *p,
                        const struct columns *c)
{
    double value[COLUMNS_MOST];
    columns_place(c, sum, p, value);
    fputs("<tr>", to);
    write_share(to, sum, sum->place[0].weight, p->weight, p->count);
    fprintf(to, "<td class=\"code\">%08x%s</td>", p->start,
            p->translated ? "" : " <span class=\"dim\">line</span>");
    write_symbol(to, p->symbol, p->offset);
    write_where(to, p->user, p->space);
    fprintf(to,
            "<td class=\"n\">%" PRIu64 "</td><td title=\"share of each moment's time, up to 100 "
            "%%\">",
            all(p->count));
    chart_spark(to, value, c->count, c->edge, 100, 1);
    fputs("</td></tr>\n", to);
}

void tables_blocks(FILE *to, const struct sum *sum, const struct columns *c, unsigned rows)
{
    uint64_t weight = 0, count[WHO_COUNT] = {0};
    begin(to, "Hot blocks",
          "Samples by translated block; by lines of 64 bytes where code runs directly or is "
          "interpreted. The symbol is that of the hottest address. " BAR_KEY);
    fputs("<tr><th class=\"n\">share</th><th></th><th>start</th><th>hottest</th><th>level</th>"
          "<th class=\"n\">samples</th><th>over time</th></tr>\n",
          to);
    for (uint32_t i = 0; i < sum->places; i++) {
        const struct place *p = &sum->place[i];
        if (i < rows) {
            write_block(to, sum, p, c);
            continue;
        }
        weight += p->weight;
        for (unsigned w = 0; w < WHO_COUNT; w++)
            count[w] += p->count[w];
    }
    write_others(to, sum, weight, count, sum->places > rows ? sum->places - rows : 0);
    end(to);
}

void tables_counters(FILE *to, const struct data *d)
{
    fputs("<details><summary>All counters, as <code>--stats</code> prints them</summary>\n"
          "<div class=\"scroll\"><table>\n<tr><th class=\"n\">value</th><th>counter</th>"
          "<th>meaning</th></tr>\n",
          to);
    for (unsigned i = 0; i < d->counters; i++) {
        if (!d->total[i])
            continue;
        fprintf(to, "<tr><td class=\"n\">%" PRIu64 "</td><td class=\"code\">", d->total[i]);
        html_text(to, d->name[i]);
        fputs("</td><td class=\"dim\">", to);
        html_text(to, tables_meaning(d->name[i]));
        fputs("</td></tr>\n", to);
    }
    fputs("</table></div></details>\n", to);
}
