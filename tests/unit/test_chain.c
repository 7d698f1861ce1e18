/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rules by which exits are connected: when they miss (bt_chain), and when their block is made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bt_world.h"

#define EIP (BT_CODE + 0x100)

static struct vm *vm;
static struct vcpu *v;
static struct bt *bt;

static int set_up(void **state)
{
    (void)state;
    vm = bt_world(false);
    v = vm->vcpu;
    bt = vm->bt;
    bt->patching = bt->save_flags = false;
    return 0;
}

static uint32_t make(uint32_t eip, const char *code, size_t len)
{
    return bt_make(vm, eip, code, len, true, 0);
}

enum result { UNTOUCHED, CONNECTED, SEARCHES };

static struct host_exit miss(uint32_t from, uint32_t slot)
{
    struct host_exit x = {.kind = HX_TC, .code = TC_EXIT_MISS};
    x.rip = bt->tc.exec + slot_stub(bt, slot) + gate_size(bt); /* behind the gate */
    assert_int_equal(bt->slot[slot].from, from);
    return x;
}

static enum result what(uint32_t slot, uint32_t to)
{
    uint32_t at = bt_leads_to(bt, slot);
    if (bt->slot[slot].target == to && at == bt->block[to].tc)
        return CONNECTED;
    assert_int_equal(bt->slot[slot].target, NO_BLOCK);
    return at == slot_stub(bt, slot) + gate_size(bt) ? SEARCHES : UNTOUCHED;
}

static enum result chain(uint32_t from, uint32_t to)
{
    uint32_t slot = bt->block[from].slots;
    struct host_exit x = miss(from, slot);
    bt_unwind(v, &x);
    bt_chain(v, &x, bt_entry(bt, to));
    return what(slot, to);
}

static void chaining_rules(void **state)
{
    (void)state;
    uint32_t from = bt_make(vm, EIP, "\xeb\x70", 2, false, 0);
    uint32_t near = bt_make(vm, EIP + 0x72, "\xc3", 1, false, 0);
    uint32_t far = bt_make(vm, EIP + PAGE_SIZE, "\xc3", 1, false, 0);
    uint32_t global = bt_make(vm, EIP + 2 * PAGE_SIZE, "\xc3", 1, true, 0);
    uint32_t crossing = bt_make(vm, (EIP & ~PAGE_MASK) + PAGE_SIZE - 1, "\x6a\x00\xc3", 3, true, 0);
    uint32_t other_frame = bt_make(vm, EIP + 0x72, "\xc3", 1, false, 7);
    assert_int_equal(chain(from, near), CONNECTED);
    assert_int_equal(chain(from, far), SEARCHES);
    assert_int_equal(chain(from, global), CONNECTED);
    assert_int_equal(chain(from, crossing), SEARCHES);
    assert_int_equal(chain(from, other_frame), SEARCHES);
    assert_int_equal(chain(from, from), CONNECTED);
    v->cpl = 1;
    uint32_t other_mode = bt_make(vm, EIP + 0x72, "\xc3", 1, false, 0);
    assert_int_not_equal(chain(from, other_mode), CONNECTED);
}

static void chaining_needs_both_alive(void **state)
{
    (void)state;
    uint32_t from = make(EIP, "\xeb\x70", 2), to = make(EIP + 0x72, "\xc3", 1);
    assert_true(bt_wrote(vm, gfn(EIP >> PAGE_SHIFT), 0x172, 0x172));
    assert_int_not_equal(chain(from, to), CONNECTED);
    to = make(EIP + 0x72, "\xc3", 1);
    assert_true(bt_wrote(vm, gfn(EIP >> PAGE_SHIFT), 0x100, 0x100));
    assert_int_not_equal(chain(from, to), CONNECTED);
    assert_int_equal(bt->block[to].incoming, 0);
}

static void exits_without_a_slot(void **state)
{
    (void)state;
    uint32_t from = make(EIP, "\xeb\x70", 2), to = make(EIP + 0x72, "\xc3", 1);
    uint32_t slot = bt->block[from].slots;
    struct host_exit x = miss(from, slot);
    bt_unwind(v, &x);
    uint64_t rip = x.rip;
    x.rip = bt->tc.exec + 2; /* a thunk */
    bt_chain(v, &x, bt_entry(bt, to));
    x.rip = bt_entry(bt, from) + 2;
    bt_chain(v, &x, bt_entry(bt, to));
    x.rip = rip - STUB_SIZE; /* the next slot's, which there is not */
    bt_chain(v, &x, bt_entry(bt, to));
    x.rip = rip;
    bt_chain(v, &x, bt_entry(bt, to) + 1); /* no entry */
    assert_int_equal(what(slot, to), UNTOUCHED);
    assert_int_equal(bt->block[to].incoming, 0);
}

