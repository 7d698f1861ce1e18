/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How the loader's functions say that something went wrong: they return false and leave
 * one line for the user, with the exit status that fits, in a struct problem.
 */
#ifndef RING1_LOADER_PROBLEM_H
#define RING1_LOADER_PROBLEM_H

#include "monitor/plan.h"

#include <stdbool.h>

struct problem {
    enum plan_exit status;
    char text[600]; /* what was wrong, where, what to do; no newline, no control characters */
};

/* Fills P and returns false, so that a failing function reads "return problem_bad(...)".
 * problem_bad: the user's input, EXIT_BAD_INPUT. problem_host: EXIT_HOST_TROUBLE. */
bool problem_bad(struct problem *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool problem_host(struct problem *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Replaces control characters in TEXT by '?': file names and logs may hold anything, and
 * a terminal obeys escape sequences. */
void problem_make_printable(char *text);

#endif
