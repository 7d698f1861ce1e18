/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two sorted lists and one pass. A usable range starts no lower than the one before it ended, so
 * that no frame is given out twice when firmware lists it twice.
 */
#include "monitor/pc/ranges.h"

struct range range_make(uint64_t base, uint64_t length)
{
    uint64_t end = base + length;
    return (struct range){base, end < base ? UINT64_MAX : end};
}

static void sort(struct range *r, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        struct range x = r[i];
        unsigned to = i;
        for (; to > 0 && r[to - 1].start > x.start; to--)
            r[to] = r[to - 1];
        r[to] = x;
    }
}

struct list {
    struct range *range;
    unsigned n, max;
};

static void put(struct list *out, uint64_t start, uint64_t end)
{
    if (start < end && out->n < out->max)
        out->range[out->n++] = (struct range){start, end};
}

/* The pieces of [AT, END) between the ranges of HELD, which are sorted by start. */
static void cut(uint64_t at, uint64_t end, const struct range *held, unsigned n, struct list *out)
{
    for (unsigned i = 0; i < n && at < end; i++) {
        uint64_t until = held[i].start < end ? held[i].start : end;
        if (held[i].end <= at || held[i].end <= held[i].start)
            continue;
        put(out, at, until);
        at = held[i].end;
    }
    put(out, at, end);
}

unsigned range_subtract(struct range *usable, unsigned nusable, struct range *held, unsigned nheld,
                        struct range *out, unsigned max)
{
    struct list list = {out, 0, max};
    uint64_t done = 0;
    sort(usable, nusable);
    sort(held, nheld);
    for (unsigned i = 0; i < nusable; i++) {
        uint64_t start = usable[i].start > done ? usable[i].start : done;
        if (usable[i].end <= start)
            continue;
        cut(start, usable[i].end, held, nheld, &list);
        done = usable[i].end;
    }
    return list.n;
}
