/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How the next instructions run: each state that forbids direct execution or translation, by
 * itself, and the counter that names it.
 */
#include "monitor/mode.h"

#include "tests/unit/top_world.h"

static void interpreted_because(enum stat reason)
{
    enum stat why = STAT_COUNT;
    assert_int_equal(mode_choose(v, &why), MODE_INTERPRETED);
    assert_int_equal(why, reason);
}

static void chosen(enum run_mode mode)
{
    enum stat why;
    assert_int_equal(mode_choose(v, &why), mode);
}

static void kernel_code_is_translated(void **state)
{
    (void)state;
    chosen(MODE_TRANSLATED);
    run_at(1);
    chosen(MODE_TRANSLATED);
    v->cr0 |= CR0_PG | CR0_WP;
    chosen(MODE_TRANSLATED);
}

static void user_code_is_direct(void **state)
{
    (void)state;
    run_at(3);
    chosen(MODE_DIRECT);
    v->vm->engine = PLAN_TRANSLATE;
    chosen(MODE_DIRECT);
    assert_int_equal(fake.descriptor[0][C3 / 8], peek64(GDT + C3));
}

static void what_concerns_both(void **state)
{
    (void)state;
    for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
        run_at(cpl);
        v->inhibit = 1;
        interpreted_because(STAT_FB_SHADOW);
        v->inhibit = 0;
        v->eflags |= FL_TF;
        interpreted_because(STAT_FB_TF);
        v->eflags &= ~(uint32_t)FL_TF;
        v->armed = 1;
        interpreted_because(STAT_FB_BREAKPOINT);
        v->armed = 0;
        v->eflags |= FL_VM;
        interpreted_because(STAT_FB_V86);
        v->eflags &= ~(uint32_t)FL_VM;
        vm->engine = PLAN_INTERP;
        interpreted_because(STAT_FB_FORCED);
        vm->engine = PLAN_AUTO;
    }
}

/* 32-bit code in real mode is what a guest may run into by not loading CS. */
static void real_mode(void **state)
{
    (void)state;
    v->cr0 &= ~(uint32_t)CR0_PE;
    interpreted_because(STAT_FB_REALMODE);
    force(S_CS, C0_16);
    force(S_SS, D0_16);
    chosen(MODE_TRANSLATED);
    v->seg[S_CS].attr &= ~(uint32_t)SA_RW; /* of no concern there */
    chosen(MODE_TRANSLATED);
}

/* Both segments hold what 16 bits reach, and EIP is among that. */
static void code_of_16_bits(void **state)
{
    (void)state;
    force(S_CS, C0_16);
    interpreted_because(STAT_FB_SS);
    force(S_SS, D0_16);
    v->eip = 0xffff;
    chosen(MODE_TRANSLATED);
    v->eip = 0x10000;
    interpreted_because(STAT_FB_CODE16);
    v->eip = 0;
    v->seg[S_CS].base = 0xffff0000;
    chosen(MODE_TRANSLATED);
    v->seg[S_CS].base++;
    interpreted_because(STAT_FB_CODE16);
    force(S_CS, C0_16);
    v->seg[S_CS].limit--;
    interpreted_because(STAT_FB_CODE16);
    force(S_CS, C0_16);
    v->seg[S_CS].attr &= ~(uint32_t)SA_RW; /* execute-only */
    interpreted_because(STAT_FB_CODE16);
    force(S_CS, C0_16);
    v->seg[S_SS].limit--;
    interpreted_because(STAT_FB_SS);
    force(S_SS, D0_16);
    v->seg[S_SS].attr |= SA_DC; /* expand-down */
    interpreted_because(STAT_FB_SS);
}

