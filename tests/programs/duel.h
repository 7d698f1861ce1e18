/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Many candidates in one image, run once on each of two machines: starting a machine costs more
 * than running a program.
 */
#ifndef RING1_PROGRAMS_DUEL_H
#define RING1_PROGRAMS_DUEL_H

#include "tests/programs/reduce.h"

/* What one machine printed, by program: lines of text, NULL-terminated strings. */
struct console {
    char *text;
    uint32_t programs;
    char **program;
};

/* Runs programs of CHOICES in one image on both machines. The number of programs that fit. */
uint32_t duel_run(const struct pair *p, const struct choice *choices, uint32_t n, bool verbose,
                  struct console out[2]);
void duel_free(struct console out[2]);
/* The first of N candidates about which the machines differ, or -1. */
int duel(const struct pair *p, const struct choice *choices, uint32_t n);

#endif
