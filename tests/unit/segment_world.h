/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest that tests of segmentation and events run in: the tables, a TSS, stacks, paging if
 * wanted; and the assertion that an operation failed with one exact exception and changed
 * no register. Included by one file of a test program.
 */
#ifndef RING1_SEGMENT_WORLD_H
#define RING1_SEGMENT_WORLD_H

#include "tests/unit/segment_tables.h"

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
#define FAULTS(expr, vector, error)                                                                \
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
