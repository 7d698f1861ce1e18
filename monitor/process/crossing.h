/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Signals that stop the thread in gate.asm, on its way between user code and the kernel.
 */
#ifndef RING1_PROCESS_CROSSING_H
#define RING1_PROCESS_CROSSING_H

#include "monitor/process/process.h"

/* Is RIP there? */
bool crossing_at(uint64_t rip);

/* Makes of F, stopped there, a stop in the translation cache: before the instruction that crosses,
 * or, from its commit on, behind it. */
void crossing_stop(struct tc_frame *f);

/* Where an access that faults goes on: the instruction is left to the interpreter. */
uint64_t crossing_slow(const struct tc_frame *f);

#endif
