/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The runs as a person or a program reads them. All forms say the same of the same tests.
 */
#ifndef RING1_HOLE_REPORT_H
#define RING1_HOLE_REPORT_H

#include "tools/lab/hole/judge.h"
#include "tools/lab/translate.h"

#include <stdio.h>

struct hole_report {
    const struct hole_runs *runs; /* the native one is there; the guest's may be */
    bool chosen[HOLE_TESTS];      /* tests to tell of */
    bool translated_user;         /* the guest's user code was translated, not run directly */
    enum lab_host host;           /* whose translations are shown */
};

/* A table of the chosen tests of at most 100 columns, and the sums. COLOUR: for a terminal. */
void hole_print_table(const struct hole_report *r, bool colour, FILE *to);

/* All that is known of each chosen test. */
void hole_print_details(const struct hole_report *r, FILE *to);

/* False: out of memory, or TO takes no more. */
bool hole_print_json(const struct hole_report *r, FILE *to);

/* One HTML page that needs nothing else. What is wrong with TO is TO's to say. */
void hole_print_page(const struct hole_report *r, FILE *to);

#endif
