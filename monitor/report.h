/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is said when a VM ends: for one that was killed, where and in what state.
 */
#ifndef RING1_REPORT_H
#define RING1_REPORT_H

#include "monitor/vm.h"

/* The report of a killed guest: reason, instruction, registers, last blocks. */
void report_state(struct vm *vm);

/* The last line of the log: "ring1-exit: <number> <name>: <reason>" (plan.h). */
void report_exit(const struct vm *vm);

#endif
