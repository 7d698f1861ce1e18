/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a seed that two machines do not agree about to a program in which nothing can be left out.
 */
#ifndef RING1_PROGRAMS_REDUCE_H
#define RING1_PROGRAMS_REDUCE_H

#include "tests/programs/image.h"

/* Two machines: commands that are run as `COMMAND IMAGE CONSOLE` by the shell. */
struct pair {
    const char *runtime, *command[2];
};

/* Reduces the program and prints it with both traces to the first difference. The exit status: 1,
 * or 0 if the machines agree about the seed. */
int reduce(const struct pair *p, const struct choice *choice);

#endif
