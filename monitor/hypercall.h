/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls of a guest that knows of Ring1 (abi.h). Numbers and arguments come from a stranger: each is
 * checked, and what is wrong is an error in EAX, never the guest's end. One table says which
 * function makes which call.
 */
#ifndef RING1_HYPERCALL_H
#define RING1_HYPERCALL_H

#include "monitor/vcpu.h"
#include "monitor/vm.h"

/* VMCALL at CPL 0 of protected mode: makes the call that the registers say; EAX is the result.
 * v->eip is behind the instruction. */
void hypercall(struct vcpu *v);

/* The same if it is one that changes nothing of the vcpu but EAX and CR3, and of the guest's
 * memory at most A bits; else false, and nothing is done. At CPL 0. */
bool hypercall_quick(struct vcpu *v);

/* The machine ends: guest RAM is again what it was. */
void hypercall_end(struct vm *vm);

/* ---- For the files of single calls: the result or RING1_E_*, ARG is EBX, ECX, EDX, ESI, EDI ----
 */

typedef int32_t hypercall_fn(struct vcpu *v, const uint32_t arg[5]);

/* hypercall_memory.c */
hypercall_fn hypercall_pages, hypercall_root, hypercall_pin, hypercall_unpin, hypercall_flush;
hypercall_fn hypercall_table, hypercall_stack, hypercall_traps;

/* Is there an array of COUNT items of SIZE bytes at WHERE, 8-byte aligned, in RAM and not too long?
 */
bool hypercall_array(const struct vm *vm, uint32_t where, uint32_t count, unsigned size);

#endif
