/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest that tests of segmentation and events run in: descriptor tables with a row for
 * each case, a TSS, stacks; and the assertion that an operation failed with one exact
 * exception and changed no register. Included by one file of a test program.
 */
#ifndef RING1_SEGMENT_WORLD_H
#define RING1_SEGMENT_WORLD_H

#include "monitor/segment.h"
#include "monitor/vmem.h"
#include "tests/unit/memory_doubles.h"

#define GDT   0x2000u
#define LDT   0x3000u
#define IDT   0x4000u
#define TSS   0x5000u
#define TSS16 0x6000u
#define STACK0 0x8000u /* tops */
#define STACK1 0x9000u
#define STACK3 0xa000u
#define PAGE_DIR 0xc000u
#define PAGE_TAB 0xd000u
#define HOLE 0xe000u /* not present when world_paging is on */

#define DATA (SA_P | SA_S | SA_RW | SA_ACCESSED)
#define CODE (DATA | SA_CODE)
#define FLAT (SA_DB | SA_G)
#define DPL(n) ((uint32_t)(n) << SA_DPL_SHIFT)

/* The GDT. Where a name ends in a digit it is the DPL. */
enum sel {
    NUL = 0,
    C0 = 0x08,      /* flat code */
    D0 = 0x10,      /* flat data */
    C3 = 0x18,
    D3 = 0x20,
    CONF0 = 0x28,   /* conforming, readable code */
    C1 = 0x30,
    D1 = 0x38,
    C0_16 = 0x40,   /* 16-bit code, base 0, limit 0xffff */
    D0_16 = 0x48,   /* 16-bit stack */
    XONLY0 = 0x50,  /* execute-only code */
    RO3 = 0x58,     /* read-only data */
    C0_NP = 0x60,   /* not present */
    D0_NP = 0x68,
    C0_SMALL = 0x70, /* limit 0xfff */
    D0_SMALL = 0x78, /* base 0x8000, limit 0xf */
    SYS_TSS = 0x80,
    SYS_TSS_BUSY = 0x88,
    SYS_LDTR = 0x90,
    SYS_LDT_NP = 0x98,
    FRESH0 = 0xa0,  /* data, not accessed yet */
    C0_FRESH = 0xa8,
    DOWN0 = 0xb0,   /* expand-down data, limit 0xfff, 32-bit */
    TSK = 0xb8,     /* task gate */
    SYS_TSS_16 = 0xc0,
    CONF3 = 0xc8,
    D3_NP = 0xd0,
    C3_NP = 0xd8,
    C3_16 = 0xe0,
    D3_16 = 0xe8,
    GATE = 0xf0,    /* a call gate that tests fill in */
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

/* SS:ESP of levels 0 and 1, in both kinds of TSS. */
static inline void world_tss(void)
{
    poke(vm, TSS + 4, STACK0);
    poke(vm, TSS + 8, D0);
    poke(vm, TSS + 12, STACK1);
    poke(vm, TSS + 16, D1 | 1);
    poke(vm, TSS16 + 2, (uint32_t)D0 << 16 | (STACK0 & 0xffff));
}

/* Hidden parts as a load would have them, without its checks. */
static inline void force(enum sreg r, uint16_t sel)
{
    uint32_t at = (sel & SEL_TI ? LDT : GDT) + (sel & 0xfff8u);
    segment_unpack(sel, peek64(at), &v->seg[r]);
}

static inline void force_tr(uint16_t sel)
{
    segment_unpack(sel, peek64(GDT + sel), &v->tr);
    v->tr.attr |= 2; /* busy */
}

/* Flat code running at privilege CPL, ESP at the top of its stack. */
static inline void run_at(unsigned cpl)
{
    static const uint16_t code[4] = {C0, C1 | 1, 0, C3 | 3}, data[4] = {D0, D1 | 1, 0, D3 | 3};
    static const uint32_t top[4] = {STACK0, STACK1, 0, STACK3};
    v->cpl = (uint8_t)cpl;
    for (unsigned r = 0; r < S_COUNT; r++)
        force((enum sreg)r, data[cpl]);
    force(S_CS, code[cpl]);
    v->gpr[R_ESP] = top[cpl] - 0x100;
    v->eip = 0x1234;
}

static inline int world(void **state)
{
    (void)state;
    vm = fake_vm(1u << 20);
    v = vm->vcpu;
    memset(&told, 0, sizeof told);
    world_tables();
    world_tss();
    v->gdtr = (struct table_reg){GDT, GDT_END - 1};
    v->idtr = (struct table_reg){IDT, 0x7ff};
    segment_unpack(SYS_LDTR, peek64(GDT + SYS_LDTR), &v->ldtr);
    force_tr(SYS_TSS);
    run_at(0);
    return 0;
}

/* Real mode with paragraph 0 in every register. */
static inline void world_real(void)
{
    v->cr0 &= ~(uint32_t)CR0_PE;
    v->cpl = 0;
    for (unsigned r = 0; r < S_COUNT; r++) {
        v->seg[r] = (struct segment){0, 0xffff, DATA, 0};
        assert_true(r == S_CS || segment_load(v, (enum sreg)r, 0));
    }
    v->idtr = (struct table_reg){IDT, 0x3ff};
    v->gpr[R_ESP] = 0x7000;
}

/* Identity paging for the first 64 pages: user pages but for the tables, and one hole. */
static inline void world_paging(void)
{
    poke(vm, PAGE_DIR, PAGE_TAB | PTE_P | PTE_W | PTE_U);
    for (uint32_t i = 0; i < 64; i++)
        poke(vm, PAGE_TAB + i * 4, i << 12 | PTE_P | PTE_W | PTE_U);
    poke(vm, PAGE_TAB + (HOLE >> 12) * 4, 0);
    paging(v, PAGE_DIR);
    vmem_flush(v, true);
}

/* Makes one page supervisor-only, or not present, or whatever BITS say. */
static inline void world_map(uint32_t where, uint32_t bits)
{
    poke(vm, PAGE_TAB + (where >> 12) * 4, (where & ~PAGE_MASK) | bits);
    vmem_flush(v, true);
}

/* ---- Assertions ------------------------------------------------------------- */

static inline void assert_exception(uint8_t vector, bool has_error, uint32_t error)
{
    assert_true(v->exc.valid);
    assert_int_equal(v->exc.vector, vector);
    assert_int_equal(v->exc.has_error, has_error);
    if (has_error)
        assert_int_equal(v->exc.error, error);
    v->exc.valid = false;
}

static struct vcpu before;

/* All but the soft TLB and the exception. */
static inline void assert_unchanged(void)
{
    const size_t registers = offsetof(struct vcpu, exc);
    assert_memory_equal(v, &before, registers);
    assert_int_equal(v->halted, before.halted);
    assert_int_equal(v->nmi_blocked, before.nmi_blocked);
}

/* EXPR is false, raises VECTOR with ERROR, and leaves every register alone. */
#define FAULTS(expr, vector, error)                                                               \
    do {                                                                                           \
        memcpy(&before, v, sizeof before);                                                         \
        assert_false(expr);                                                                        \
        assert_exception(vector, true, error);                                                     \
        assert_unchanged();                                                                        \
    } while (0)

static inline void assert_segment(enum sreg r, uint16_t sel, uint32_t base, uint32_t limit,
                                  uint32_t attr)
{
    assert_int_equal(v->seg[r].sel, sel);
    assert_int_equal(v->seg[r].base, base);
    assert_int_equal(v->seg[r].limit, limit);
    assert_int_equal(v->seg[r].attr, attr);
}

#endif
