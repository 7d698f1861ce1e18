/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The laboratory: tools that show how Ring1 and the CPU below it work, reached as `ring1 lab TOOL'.
 * Each tool is a folder or file of its own here and has one row in the table of lab.c.
 */
#ifndef RING1_TOOLS_LAB_H
#define RING1_TOOLS_LAB_H

#include "loader/action.h"

/* Runs a tool with its own arguments: ARGV[0] is "ring1 lab NAME", for messages of argp. The tool
 * parses them (with argp), prints what there is to say but for the error line in P, and undoes all
 * it made whatever happens. */
typedef bool lab_run(int argc, char **argv, struct outcome *out, struct problem *p);

#endif