/* Between the miss and the chain the cache was emptied: the slot's number is another's now. */
static void stale_slot(void **state)
{
    (void)state;
    uint32_t from = make(EIP, "\xeb\x70", 2), slot = bt->block[from].slots;
    struct host_exit x = miss(from, slot);
    bt_unwind(v, &x);
    cache_flush_all(vm);
    from = make(EIP, "\xeb\x70", 2);
    uint32_t to = make(EIP + 0x72, "\xc3", 1);
    bt_chain(v, &x, bt_entry(bt, to));
    assert_int_equal(what(slot, to), UNTOUCHED);
    bt_unwind(v, &x);
    bt_chain(v, &x, bt_entry(bt, to));
    assert_int_equal(what(slot, to), CONNECTED);
}

/* ---- When a block is made ------------------------------------------------------ */

/* What the first exit of a block made now comes to; its target is TO. */
static enum result early(uint32_t from, uint32_t to)
{
    return what(bt->block[from].slots, to);
}

static void targets_in_its_page(void **state)
{
    (void)state;
    uint32_t to = bt_make(vm, EIP + 0x72, "\xc3", 1, false, 0);
    uint32_t from = bt_make(vm, EIP, "\xeb\x70", 2, false, 0);
    assert_int_equal(early(from, to), CONNECTED);
    assert_int_equal(vm->stats.n[STAT_BT_CHAINED_EARLY], 1);
    uint32_t self = bt_make(vm, EIP + 0x20, "\xe8\xfb\xff\xff\xff", 5, false, 0);
    assert_int_equal(early(self, self), CONNECTED);
    assert_true(bt_wrote(vm, gfn(EIP >> PAGE_SHIFT), 0x172, 0x172));
    assert_int_equal(early(from, to), UNTOUCHED);
}

/* The entry behind a call is one as well. */
static void targets_within_blocks(void **state)
{
    (void)state;
    uint32_t to = make(EIP + 0x70, "\xe8\x00\x01\x00\x00\x41\xc3", 7);
    uint32_t from = make(EIP, "\xeb\x73", 2);
    uint32_t slot = bt->block[from].slots;
    assert_int_equal(bt->slot[slot].eip, EIP + 0x75);
    assert_int_equal(bt->slot[slot].target, to);
    assert_in_range(bt_leads_to(bt, slot), bt->block[to].tc + 1,
                    bt->block[to].tc + bt->block[to].tc_len);
}

/* jmp to the next page: only the look-up table says what is there. */
static void targets_elsewhere(void **state)
{
    (void)state;
    uint32_t far = EIP + PAGE_SIZE;
    uint32_t to = bt_make(vm, far, "\xc3", 1, true, 0);
    uint32_t from = bt_make(vm, EIP, "\xe9\xfb\x0f\x00\x00", 5, false, 0);
    assert_int_equal(early(from, to), CONNECTED);
    bt_flush_linear(v, gva(far)); /* it may be another frame's now */
    assert_int_equal(early(from, to), UNTOUCHED);
    from = bt_make(vm, EIP + 8, "\xe9\xf3\x0f\x00\x00", 5, false, 0);
    assert_int_equal(early(from, to), UNTOUCHED);
}

static void targets_that_may_not_be(void **state)
{
    (void)state;
    uint32_t local = bt_make(vm, EIP + PAGE_SIZE, "\xc3", 1, false, 0);
    uint32_t from = bt_make(vm, EIP, "\xe9\xfb\x0f\x00\x00", 5, false, 0);
    assert_int_equal(early(from, local), UNTOUCHED);
    uint32_t other_frame = bt_make(vm, EIP + 0x72, "\xc3", 1, false, 7);
    from = bt_make(vm, EIP + 0x10, "\xeb\x60", 2, false, 0);
    assert_int_equal(early(from, other_frame), UNTOUCHED);
    uint32_t end = (EIP & ~PAGE_MASK) + PAGE_SIZE;
    uint32_t crossing = bt_make(vm, end - 1, "\x6a\x00\xc3", 3, true, 0);
    from = bt_make(vm, end - 0x20, "\xeb\x1d", 2, true, 0);
    assert_int_equal(early(from, crossing), UNTOUCHED);
    v->cpl = 1;
    uint32_t other_mode = make(EIP + 0x62, "\xc3", 1);
    v->cpl = 0;
    from = make(EIP + 0x20, "\xeb\x40", 2);
    assert_int_equal(early(from, other_mode), UNTOUCHED);
    assert_int_equal(vm->stats.n[STAT_BT_CHAINED_EARLY], 0);
}

static void with_call_gates(void **state)
{
    bt->tc.gate_kind = GATE_FAR;
    cache_flush_all(vm);
    chaining_rules(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(chaining_rules, set_up),
        cmocka_unit_test_setup(with_call_gates, set_up),
        cmocka_unit_test_setup(chaining_needs_both_alive, set_up),
        cmocka_unit_test_setup(exits_without_a_slot, set_up),
        cmocka_unit_test_setup(stale_slot, set_up),
        cmocka_unit_test_setup(targets_in_its_page, set_up),
        cmocka_unit_test_setup(targets_within_blocks, set_up),
        cmocka_unit_test_setup(targets_elsewhere, set_up),
        cmocka_unit_test_setup(targets_that_may_not_be, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
