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

/* The same for one entry, of which the guest itself says that it is one (hypercall.h): its frame
 * stays a page table however often it is written. The flush is owed until shadow_pay. */
void shadow_told(struct vm *vm, gpa_t where, unsigned size);
void shadow_pay(struct vm *vm);

/*
 * What the guest has agreed to. TOLD: it tells of each change that makes a present entry of a page
 * table another one (shadow_told) before it flushes, so that page tables need no traces. EARLY: the
 * A bits of entries that are present may be set because a neighbour was used.
 */
void shadow_agree(struct vm *vm, bool told, bool early);

/* The directory (PAE: the four pointers) at CR3, in the present paging mode: everything in it is
 * mapped now, without waiting for faults. Or: its user half will not be used any more, is given up,
 * and what is written to its directory is not looked at before CR3 is loaded with it again. */
void shadow_pin(struct vcpu *v, uint32_t cr3);
void shadow_unpin(struct vcpu *v, uint32_t cr3);

/* Guest frame F is another frame of the host from now on: no entry maps it. F has no trace clients.
 */
void shadow_frame_replaced(struct vm *vm, gfn_t f);

/* The trace clients of F became none, or one: entries that map it lose write
 * permission now, or regain it lazily. */
void shadow_trace_changed(struct vm *vm, gfn_t f);

#endif
