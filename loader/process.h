/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The child of `ring1 run --on process`, which is the machine that the guest runs on.
 */
#ifndef RING1_LOADER_PROCESS_H
#define RING1_LOADER_PROCESS_H

#include "loader/problem.h"

/* Was this program started as the machine? */
bool process_is_machine(int argc, char **argv);

/* Can it be one here? Tries, in another process; P says what the system refuses. */
bool process_possible(struct problem *p);

/* Is it, until the guest has ended. */
_Noreturn void process_machine(char **argv);

#endif
