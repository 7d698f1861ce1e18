/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is said when a VM ends: for one that was killed, where and in what state.
 */
#ifndef RING1_REPORT_H
#define RING1_REPORT_H

#include "monitor/vm.h"

/* The report of a killed guest: reason, instruction, registers, last blocks. */
void report_state(struct vm *vm);

/* All that is said at VM's end: what a plan's FLAGS ask for, and report_exit. */
void report_end(struct vm *vm, uint32_t flags);

/* The last line of the log: "ring1-exit: <number> <name>: <reason>" (plan.h). */
void report_exit(const struct vm *vm);

#endif