static void kernel_segments(void **state)
{
    (void)state;
    force(S_CS, C0_SMALL);
    interpreted_because(STAT_FB_CS_BASE);
    force(S_CS, C0);
    v->seg[S_CS].base = 1;
    interpreted_because(STAT_FB_CS_BASE);
    force(S_CS, C0);
    v->seg[S_CS].attr &= ~(uint32_t)SA_RW; /* execute-only */
    interpreted_because(STAT_FB_CS_BASE);
    force(S_CS, C0);
    force(S_SS, D0_16);
    interpreted_because(STAT_FB_SS);
    force(S_SS, DOWN0);
    interpreted_because(STAT_FB_SS);
    force(S_SS, D0);
    v->seg[S_SS].limit = 0xfffff;
    interpreted_because(STAT_FB_SS);
    force(S_SS, D0);
    v->seg[S_SS].attr |= SA_DC; /* expand-down: no offset is valid */
    interpreted_because(STAT_FB_SS);
    force(S_SS, D0);
    v->seg[S_SS].attr &= ~(uint32_t)SA_DB; /* flat, but SP is 16 bits */
    interpreted_because(STAT_FB_SS);
}

/* CR0.WP = 0 is the shadow tables' business. */
static void writes_through_read_only_pages(void **state)
{
    (void)state;
    poke(vm, PAGE_DIR, PTE_P | PTE_W | PTE_U | PTE_PS);
    paging(v, PAGE_DIR);
    chosen(MODE_TRANSLATED);
    v->cr0 &= ~(uint32_t)CR0_WP;
    chosen(MODE_TRANSLATED);
    run_at(3);
    chosen(MODE_DIRECT);
}

static void user_io_rights(void **state)
{
    (void)state;
    run_at(3);
    v->eflags |= 2u << FL_IOPL_SHIFT;
    chosen(MODE_DIRECT);
    v->eflags |= 3u << FL_IOPL_SHIFT;
    interpreted_because(STAT_FB_IOPL);
}

/* The table no longer says what is loaded. */
static void irreversible_segments(void **state)
{
    (void)state;
    run_at(3);
    gdt_set(D3, pack(0x1000, 0xfffff, DATA | FLAT | DPL(3)));
    interpreted_because(STAT_FB_SEG);
}

/* The monitor's IRET would fault at once: a panic that a guest could order. */
static void eip_behind_the_limit(void **state)
{
    (void)state;
    run_at(3);
    gdt_set(C3, pack(0, 0x1fff, CODE | SA_DB | DPL(3)));
    force(S_CS, C3 | 3);
    v->eip = 0x1fff;
    chosen(MODE_DIRECT);
    v->eip = 0x2000;
    interpreted_because(STAT_FB_SEG);
}

/* The monitor's IRET would leave the upper half of ESP as it is. */
static void user_stack_of_16_bits(void **state)
{
    (void)state;
    run_at(3);
    force(S_SS, D3_16 | 3);
    interpreted_because(STAT_FB_SS);
    force(S_SS, D3 | 3);
    force(S_CS, C3_16 | 3); /* 16-bit code alone is no trouble */
    chosen(MODE_DIRECT);
}

/* A host without direct execution: translated under the same conditions as the kernel's. */
static void user_code_that_is_translated(void **state)
{
    (void)state;
    run_at(3);
    vm->user_code = true;
    chosen(MODE_TRANSLATED);
    gdt_set(D3, 0); /* what the table holds does not matter */
    chosen(MODE_TRANSLATED);
    v->seg[S_CS].attr &= ~(uint32_t)SA_RW;
    interpreted_because(STAT_FB_CS_BASE);
    v->seg[S_CS].attr |= SA_RW;
    v->eflags |= FL_AC;
    chosen(MODE_TRANSLATED);
    v->cr0 |= CR0_AM;
    interpreted_because(STAT_FB_SEG);
    v->eflags |= 3u << FL_IOPL_SHIFT;
    interpreted_because(STAT_FB_IOPL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(kernel_code_is_translated, top_world),
        cmocka_unit_test_setup(user_code_is_direct, top_world),
        cmocka_unit_test_setup(what_concerns_both, top_world),
        cmocka_unit_test_setup(real_mode, top_world),
        cmocka_unit_test_setup(code_of_16_bits, top_world),
        cmocka_unit_test_setup(kernel_segments, top_world),
        cmocka_unit_test_setup(writes_through_read_only_pages, top_world),
        cmocka_unit_test_setup(user_io_rights, top_world),
        cmocka_unit_test_setup(irreversible_segments, top_world),
        cmocka_unit_test_setup(eip_behind_the_limit, top_world),
        cmocka_unit_test_setup(user_stack_of_16_bits, top_world),
        cmocka_unit_test_setup(user_code_that_is_translated, top_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
