/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Intervals put together to as many columns as a chart has room for, and what charts show of them.
 */
#ifndef RING1_TOOLS_LAB_PROFILE_COLUMNS_H
#define RING1_TOOLS_LAB_PROFILE_COLUMNS_H

#include "tools/lab/profile/sum.h"

#define COLUMNS_MOST 160u

struct columns {
    unsigned count;
    double edge[COLUMNS_MOST + 1]; /* seconds */
    uint32_t *of;                  /* the column of each interval */
};

/* False: no memory. columns_free in both cases. */
bool columns_make(const struct data *d, struct columns *c);
void columns_free(struct columns *c);

/* What was added to counter INDEX, each second of each column. */
void columns_rate(const struct columns *c, const struct data *d, int index,
                  double out[COLUMNS_MOST]);

/* PART's share of the time of each column, in percent. */
void columns_part(const struct columns *c, const struct sum *sum, enum part part,
                  double out[COLUMNS_MOST]);

/* The share of each column's time, in percent, that samples of PLACE stand for. */
void columns_place(const struct columns *c, const struct sum *sum, const struct place *place,
                   double out[COLUMNS_MOST]);

#endif
