/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Jump slots: where they lead, and the lists of slots that lead to one block.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/bt_world.h"

static struct vm *vm;
static struct bt *bt;

static int set_up(void **state)
{
    vm = bt_world(false);
    bt = vm->bt;
    bt->patching = *state != NULL;
    bt->nblocks = 4; /* three blocks with entries of their own and nothing else */
    for (unsigned n = 1; n < 4; n++) {
        bt->block[n] = (struct block){.tc = 0x1000 * n, .frame = {n, NO_FRAME}};
        assert_int_equal(entry_new(bt, n, 0, 0x1000 * n), n);
    }
    return 0;
}

static uint32_t slot_of(uint32_t block)
{
    uint32_t s = slot_new(bt, block, 0x5000 + block);
    bt->slot[s].at = 0x4000 + s * 4;
    slot_disconnect(bt, s);
    return s;
}

static uint32_t leads_to(uint32_t slot)
{
    return bt_leads_to(bt, slot);
}

static unsigned incoming(uint32_t block)
{
    unsigned n = 0;
    for (uint32_t s = bt->block[block].incoming; s; s = bt->slot[s].next) {
        assert_int_equal(bt->slot[s].target, block);
        assert_true(++n < 100);
    }
    return n;
}

static void made_in_a_row(void **state)
{
    (void)state;
    uint32_t a = slot_of(1), b = slot_of(1), c = slot_of(2);
    assert_int_not_equal(a, 0);
    assert_int_equal(b, a + 1);
    assert_int_equal(bt->block[1].slots, a);
    assert_int_equal(bt->block[1].nslots, 2);
    assert_int_equal(bt->block[2].slots, c);
    assert_int_equal(bt->slot[c].from, 2);
    assert_int_equal(slot_address(bt, c), bt->tc.exec + bt->tc.size + 8 * c);
    assert_int_equal(leads_to(a), slot_stub(bt, a));
    assert_int_equal(bt->slot[c].eip, 0x5002);
    if (!bt->patching) /* what emitted code reads is what is written here */
        assert_int_equal(*(uint64_t *)(uintptr_t)slot_address(bt, c), bt->slot_value[c]);
}

static void connected_and_not(void **state)
{
    (void)state;
    uint32_t s[4];
    for (unsigned n = 0; n < 4; n++) {
        s[n] = slot_of(1);
        slot_connect(bt, s[n], 2);
        assert_int_equal(leads_to(s[n]), 0x2000);
    }
    assert_int_equal(incoming(2), 4);
    slot_disconnect(bt, s[1]); /* from the middle */
    assert_int_equal(leads_to(s[1]), slot_stub(bt, s[1]));
    assert_int_equal(incoming(2), 3);
    slot_disconnect(bt, s[1]); /* twice is once */
    slot_disconnect(bt, s[3]); /* the first of the list */
    slot_disconnect(bt, s[0]); /* the last */
    assert_int_equal(incoming(2), 1);
    assert_int_equal(leads_to(s[2]), 0x2000);
    slot_connect(bt, s[2], 3); /* elsewhere */
    assert_int_equal(incoming(2), 0);
    assert_int_equal(incoming(3), 1);
    assert_int_equal(leads_to(s[2]), 0x3000);
    slot_connect(bt, s[2], 3);
    assert_int_equal(incoming(3), 1);
}

static void searching(void **state)
{
    (void)state;
    uint32_t s = slot_of(1);
    slot_connect(bt, s, 2);
    slot_search(bt, s);
    assert_int_equal(incoming(2), 0);
    assert_int_equal(bt->slot[s].target, NO_BLOCK);
    assert_int_equal(leads_to(s), slot_stub(bt, s) + gate_size(bt));
    slot_disconnect(bt, s);
    assert_int_equal(leads_to(s), slot_stub(bt, s));
}

/* Each stub has room of its own below the one before, the first below the end of the code. */
static void stubs(void **state)
{
    (void)state;
    uint32_t a = slot_of(1), b = slot_of(2);
    assert_in_range(slot_stub(bt, a), 0, bt->tc.size - STUB_SIZE);
    assert_int_equal(slot_stub(bt, b), slot_stub(bt, a) - STUB_SIZE);
    for (uint32_t n = 0; n < STUB_SIZE; n++) {
        assert_int_equal(slot_of_stub(bt, slot_stub(bt, a) + n), a);
        assert_int_equal(slot_of_stub(bt, slot_stub(bt, b) + n), b);
    }
    assert_int_equal(slot_of_stub(bt, slot_stub(bt, b) - 1), 0);
    assert_int_equal(slot_of_stub(bt, slot_stub(bt, a) + STUB_SIZE), 0);
    assert_int_equal(slot_of_stub(bt, 0), 0);
    assert_int_equal(slot_of_stub(bt, bt->tc.size), 0);
    assert_int_equal(slot_of_stub(bt, 0xffffffff), 0);
}

static void none_left(void **state)
{
    (void)state;
    bt->nslots = MAX_SLOTS - 1;
    assert_int_equal(slot_new(bt, 1, 0), MAX_SLOTS - 1);
    assert_int_equal(slot_new(bt, 1, 0), 0);
    assert_int_equal(bt->block[1].nslots, 1);
    assert_int_equal(bt->nslots, MAX_SLOTS);
}

int main(void)
{
    static bool patched = true;
#define BY_BOTH_POLICIES(test)                                                                     \
    cmocka_unit_test_setup(test, set_up),                                                          \
        cmocka_unit_test_prestate_setup_teardown(test, set_up, NULL, &patched)
    const struct CMUnitTest tests[] = {
        BY_BOTH_POLICIES(made_in_a_row), BY_BOTH_POLICIES(connected_and_not),
        BY_BOTH_POLICIES(searching),     BY_BOTH_POLICIES(stubs),
        BY_BOTH_POLICIES(none_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
