/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How a run ended, as the monitor's log tells it: text in, an exit status and the lines
 * worth showing out. Knows the log's five kinds of line ("ring1-exit:", "ring1-run:", "report:",
 * "stat", others) and no file.
 */
#ifndef RING1_LOADER_VERDICT_H
#define RING1_LOADER_VERDICT_H

#include "monitor/plan.h"

#include <stdbool.h>
#include <stdio.h>

struct verdict {
    enum plan_exit status;
    char name[32], reason[300]; /* printable */
};

/* Finds the last "ring1-exit: <number> <name>: <reason>" line of LOG (NUL-terminated). False: there
 * is none, or its number is none that a monitor may give. */
bool verdict_find(const char *log, struct verdict *v);

/* Prints LOG's "report:" lines without that word, those that say how a run before the last one
 * ended, and lines with a panic. */
void verdict_print_report(FILE *to, const char *log);

/* Prints LOG's "stat <name> <value>  <text>" lines as a table. */
void verdict_print_stats(FILE *to, const char *log);

/* Prints the last COUNT lines of TEXT, each behind PREFIX; control characters become '?'. */
void verdict_print_tail(FILE *to, const char *text, unsigned count, const char *prefix);

#endif
