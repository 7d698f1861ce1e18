/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One virtual CPU: everything the architecture says a CPU holds, and the few words
 * that say what the monitor owes it. Registers are here whenever guest code does not
 * run; while it runs they are in the hardware's own. FPU and SSE state stays in the
 * hardware. Nothing here executes anything: see interp/ and bt/.
 */
#ifndef RING1_VCPU_H
#define RING1_VCPU_H

#include "monitor/abi.h"
#include "monitor/tc.h"
#include "monitor/types.h"
#include "monitor/x86.h"

struct vm;

struct table_reg { /* GDTR, IDTR */
    uint32_t base;
    uint16_t limit;
};

/* An exception that an operation raised and nobody has delivered yet. */
struct exception {
    bool valid;
    bool has_error;
    bool is_trap;  /* #DB after the instruction, INT3, INTO: eip is already behind it */
    bool new_task; /* raised after a task switch: eip is the new task's */
    uint8_t vector;
    uint32_t error;
    uint32_t cr2; /* #PF only; goes to v->cr2 at delivery */
};

/* A TLB of linear pages for accesses by the monitor in the guest's name; obeys the same flushes as
 * a hardware TLB. Owned by vmem.c. */
#define SOFT_TLB_SIZE 256
struct soft_tlb_entry {
    uint32_t tag; /* linear page number << 12 | kinds of access refused (vmem.h), or ~0 */
    uint32_t gfn;
    uint8_t *page; /* where the monitor sees it; NULL: not RAM */
};

/* What keeps events from the next instruction; a load of SS keeps debug exceptions away, too. */
enum inhibit { INHIBIT_NONE, INHIBIT_STI, INHIBIT_SS };

struct vcpu {
    /* Offsets of the first block are used by emitted code and NASM (generated): what is below 128
     * makes short code. */
    uint32_t gpr[8];
    uint32_t eip;
    uint32_t eflags;         /* all but IF, which is in vif; bit 1 always set */
    uint8_t cpl;             /* virtual CPL */
    uint8_t inhibit;         /* enum inhibit: what covers the next instruction */
    union tc_gate gate[5];   /* by enum tc_code: how the host wants to be called (bt/) */
    uint64_t place[S_COUNT]; /* added to translated accesses through FS and GS: the base, or what
                                leads them outside the guest's 4 GiB, where they fault (bt/) */
    uint64_t tc_insns;       /* guest instructions run from the cache, where they are counted */
    uint64_t tc_rsp;         /* translated code's stack pointer, kept while it does not run */
    uint64_t no_place;       /* place[] of a segment that has limits, or is null */
    struct segment null_segment;   /* what FS or GS become by selector 0 */
    struct segment_memo code_memo; /* CS, of CPL 0, as it was loaded */
    struct segment_memo memo[SEGMENT_MEMOS];
    struct segment seg[S_COUNT];
    struct segment ldtr, tr;
    struct table_reg gdtr, idtr;
    uint32_t cr0, cr2, cr3, cr4;
    uint32_t dr[8];
    uint64_t pdpte[4]; /* PAE: the directory pointers as the last load of CR3 read them */
    uint64_t efer;

    struct vm *vm;
    struct exception exc;
    bool halted; /* in HLT: waits for an interrupt */
    bool nmi_blocked;
    uint8_t armed; /* kinds of breakpoints in the debug registers (debugreg.h) ... */
    uint8_t met;   /* ... and those that the instruction has met: bits of DR6 */
    uint64_t misc_enable, kvm_wall, kvm_time; /* MSRs, as written */
    struct direct direct;
    struct soft_tlb_entry tlb[SOFT_TLB_SIZE];
    struct windows windows;
    uint64_t place16[2][32]; /* place[] of 16-bit addresses; [1]: operands that end behind 64 KiB */
    uint32_t large_used[32]; /* a bit for 4 MiB of linear space: a large page was used there since
                                all was flushed last (vmem.c) */

