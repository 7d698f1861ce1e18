/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shadow paging: host page tables that mirror the guest's. A fault comes in, an answer
 * goes out; this room knows no blocks, no devices and no instruction. Tables are cached
 * by (guest frame, role) and spaces by CR3 across switches; the guest tables they mirror are
 * traced (monitor/trace.h). Host tables are reached through monitor/host.h only.
 * Method: Bugnion et al., "Bringing Virtualization to the x86 Architecture with the
 * Original VMware Workstation", TOCS 2012, 5; Adams and Agesen, ASPLOS 2006, 2.3.
 */
#ifndef RING1_SHADOW_H
#define RING1_SHADOW_H

#include "monitor/types.h"
#include "monitor/vcpu.h"
#include "monitor/vm.h"

enum shadow_answer {
    SHADOW_FIXED,   /* the shadow was out of date and is mended: run on */
    SHADOW_REFLECT, /* the guest's own page fault: *error is its error code */
    SHADOW_TRACE,   /* a write to a traced page: interpret this instruction */
    SHADOW_MMIO,    /* no RAM behind the address: interpret this instruction */
};

/* Builds vm->shadow. False: no memory. */
bool shadow_create(struct vm *vm);

/* Gives back all that was taken from the pool frame by frame, and the host's tables and spaces; the
 * host is left without a current space. What shadow_create took stays for pool_end. */
void shadow_destroy(struct vm *vm);

/* A guest access to LINEAR faulted with hardware error code HW (PF_W, PF_U, PF_I of it
 * are believed, PF_P is not). */
enum shadow_answer shadow_fault(struct vcpu *v, gva_t linear, uint32_t hw, uint32_t *error);

/* CR3 was loaded, or CR0.PG/WP or CR4.PSE/PGE/PAE or EFER.NXE changed: choose or build the space
 * for the paging state that v holds now, and make it the host's current one.
 * GLOBAL_TOO: the load flushes global entries as well. */
void shadow_switch(struct vcpu *v, bool global_too);

/* INVLPG: what is shadowed for the page that holds LINEAR (all of a large page) is
 * checked against the guest's tables again at the next access. */
void shadow_invlpg(struct vcpu *v, gva_t linear);

/* LEN bytes at WHERE were written to a frame traced for TRACE_PAGETABLE. */
void shadow_wrote(struct vm *vm, gpa_t where, size_t len);

/* The trace clients of F became none, or one: entries that map it lose write
 * permission now, or regain it lazily. */
void shadow_trace_changed(struct vm *vm, gfn_t f);

#endif
