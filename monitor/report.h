/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is said when a VM ends: for one that was killed, where and in what state.
 */
#ifndef RING1_REPORT_H
#define RING1_REPORT_H

#include "monitor/vm.h"

/* The report of a killed guest: reason, instruction, registers, last blocks. */
void report_state(struct vm *vm);

/* What is said at VM's end before its last line: what a plan's FLAGS ask for, and report_state. */
void report_end(struct vm *vm, uint32_t flags);

/* The last line of run RUN of RUNS, which begins with "ring1-exit: " for the last one (plan.h). */
void report_exit(const struct vm *vm, uint32_t run, uint32_t runs);

#endif
