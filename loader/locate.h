/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the monitor's image is.
 */
#ifndef RING1_LOADER_LOCATE_H
#define RING1_LOADER_LOCATE_H

#include "loader/problem.h"

#define LOCATE_PATH_MAX 4096

/* The absolute path of $RING1_MONITOR if that is set, else of ring1.elf beside this program, else
 * in
 * ../lib/ring1 from there. False: there is none. */
bool locate_monitor(char out[LOCATE_PATH_MAX], struct problem *p);

#endif
