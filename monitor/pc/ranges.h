/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is left of physical memory when everything taken is cut out of it. Lists of ranges come
 * in as firmware wrote them: in any order, overlapping, empty, upside down. Knows nothing
 * of where they come from, nor of pages.
 */
#ifndef RING1_RANGES_H
#define RING1_RANGES_H

#include "monitor/types.h"

/* [start, end); empty if end <= start. */
struct range {
    uint64_t start, end;
};

/* BASE and LENGTH as a range; one that would wrap ends at the last byte. */
struct range range_make(uint64_t base, uint64_t length);

/* Writes to OUT, ascending and disjoint, what lies in any of USABLE and in none of HELD; at
 * most MAX ranges, the lowest. Sorts both lists in place. Returns how many. */
unsigned range_subtract(struct range *usable, unsigned nusable, struct range *held, unsigned nheld,
                        struct range *out, unsigned max);

#endif
