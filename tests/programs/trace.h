/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Both machines' records of a program, to the first difference.
 */
#ifndef RING1_PROGRAMS_TRACE_H
#define RING1_PROGRAMS_TRACE_H

#include "tests/programs/reduce.h"

void trace(const struct pair *p, const struct choice *choice);

#endif
