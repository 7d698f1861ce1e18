/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Printing of the counters that stats.h lists.
 */
#include "monitor/stats.h"

#include "monitor/log.h"

static const struct {
    const char *name, *text;
} rows[STAT_COUNT] = {
#define X(id, name, text) [STAT_##id] = {name, text},
    STATS(X)
#undef X
};

void stats_print(const struct stats *st)
{
    for (unsigned i = 0; i < STAT_COUNT; i++) {
        if (st->n[i])
            log_line("stat %-22s %14lu  %s", rows[i].name, st->n[i], rows[i].text);
    }
}

void stats_mark(struct stats *st, uint8_t tag)
{
    uint32_t bit = 1u << tag % 32;
    if (st->marked[tag / 32] & bit)
        return;
    st->marked[tag / 32] |= bit;
    log_line("stat %-22s %14u  %s", "mark", tag,
             "the counters when the guest wrote this to port 502h");
    stats_print(st);
}
