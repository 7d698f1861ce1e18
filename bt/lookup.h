/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The look-up tables that emitted code searches for a computed jump's target: where they lie, and
 * what is entered in them. There is one for each side.
 */
#ifndef RING1_BT_LOOKUP_H
#define RING1_BT_LOOKUP_H

#include "monitor/vcpu.h"

#define LOCAL_ENTRIES 32768u
#define LOOKUP_PART   2048u
#define WHOLE_PAGES   256u

/* What a block is translated for besides its address. Code of a 16-bit segment knows its base, too:
 * it is in the upper half of a mode, which has 64 bits. */
enum mode_bits {
    MODE_CPL = 3u,
    MODE_DS = 1u << 2,
    MODE_ES = 1u << 3,
    MODE_PAGING = 1u << 4,
    MODE_CONTROL = 1u << 5, /* CR0.TS, EM and the like, where no hardware heeds them: what they
                               concern is left to the interpreter */
    MODE_CODE16 = 1u << 6,  /* 16-bit code on a 16-bit stack (code16.c) */
};

static inline uint64_t mode_of_base(uint32_t base)
{
    return (uint64_t)base << 32;
}

/* Where the segment of the code begins. */
static inline uint32_t base_of_mode(uint64_t mode)
{
    return (uint32_t)(mode >> 32);
}

/* The guest's kernel and its user code have a look-up table each, where the host translates both.
 */
enum side { SIDE_KERNEL, SIDE_USER, SIDES };

static inline enum side side_of(uint64_t mode)
{
    return (mode & MODE_CPL) == 3 ? SIDE_USER : SIDE_KERNEL;
}

/* What a table's entries are for, which addresses in it do not survive a CR3 load, and from which
 * pages all that was known has been entered since the last one. */
struct lookup {
    uint64_t mode;
    uint64_t used; /* a bit for each LOOKUP_PART entries: one of them may not be empty */
    uint32_t local[LOCAL_ENTRIES];
    uint32_t nlocal;
    uint32_t whole[WHOLE_PAGES]; /* linear addresses + 1 */
};

/* An entry has both in one page: a host with a small TLB looks up half as many. An address is in
 * the entry that it hashes to or in one of the LOOKUP_WAYS - 1 behind it. */
struct lookup_entry {
    uint32_t tag; /* minus eip */
    uint32_t unused;
    uint64_t target;
};
#define LOOKUP_HASHES  32768u
#define LOOKUP_WAYS    8u
#define LOOKUP_ENTRIES (LOOKUP_HASHES + LOOKUP_WAYS)

/* Offset from R15 of a side's table. */
#define LOOKUP_TABLE(side) (VCPU_LOOKUP_OFFSET + (side)*VCPU_LOOKUP_SIZE)

/* The entry that emitted code tries first for EIP. */
static inline unsigned lookup_index(uint32_t eip)
{
    return (eip + __builtin_bswap32(eip)) & (LOOKUP_HASHES - 1);
}
_Static_assert(sizeof(struct lookup_entry) * LOOKUP_ENTRIES == VCPU_LOOKUP_SIZE, "room behind it");

_Static_assert((LOOKUP_ENTRIES - 1) / LOOKUP_PART < 64, "a bit for each part");

/* lookup.c: makes all tables empty, whatever is in their memory. */
void lookup_create(struct vcpu *v);
/* Enters one entry, removes those of one block; empties all tables. */
void lookup_enter(struct vcpu *v, uint32_t entry);
void lookup_remove(struct vcpu *v, uint32_t block);
void lookup_clear(struct vcpu *v);
/* The first time since the last flush that PAGE is asked about? */
bool lookup_is_new(struct vcpu *v, gva_t page);
/* The address entered for EIP on V's side, or 0. */
uint64_t lookup_find(struct vcpu *v, uint32_t eip);

#endif
