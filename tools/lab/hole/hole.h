/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 lab hole.
 */
#ifndef RING1_HOLE_HOLE_H
#define RING1_HOLE_HOLE_H

#include "tools/lab/lab.h"

lab_run hole_run_tool;

#endif
