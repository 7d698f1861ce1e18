/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A section of a program: a mode of the CPU and atoms that run in it.
 */
#ifndef RING1_PROGRAMS_SECTION_H
#define RING1_PROGRAMS_SECTION_H

#include "tests/programs/gen.h"

/* Makes a section into G: its mode, code and bounds. FIRST is the number of its first atom in the
 * whole program; G->atoms says afterwards how many it has, dropped ones too. */
void section_make(struct gen *g, const struct choice *choice, uint32_t section, uint32_t first);

#endif
