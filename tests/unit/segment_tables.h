/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The descriptor tables that tests of segmentation and events run on: where they lie in guest
 * RAM, and a row of the GDT for each case. Read segment_world.h next.
 */
#ifndef RING1_SEGMENT_TABLES_H
#define RING1_SEGMENT_TABLES_H

#include "monitor/segment.h"
#include "monitor/vmem.h"
#include "tests/unit/memory_doubles.h"

#define GDT      0x2000u
#define LDT      0x3000u
#define IDT      0x4000u
#define TSS      0x5000u
#define TSS16    0x6000u
#define STACK0   0x8000u /* tops */
#define STACK1   0x9000u
#define STACK3   0xa000u
#define PAGE_DIR 0xc000u
#define PAGE_TAB 0xd000u
#define HOLE     0xe000u /* not present when world_paging is on */

#define DATA   (SA_P | SA_S | SA_RW | SA_ACCESSED)
#define CODE   (DATA | SA_CODE)
#define FLAT   (SA_DB | SA_G)
#define DPL(n) ((uint32_t)(n) << SA_DPL_SHIFT)

/* The GDT. Where a name ends in a digit it is the DPL. */
enum sel {
    NUL = 0,   /* flat data, to see that nobody uses it */
    C0 = 0x08, /* flat code */
    D0 = 0x10, /* flat data */
    C3 = 0x18,
    D3 = 0x20,
    CONF0 = 0x28, /* conforming, readable code */
    C1 = 0x30,
    D1 = 0x38,
    C0_16 = 0x40,  /* 16-bit code, base 0, limit 0xffff */
    D0_16 = 0x48,  /* 16-bit stack */
    XONLY0 = 0x50, /* execute-only code */
    RO3 = 0x58,    /* read-only data */
    C0_NP = 0x60,  /* not present */
    D0_NP = 0x68,
    C0_SMALL = 0x70, /* limit 0xfff */
    D0_SMALL = 0x78, /* base 0x8000, limit 0xf */
    SYS_TSS = 0x80,
    SYS_TSS_BUSY = 0x88,
    SYS_LDTR = 0x90,
    SYS_LDT_NP = 0x98,
    FRESH0 = 0xa0, /* data, not accessed yet */
    C0_FRESH = 0xa8,
    DOWN0 = 0xb0, /* expand-down data, limit 0xfff, 32-bit */
    TSK = 0xb8,   /* task gate */
    SYS_TSS_16 = 0xc0,
    CONF3 = 0xc8,
    D3_NP = 0xd0,
    C3_NP = 0xd8,
    C3_16 = 0xe0,
    D3_16 = 0xe8,
    GATE = 0xf0, /* a call gate that tests fill in */
    SYS_TSS_NP = 0xf8,
    GDT_END = 0x100,
};

static struct vm *vm;
static struct vcpu *v;

static inline uint64_t pack(uint32_t base, uint32_t limit, uint32_t attr)
{
    return (uint64_t)(limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 |
           (uint64_t)(attr & 0xf0ff) << 40 | (uint64_t)(limit >> 16 & 15) << 48 |
           (uint64_t)(base >> 24) << 56;
}

static inline uint64_t pack_gate(uint16_t sel, uint32_t off, unsigned type, unsigned dpl,
                                 unsigned params)
{
    return (off & 0xffff) | (uint64_t)sel << 16 | (uint64_t)params << 32 |
           (uint64_t)(SA_P | DPL(dpl) | type) << 40 | (uint64_t)(off >> 16) << 48;
}

static inline void poke64(uint32_t where, uint64_t raw)
{
    assert_true(guest_write(vm, gpa(where), &raw, 8));
}

static inline uint64_t peek64(uint32_t where)
{
    uint64_t raw = 0;
    assert_true(guest_read(vm, gpa(where), &raw, 8));
    return raw;
}

static inline uint16_t peek16(uint32_t where)
{
    return (uint16_t)peek(vm, where);
}

static inline void gdt_set(unsigned sel, uint64_t raw)
{
    poke64(GDT + sel, raw);
}

/* Clears P, or changes one entry's rights. */
static inline void gdt_absent(unsigned sel)
{
    gdt_set(sel, peek64(GDT + sel) & ~((uint64_t)SA_P << 40));
}

static inline void world_tables(void)
{
    const uint32_t all = 0xfffff;
    static const struct {
        enum sel sel;
        uint32_t base, limit, attr;
    } rows[] = {
        {NUL, 0, 0xfffff, DATA | FLAT}, /* never to be looked at */
        {C0, 0, 0xfffff, CODE | FLAT},
        {D0, 0, 0xfffff, DATA | FLAT},
        {C3, 0, 0xfffff, CODE | FLAT | DPL(3)},
        {D3, 0, 0xfffff, DATA | FLAT | DPL(3)},
        {CONF0, 0, 0xfffff, CODE | FLAT | SA_DC},
        {C1, 0, 0xfffff, CODE | FLAT | DPL(1)},
        {D1, 0, 0xfffff, DATA | FLAT | DPL(1)},
        {C0_16, 0, 0xffff, CODE},
        {D0_16, 0, 0xffff, DATA},
        {XONLY0, 0, 0xfffff, (CODE | FLAT) & ~(uint32_t)SA_RW},
        {RO3, 0, 0xfffff, ((DATA | FLAT) & ~(uint32_t)SA_RW) | DPL(3)},
        {C0_NP, 0, 0xfffff, (CODE | FLAT) & ~(uint32_t)SA_P},
        {D0_NP, 0, 0xfffff, (DATA | FLAT) & ~(uint32_t)SA_P},
        {C0_SMALL, 0, 0xfff, CODE | SA_DB},
        {D0_SMALL, 0x8000, 0xf, DATA | SA_DB},
        {SYS_TSS, TSS, 0x2067, SA_P | SYS_TSS32},
        {SYS_TSS_BUSY, TSS, 0x67, SA_P | SYS_TSS32_BUSY},
        {SYS_LDTR, LDT, 0x17, SA_P | SYS_LDT},
        {SYS_LDT_NP, LDT, 0x17, SYS_LDT},
        {FRESH0, 0, 0xfffff, (DATA | FLAT) & ~(uint32_t)SA_ACCESSED},
        {C0_FRESH, 0, 0xfffff, (CODE | FLAT) & ~(uint32_t)SA_ACCESSED},
        {DOWN0, 0, 0xfff, DATA | SA_DC | SA_DB},
        {TSK, 0, 0, SA_P | SYS_TASK},
        {SYS_TSS_16, TSS16, 0x2b, SA_P | SYS_TSS16},
        {CONF3, 0, 0xfffff, CODE | FLAT | SA_DC | DPL(3)},
        {D3_NP, 0, 0xfffff, ((DATA | FLAT) & ~(uint32_t)SA_P) | DPL(3)},
        {C3_NP, 0, 0xfffff, ((CODE | FLAT) & ~(uint32_t)SA_P) | DPL(3)},
        {C3_16, 0, 0xffff, CODE | DPL(3)},
        {D3_16, 0, 0xffff, DATA | DPL(3)},
        {SYS_TSS_NP, TSS, 0x67, SYS_TSS32},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        gdt_set(rows[i].sel, pack(rows[i].base, rows[i].limit, rows[i].attr));
    poke64(LDT + 0x08, pack(0x1000, all, DATA | FLAT | DPL(3)));
    poke64(LDT + 0x10, pack(0, all, CODE | FLAT));
}

#endif