    /* A page that the guest may see, once it has asked for it (hypercall.h): nothing else is in it,
     * and what stands there the guest may have written. */
    union {
        struct ring1_shared shared;
        struct {
            uint8_t vif;   /* the virtual IF: 0 or not */
            uint8_t event; /* not 0: translated code must leave at the next test */
        };
        uint8_t shared_page[PAGE_SIZE];
    } __attribute__((aligned(PAGE_SIZE)));
};
_Static_assert(offsetof(struct vcpu, vif) == offsetof(struct vcpu, shared.irq_enabled) &&
                   offsetof(struct vcpu, event) == offsetof(struct vcpu, shared.irq_pending),
               "these two have two names");
_Static_assert(sizeof(struct ring1_shared) <= PAGE_SIZE &&
                   offsetof(struct ring1_shared, tsc_base) == 24 &&
                   offsetof(struct ring1_shared, told) == 52,
               "one page, the same to 32-bit code");

/* A vcpu is allocated with room behind it for the translator's look-up tables, which emitted
 * code reaches from the same register (bt/cache.h): one, or two. Bytes in all. */
#define VCPU_LOOKUP_OFFSET   20480u
#define VCPU_LOOKUP_SIZE     ((32768u + 8) * 16)
#define VCPU_SPAN(user_code) (VCPU_LOOKUP_OFFSET + VCPU_LOOKUP_SIZE * ((user_code) ? 2 : 1))
_Static_assert(sizeof(struct vcpu) <= VCPU_LOOKUP_OFFSET, "the look-up table lies behind");

/* The full EFLAGS image, IF included; and its inverse. Setting masks nothing: the
 * caller has decided what may change. */
uint32_t vcpu_eflags(const struct vcpu *v);
void vcpu_set_eflags(struct vcpu *v, uint32_t fl);

/* Power-on state (SDM 3A table 9-1). */
void vcpu_reset(struct vcpu *v, struct vm *vm);

/*
 * Record an exception and return false, so that a failing operation reads
 * "return vcpu_raise(...)". An exception that is already pending is a bug of ours.
 */
bool vcpu_raise(struct vcpu *v, uint8_t vector);
bool vcpu_raise_error(struct vcpu *v, uint8_t vector, uint32_t error);
bool vcpu_raise_pf(struct vcpu *v, gva_t where, uint32_t error);

/* Notes a descriptor in *M; forgets all notes, when GDTR changes. */
void vcpu_memo(struct segment_memo *m, uint16_t sel, uint32_t where, uint64_t raw,
               const struct segment *seg);
void vcpu_forget_memos(struct vcpu *v);

static inline unsigned vcpu_iopl(const struct vcpu *v)
{
    return (v->eflags & FL_IOPL) >> FL_IOPL_SHIFT;
}

static inline bool vcpu_paging(const struct vcpu *v)
{
    return v->cr0 & CR0_PG;
}

/* PAE paging: three levels of 64-bit entries. */
static inline bool vcpu_pae(const struct vcpu *v)
{
    return (v->cr0 & CR0_PG) && (v->cr4 & CR4_PAE);
}

static inline bool vcpu_v86(const struct vcpu *v)
{
    return v->eflags & FL_VM;
}

static inline bool vcpu_protected(const struct vcpu *v)
{
    return (v->cr0 & CR0_PE) && !vcpu_v86(v);
}

/* Does register R hold all that 16 bits reach, to be read and, but for CS, written there? */
bool segment_holds16(const struct vcpu *v, enum sreg r);

/* The linear address of the next instruction. */
static inline uint32_t vcpu_next(const struct vcpu *v)
{
    return v->seg[S_CS].base + v->eip;
}

/* Data or code segment that covers 0 - 4 GiB from base 0, usable and (data) writable. */
static inline bool segment_flat(const struct segment *s)
{
    return s->base == 0 && s->limit == 0xffffffffu && !(s->attr & SA_NULL);
}

#endif
