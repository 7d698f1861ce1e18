/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The only page walker in the tree. A linear address, a paging state and a wanted
 * access come in; the entries on the path and the resulting page go out. A format
 * (two levels with PSE, or PAE with NX) is a table of levels. It reads guest tables through
 * guestmem and sets A and D bits only when asked to. SDM 3A 4.3, 4.4, 4.6, 4.7.
 */
#ifndef RING1_GUESTWALK_H
#define RING1_GUESTWALK_H

#include "monitor/types.h"
#include "monitor/vcpu.h"
#include "monitor/vm.h"

#define WALK_MAX_LEVELS 3

/* Bits of a 4 MiB page's directory entry that must be 0, as PSE-36 is not offered (SDM 3A
 * table 4-4). */
#define PDE_LARGE_RESERVED 0x003fe000u

/* PAE entries (SDM 3A tables 4-8 to 4-11) with the 36 address bits of a CPU that shows PAE and no
 * CPUID leaf 80000008h. Bit 63 is NX with EFER.NXE, and must be 0 without. */
#define PAE_ADDRESS            0x0000000ffffff000ull
#define PAE_RESERVED           0x7ffffff000000000ull
#define PAE_PDE_LARGE_RESERVED 0x00000000001fe000ull
#define PAE_PDPTE_RESERVED     0xfffffff0000001e6ull

/* What the caller wants: PF_W, PF_U, PF_I as in an error code, and how to go about it. */
enum walk_flags {
    WALK_SET_AD = 1u << 8, /* set A on the path, and D for PF_W, as the CPU would */
};

struct walk {
    unsigned levels;                  /* entries read: 0 when paging is off */
    gpa_t entry_gpa[WALK_MAX_LEVELS]; /* [0] is the root's entry (PAE: where it was read) */
    uint64_t entry[WALK_MAX_LEVELS];  /* as read, or as rewritten with A/D */
    bool large;                       /* mapped by a large page */
    gpa_t page;                       /* of the 4 KiB page that holds the address */
    bool user, writable, global;      /* anded over the path (global: of the leaf) */
    bool exec;                        /* no NX on the path */
    bool dirty;                       /* D of the leaf; true with paging off */
    bool accessed;                    /* A set on every level; true with paging off */
};

/* A physical address as it leaves the CPU: bit 20 is 0 while A20 is masked. */
static inline gpa_t guest_a20(const struct vm *vm, gpa_t where)
{
    return gpa(where.v & ~((uint64_t)vm->a20_masked << 20));
}

/*
 * Walks LINEAR for the access in FLAGS under v's CR0, CR3, CR4, EFER and directory pointers.
 * True: W is complete. False: *ERROR is the #PF error code (PF_U taken from FLAGS), and
 * W holds what was read until the walk stopped. A table outside RAM reads as zeros
 * with all bits 1 in reality; here it is a not-present entry.
 */
bool guest_walk(struct vcpu *v, gva_t linear, unsigned flags, struct walk *w, uint32_t *error);

#endif
