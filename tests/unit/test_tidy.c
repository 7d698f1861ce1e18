/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * When all blocks are given up so that those in use come together, and what is left then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bt_world.h"

#define EIP    (BT_CODE + 0x100)
#define PERIOD 400000000ull

static struct vm *vm;
static struct vcpu *v;
static struct bt *bt;
static uint64_t now;

static int set_up(void **state)
{
    (void)state;
    vm = bt_world(false);
    v = vm->vcpu;
    bt = vm->bt;
    now = 0;
    return 0;
}

/* So much later; was it done? */
static bool later(uint64_t ns)
{
    uint64_t before = vm->stats.n[STAT_BT_TIDIES];
    now += ns;
    bt_tidy(vm, now);
    return vm->stats.n[STAT_BT_TIDIES] != before;
}

/* As if so much code had been made. */
static void grow(uint32_t bytes)
{
    bt->tc_used += bytes;
}

static void when_it_is_quiet(void **state)
{
    (void)state;
    assert_false(later(PERIOD));
    grow(800 << 10);
    assert_false(later(PERIOD)); /* a lot has been made just now */
    grow(100 << 10);
    assert_false(later(PERIOD));
    grow(1000);
    assert_false(later(PERIOD / 8)); /* too soon */
    assert_true(later(PERIOD));
    assert_false(later(PERIOD));
    grow(500 << 10);
    assert_false(later(PERIOD));
    assert_false(later(PERIOD)); /* too little since */
    grow(400 << 10);
    assert_false(later(PERIOD));
    assert_true(later(PERIOD));
}

static void not_in_a_small_rest(void **state)
{
    (void)state;
    grow(bt->tc.size / 2);
    assert_false(later(PERIOD));
    assert_false(later(PERIOD));
    assert_int_equal(vm->stats.n[STAT_BT_FLUSHES], 0);
}

static void nothing_is_found(void **state)
{
    (void)state;
    uint32_t from = bt_make(vm, EIP, "\xeb\x70", 2, true, 0);
    uint32_t to = bt_make(vm, EIP + 0x72, "\xc3", 1, true, 0);
    uint32_t slot = bt->block[from].slots, slots = bt->nslots;
    slot_connect(bt, slot, bt->block[to].entries);
    v->eip = EIP;
    assert_int_not_equal(bt_lookup(v), 0);
    grow(1 << 20);
    uint32_t used = bt->tc_used;
    assert_false(later(PERIOD));
    assert_true(later(PERIOD));
    assert_int_equal(bt_lookup(v), 0);
    assert_int_equal(bt->slot[slot].target, NO_BLOCK);
    uint32_t again = bt_make(vm, EIP, "\xeb\x70", 2, true, 0);
    assert_int_equal(again, 1);
    assert_true(bt->block[again].tc >= used);
    assert_int_equal(bt->block[again].slots, slots); /* the old exits' are not used again */
    assert_int_equal(cache_block_at(bt, bt->block[again].tc), again);
    assert_int_equal(cache_block_at(bt, bt->thunk[SIDE_KERNEL].lookup), 0);
    bt_flush_space(v, true); /* goes through all slots */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(when_it_is_quiet, set_up),
        cmocka_unit_test_setup(not_in_a_small_rest, set_up),
        cmocka_unit_test_setup(nothing_is_found, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
