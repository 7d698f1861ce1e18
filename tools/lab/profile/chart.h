/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One stacked chart over time as inline SVG, with its legend: numbers in, HTML out. Knows nothing
 * of guests. Colours are the classes s0 to s9 of the page's style.
 */
#ifndef RING1_TOOLS_LAB_PROFILE_CHART_H
#define RING1_TOOLS_LAB_PROFILE_CHART_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CHART_SERIES 12u

struct chart_series {
    const char *name, *what; /* WHAT explains it in the legend's title; either may be any text */
    unsigned colour;         /* 0 to 11 */
    const double *value;     /* one a column */
    double total;            /* for the legend, ... */
    const char *unit;        /* ... in this unit: "s", "" */
};

struct chart {
    const char *title, *note;
    const char *y_unit; /* what values are: "per second", "%" */
    double y_most;      /* the axis goes up to this; 0: to what is needed */
    unsigned columns;
    const double *edge; /* columns + 1 times in seconds, rising */
    unsigned count;
    struct chart_series series[CHART_SERIES];
};

void chart_write(FILE *to, const struct chart *c);

/* A line without axes: COLUMNS values of up to MOST at the EDGEs, in a table's cell. */
void chart_spark(FILE *to, const double *value, unsigned columns, const double *edge, double most,
                 unsigned colour);

/* N with a unit's prefix and three digits: "12.3k", "4.56 M"; "0". */
#define CHART_NUMBER 24
const char *chart_number(double n, char out[CHART_NUMBER]);

#endif
