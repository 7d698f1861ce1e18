/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A profile for people: one HTML file that needs nothing else, neither files nor scripts, in a
 * light and a dark form.
 */
#ifndef RING1_TOOLS_LAB_PROFILE_PAGE_H
#define RING1_TOOLS_LAB_PROFILE_PAGE_H

#include "tools/lab/profile/columns.h"

#include <stdio.h>

/* The page, to be freed, of SIZE bytes; its tables have up to ROWS rows. NULL: no memory. */
char *page_make(const struct sum *sum, unsigned rows, size_t *size);

/* Its parts. panels.c: the charts; tables.c: hot code, and all counters. */
void panels_time(FILE *to, const struct sum *sum, const struct columns *c);
void panels_counters(FILE *to, const struct data *d, const struct columns *c);
void tables_functions(FILE *to, const struct sum *sum, unsigned rows);
void tables_blocks(FILE *to, const struct sum *sum, const struct columns *c, unsigned rows);
void tables_counters(FILE *to, const struct data *d);

/* What stats.h says of counter NAME, "" if it does not know it. */
const char *tables_meaning(const char *name);

extern const char page_style[];

#endif
