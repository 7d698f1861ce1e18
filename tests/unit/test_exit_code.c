/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The pages of guest code that exit_find_block shows the translator, and who hears of it.
 */
#include "monitor/exit.h"

#include "tests/unit/top_world.h"

static void two_pages_are_shown(void **state)
{
    (void)state;
    top.made = 0x9000;
    assert_int_equal(exit_find_block(v), 0x9000);
    assert_int_equal(top.page.linear.v, 0x1000);
    assert_int_equal(top.page.frame.v, 1);
    assert_true(top.page.global);
    assert_ptr_equal(top.page.bytes, guest_page(vm, gpa(0x1000), PAGE_SIZE));
    assert_true(top.has_next);
    assert_int_equal(top.next.linear.v, 0x2000);
}

/* Shadow tables hear of frames that became traced, once. */
static void new_traces_reach_the_shadow(void **state)
{
    (void)state;
    top.made = 0x9000;
    top.traces = true;
    exit_find_block(v);
    assert_int_equal(top.trace_changes, 2);
    assert_int_equal(top.changed[0].v, 1);
    assert_int_equal(top.changed[1].v, 2);
    exit_find_block(v);
    assert_int_equal(top.trace_changes, 2);
}

/* The page behind is not the guest's own access: its A bit stays clear, and it does not count. */
static void the_page_behind_is_only_looked_at(void **state)
{
    (void)state;
    poke(vm, PAGE_DIR, PAGE_TAB | PTE_P);
    poke(vm, PAGE_TAB + 4, 0x1000 | PTE_P | PTE_G);
    poke(vm, PAGE_TAB + 8, 0x2000 | PTE_P);
    paging(v, PAGE_DIR);
    top.made = 0x9000;
    assert_int_equal(exit_find_block(v), 0x9000);
    assert_false(top.has_next);
    assert_false(top.page.global); /* CR4.PGE is clear */
    assert_int_equal(peek(vm, PAGE_TAB + 4), 0x1000 | PTE_P | PTE_G | PTE_A);
    assert_int_equal(peek(vm, PAGE_TAB + 8), 0x2000 | PTE_P);
    v->cr4 |= CR4_PGE;
    poke(vm, PAGE_TAB + 8, 0x2000 | PTE_P | PTE_A);
    exit_find_block(v);
    assert_true(top.has_next && top.page.global);
    assert_false(top.next.global);
}

/* Nothing to translate outside RAM, and no fault either: the interpreter's. */
static void code_outside_ram(void **state)
{
    (void)state;
    v->eip = 0xf0000000;
    top.made = 0x9000;
    assert_int_equal(exit_find_block(v), 0);
    assert_false(v->exc.valid);
    assert_int_equal(top.translations, 0);
}

static void the_last_page_of_ram(void **state)
{
    (void)state;
    v->eip = (1u << 20) - 1;
    top.made = 0x9000;
    assert_int_equal(exit_find_block(v), 0x9000);
    assert_false(top.has_next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(two_pages_are_shown, top_world),
        cmocka_unit_test_setup(new_traces_reach_the_shadow, top_world),
        cmocka_unit_test_setup(the_page_behind_is_only_looked_at, top_world),
        cmocka_unit_test_setup(code_outside_ram, top_world),
        cmocka_unit_test_setup(the_last_page_of_ram, top_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
