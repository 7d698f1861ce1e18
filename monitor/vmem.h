/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest memory as the virtual CPU sees it: linear addresses, with page faults, A/D bits,
 * traces and MMIO. The interpreter, segment loads and event delivery use nothing
 * else. After a write to a traced frame its clients (shadow/, bt/) have been told.
 *
 * ACCESS is PF_W and PF_U as in a page-fault error code (PF_U: by the rights of CPL 3;
 * absent: a supervisor access, also an implicit one at CPL 3) and PF_I for a fetch.
 * Every function returns false with v->exc set (#PF) and nothing transferred.
 */
#ifndef RING1_VMEM_H
#define RING1_VMEM_H

#include "monitor/trace.h"
#include "monitor/types.h"
#include "monitor/vcpu.h"

/* LEN up to 4096; may cross a page (both are checked before anything is moved) and
 * wraps at 4 GiB. PF_W in a read's ACCESS: check and mark as for a write too, as the
 * first half of a read-modify-write. */
bool vmem_read(struct vcpu *v, gva_t where, void *buf, unsigned len, unsigned access);
bool vmem_write(struct vcpu *v, gva_t where, const void *buf, unsigned len, unsigned access);

/* Would this access fault? Sets A/D as the access would. */
bool vmem_probe(struct vcpu *v, gva_t where, unsigned len, unsigned access);

/* Up to LEN instruction bytes at WHERE; *GOT says how many were there before a page that
 * faults. False (with #PF) only if the very first byte faults. */
bool vmem_fetch(struct vcpu *v, gva_t where, uint8_t *buf, unsigned len, unsigned *got);

/* ---- The soft TLB, for those who access memory all the time -------------------------------- */

/*
 * A tag's low bits say which kinds of access (supervisor or user; read, write or fetch) its
 * entry does not answer, so that a hit is one compare and a tag of all ones answers
 * nothing.
 */
static inline uint32_t vmem_kind(unsigned access)
{
    return 1u << ((access & (PF_W | PF_U)) >> 1 | (access & PF_I) >> 2);
}

static inline const struct soft_tlb_entry *vmem_entry(const struct vcpu *v, gva_t where)
{
    return &v->tlb[(where.v >> PAGE_SHIFT) % SOFT_TLB_SIZE];
}

/* RAM for a read of [where, where+len) that lies in one page and that the soft TLB answers,
 * as nearly all do; NULL: use the functions above. PF_W in ACCESS as in vmem_read. Good
 * until anything else happens to v. */
static inline uint8_t *vmem_hit(const struct vcpu *v, gva_t where, unsigned len, unsigned access)
{
    const struct soft_tlb_entry *e = vmem_entry(v, where);
    uint32_t offset = where.v & PAGE_MASK;
    if ((e->tag & (~PAGE_MASK | vmem_kind(access))) != where.v - offset ||
        len > PAGE_SIZE - offset || !e->page)
        return NULL;
    return e->page + offset;
}

/* The same for a write, or a read and a write, that no trace client wants to hear of. */
static inline uint8_t *vmem_hit_write(const struct vcpu *v, gva_t where, unsigned len,
                                      unsigned access)
{
    uint8_t *ram = vmem_hit(v, where, len, access | PF_W);
    return ram && trace_none(v->vm, gfn(vmem_entry(v, where)->gfn)) ? ram : NULL;
}

/* ---------------------------------------------------------------------------------------------- */

/* The physical address of one byte, or false with the fault raised. */
bool vmem_translate(struct vcpu *v, gva_t where, unsigned access, gpa_t *out);

/* TLB maintenance: the soft TLB here, the shadow tables and the translator's look-up. */
void vmem_invlpg(struct vcpu *v, gva_t where);

/* WHERE lies in a large page of the guest, whose translation somebody keeps who is flushed by
 * vmem_invlpg: all of the page is, whichever of its addresses INVLPG names (SDM 3A 4.10.4.1). */
static inline void vmem_used_large(struct vcpu *v, gva_t where)
{
    v->large_used[where.v >> 27] |= 1u << (where.v >> 22 & 31);
}

void vmem_flush(struct vcpu *v, bool global_too); /* CR3 or paging mode changed */

/* The same for COUNT pages from FIRST on, of which the shadow tables have been told. */
void vmem_flush_pages(struct vcpu *v, gva_t first, unsigned count);

/* The soft TLB alone: what it may answer for has changed. */
void vmem_forget(struct vcpu *v);

/* A page fault at WHERE that somebody else found (shadow_fault) is being delivered: it
 * drops what the soft TLB holds for the page, as a fault does (SDM 3A 4.10.4.1). */
void vmem_faulted(struct vcpu *v, gva_t where);

/* Writes by devices and the loader (no paging): RAM plus the trace clients' word. */
bool vmem_write_physical(struct vm *vm, gpa_t where, const void *buf, size_t len);

/* That word alone: LEN bytes of one page of RAM have changed. */
void vmem_wrote_physical(struct vm *vm, gpa_t where, unsigned len);

#endif
