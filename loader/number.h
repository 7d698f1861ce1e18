/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Numbers as the user types them on the command line: text in, a checked value out.
 */
#ifndef RING1_LOADER_NUMBER_H
#define RING1_LOADER_NUMBER_H

#include "loader/problem.h"

#include <stdint.h>

#define MEMORY_MIN_MIB      16u
#define TIMEOUT_MAX_SECONDS 604800u /* a week */

/* A guest memory size: decimal digits and K, M or G (either case; none means M), a whole number
 * of MiB within the two limits. */
bool number_memory(const char *text, uint32_t *mib, struct problem *p);

/* A TCP port: 1 to 65535; "PORT,nowait" sets *NOWAIT. */
bool number_port(const char *text, uint32_t *port, bool *nowait, struct problem *p);

/* How often: 1 to PLAN_RUNS_MAX. */
bool number_runs(const char *text, uint32_t *runs, struct problem *p);

/* A time-out: whole seconds, from 1 to TIMEOUT_MAX_SECONDS. */
bool number_seconds(const char *text, uint32_t *seconds, struct problem *p);

#endif
