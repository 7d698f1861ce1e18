/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter: one guest instruction at a time, complete and slow; the reference for
 * the translator and the answer to every hard case. Dispatch is a table by operation
 * (table.c); families live in files of their own. The commonest instructions have a second, fast
 * handler each (slot.h).
 */
#ifndef RING1_INTERP_H
#define RING1_INTERP_H

#include "bt/decode/insn.h"
#include "monitor/vcpu.h"
#include "monitor/vm.h"

/* Builds vm->interp, the cache of decoded instructions. False: no memory. Without it
 * interp_step works all the same, and decodes each time. */
bool interp_create(struct vm *vm);

enum interp_result {
    INTERP_OK,        /* done; v->eip is that of the next instruction; or the VM has ended */
    INTERP_EXCEPTION, /* v->exc is set; v is as before the instruction (traps: behind it) */
};

/* Executes the instruction at CS:EIP. A repeated string operation does at most a bounded
 * number of iterations and then returns INTERP_OK with eip unchanged. Sets, uses up
 * and clears v->inhibit. After HLT v->halted is set. A pending TF trap is raised as #DB. */
enum interp_result interp_step(struct vcpu *v);

/* The same for one who watches: BEFORE(WITH, insn) is called between decoding and execution, if the
 * instruction can be fetched. *DONE is the instruction, good until the next step, or NULL. Needs
 * the cache of interp_create. */
enum interp_result interp_step_watched(struct vcpu *v,
                                       void (*before)(void *with, const struct insn *i), void *with,
                                       const struct insn **done);

/*
 * Executes up to MOST instructions (at least one) as interp_step does, and returns how many. All
 * but the last have changed nothing but general registers, arithmetic flags, eip and
 * RAM, so that only after the last one v->exc, v->halted, v->event and the board can have news.
 */
unsigned interp_run(struct vcpu *v, unsigned most);

#endif
