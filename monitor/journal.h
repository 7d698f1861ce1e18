/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * `ring1 run --trace`: lines in the log that tell what happens, each with its time. (trace.h is
 * something else: the tracing of guest pages.) With nothing asked for, a call site costs one
 * load and one test.
 */
#ifndef RING1_JOURNAL_H
#define RING1_JOURNAL_H

#include "monitor/vm.h"

/* JOURNAL(vm, EXITS, "format", ...): one line of the kind PLAN_TRACE_EXITS. No newline. */
#define JOURNAL(vm, kind, ...)                                                                     \
    do {                                                                                           \
        if ((vm)->journal & 1u << PLAN_TRACE_##kind)                                               \
            journal_write((vm), PLAN_TRACE_##kind, __VA_ARGS__);                                   \
    } while (0)

/* Logs "trace <ns since start> <kind> <text>". After JOURNAL_LINES of them it says so and is silent
 * from then on: the log must keep room for the guest's end. */
#define JOURNAL_LINES 2000000u
void journal_write(struct vm *vm, enum plan_trace kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
