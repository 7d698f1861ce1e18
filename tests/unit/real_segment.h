/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's segments, interrupt table and TSS. Its GDT has Linux's selectors, as the real CPU
 * tells of them; its LDT is real_ldt.h's. Included by one file of a test program. Read real_twin.h
 * next.
 */
#ifndef RING1_REAL_SEGMENT_H
#define RING1_REAL_SEGMENT_H

#include "tests/unit/real_pages.h"

enum { LDT_MOST = 64 };
static unsigned ldt_entries; /* that there are on both sides */

static inline void poke64(uint32_t where, uint64_t x)
{
    poke(vm, where, (uint32_t)x);
    poke(vm, where + 4, (uint32_t)(x >> 32));
}

/* What selector SEL loads, if it can be loaded. */
static inline struct segment segment_of(uint16_t sel)
{
    struct segment s = {.attr = SA_NULL, .sel = sel};
    uint32_t at = (sel & SEL_TI ? LDT : GDT) + (sel & 0xfff8u);
    if (sel > 3)
        segment_unpack(sel, (uint64_t)peek(vm, at + 4) << 32 | peek(vm, at), &s);
    return s;
}

/* Rights and limit as the real CPU tells them; the base is 0. */
static inline uint64_t flat_descriptor(uint16_t sel)
{
    uint32_t rights = 0, limit = 0;
    bool ok;
    __asm__("lar %2, %0\n\tsetz %1" : "+r"(rights), "=r"(ok) : "r"((uint32_t)sel) : "cc");
    assert_true(ok);
    __asm__("lsl %2, %0\n\tsetz %1" : "+r"(limit), "=r"(ok) : "r"((uint32_t)sel) : "cc");
    assert_true(ok && limit == 0xffffffffu);
    return (uint64_t)(rights | 0xf0000) << 32 | 0xffff;
}

/* INT3 and INTO are open to user code, as Linux has them. */
static inline void fill_tables(struct vcpu *v)
{
    static const uint16_t user[] = {REAL_CS, REAL_DS, REAL_CS64};
    for (size_t n = 0; n < ARRAY_SIZE(user); n++)
        poke64(GDT + (user[n] & 0xfff8u), flat_descriptor(user[n]));
    poke64(GDT + KERNEL_CS, 0xcf9b000000ffffull);
    poke64(GDT + KERNEL_DS, 0xcf93000000ffffull);
    for (unsigned n = 0; n < 256; n++)
        poke64(IDT + 8 * n, (uint64_t)(n == VEC_BP || n == VEC_OF ? 0xee00 : 0x8e00) << 32 |
                                KERNEL_CS << 16 | (HANDLERS + 16 * n));
    poke(vm, TSS + 4, KERNEL_STACK);
    poke(vm, TSS + 8, KERNEL_DS);
    poke(vm, TSS + 0x66, 0x68); /* the permission bitmap lies beyond the limit */
    v->gdtr = (struct table_reg){GDT, GDT_LIMIT};
    v->idtr = (struct table_reg){IDT, 0x7ff};
    v->ldtr = (struct segment){.attr = SA_NULL};
    v->tr = (struct segment){TSS, 0x67, SA_P | SYS_TSS32_BUSY, 0x40};
}

#endif
