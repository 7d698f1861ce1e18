/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * When an instruction becomes a callout and when it is none again; and that blocks follow, those
 * that are there and no others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bt_world.h"
#include "tests/unit/random.h"

#define EIP   (BT_CODE + 0x100)
#define STORE (EIP + 1) /* of the code below: inc eax; mov [edx], eax; inc ecx; ret */
#define CODE  "\x40\x89\x02\x41\xc3"
#define MANY  100000u

static struct vm *vm;
static struct vcpu *v;
static struct adapt *a;

static int set_up(void **state)
{
    (void)state;
    vm = bt_world(false);
    v = vm->vcpu;
    a = &vm->bt->adapt;
    return 0;
}

/* ---- The table ---------------------------------------------------------------- */

/* Faults until it is a callout. */
static unsigned faults_needed(uint32_t eip)
{
    unsigned n = 1;
    while (!adapt_faulted(a, eip))
        assert_true(++n < MANY);
    return n;
}

/* Ordinary callouts until it is none. */
static unsigned give_up(uint32_t eip)
{
    unsigned n = 1;
    while (adapt_ran(a, eip, true))
        assert_true(++n < MANY);
    return n;
}

static void many_faults_make_a_callout(void **state)
{
    (void)state;
    assert_false(adapt_is_callout(a, EIP));
    assert_false(adapt_faulted(a, EIP));
    assert_false(adapt_is_callout(a, EIP));
    unsigned n = faults_needed(EIP);
    assert_in_range(n, 8, 100);
    assert_true(adapt_is_callout(a, EIP));
    assert_false(adapt_is_callout(a, EIP + 1));
    assert_true(adapt_faulted(a, EIP)); /* in a block made before */
    assert_false(adapt_is_callout(a, 0));
}

/* One fault in a hundred is not worth a callout, however many there are in the end. */
static void rare_faults_do_not(void **state)
{
    (void)state;
    for (unsigned n = 0; n < MANY; n++) {
        adapt_faulted(a, EIP + 16 * (n % 100));
        assert_false(adapt_is_callout(a, EIP + 16 * (n % 100)));
    }
}

static void ordinary_accesses_end_it(void **state)
{
    (void)state;
    faults_needed(EIP);
    assert_in_range(give_up(EIP), 2, 100);
    assert_false(adapt_is_callout(a, EIP));
    assert_false(adapt_ran(a, EIP, false)); /* a block that was made before */
    assert_false(adapt_is_callout(a, EIP));
    for (unsigned n = 0; n < MANY; n++)
        assert_true(faults_needed(EIP) && adapt_ran(a, EIP, false));
}

/* However long it was worth its while, that ends soon enough. */
static void long_standing(void **state)
{
    (void)state;
    faults_needed(EIP);
    for (unsigned n = 0; n < MANY; n++)
        assert_true(adapt_ran(a, EIP, false));
    assert_in_range(give_up(EIP), 2, 200);
}

static bool survives(unsigned ordinary_percent)
{
    seed = 1;
    memset(a, 0, sizeof *a);
    faults_needed(EIP);
    for (unsigned n = 0; n < 5000; n++) {
        if (!adapt_ran(a, EIP, next_number() % 100 < ordinary_percent))
            return false;
    }
    return true;
}

static void mixed_accesses(void **state)
{
    (void)state;
    assert_true(survives(0));
    assert_true(survives(15));
    assert_false(survives(70));
    assert_false(survives(100));
}

/* Each time in vain makes the next one harder to come to, but not impossible. */
static void hysteresis(void **state)
{
    (void)state;
    unsigned first = faults_needed(EIP), last = first, n;
    for (n = 0; n < 3; n++) {
        give_up(EIP);
        unsigned now = faults_needed(EIP);
        assert_true(now >= 2 * last);
        last = now;
    }
    for (n = 0; n < 20; n++) {
        give_up(EIP);
        assert_true(faults_needed(EIP) < MANY);
    }
}

static unsigned place(uint32_t eip)
{
    static struct adapt empty;
    memset(&empty, 0, sizeof empty);
    adapt_faulted(&empty, eip);
    for (unsigned n = 0; n < ADAPT_SITES; n++) {
        if (empty.site[n].faults)
            return n;
    }
    fail();
    return 0;
}

/* The next address that has the same place as EIP. */
static uint32_t rival(void)
{
    uint32_t eip = EIP + 1;
    while (place(eip) != place(EIP))
        eip++;
    return eip;
}

static void two_addresses_of_one_place(void **state)
{
    (void)state;
    uint32_t other = rival();
    faults_needed(EIP);
    for (unsigned n = 0; n < 1000; n++) { /* both run: who is there stays */
        assert_true(adapt_ran(a, EIP, false));
        assert_false(adapt_faulted(a, other));
    }
    faults_needed(other); /* one runs no more */
    assert_true(adapt_is_callout(a, other));
    assert_false(adapt_is_callout(a, EIP));
    assert_false(adapt_ran(a, EIP, false));
    assert_true(adapt_ran(a, other, false));
}

/* Whatever a guest does, each change of an instruction's kind, which costs two blocks, is paid for
 * by many exits. */
static void bounded(void **state)
{
    (void)state;
    const unsigned events = 1000000;
    unsigned changes = 0;
    seed = 7;
    for (unsigned n = 0; n < events; n++) {
        uint32_t eip = EIP + (uint32_t)(next_number() >> 8) % 40;
        bool before = adapt_is_callout(a, eip);
        if (before)
            adapt_ran(a, eip, true); /* in vain, as ever */
        else
            adapt_faulted(a, eip);
        changes += before != adapt_is_callout(a, eip);
    }
    assert_in_range(changes, 100, events / 20);
}

/* ---- Blocks --------------------------------------------------------------------- */

static uint32_t make(uint32_t eip)
{
    v->eip = eip;
    uint64_t entry = bt_find(v);
    assert_int_not_equal(entry, 0);
    return bt_block(vm, entry);
}

/* Where in block B host code BYTES stand. */
static uint32_t offset_of(uint32_t b, const void *bytes, size_t len)
{
    const struct block *p = &vm->bt->block[b];
    for (uint32_t off = 0; off + len <= p->tc_len; off++) {
        if (!memcmp(vm->bt->tc.write + p->tc + off, bytes, len))
            return off;
    }
    return NO_FRAME;
}

#define COPY "\x67\x89\x02" /* mov [edx], eax */

/* Behind the gate of a callout. */
static uint32_t behind_gate(uint32_t b)
{
    const uint8_t far_call[] = {0x41, 0xff, 0x5f, offsetof(struct vcpu, gate[TC_EXIT_ADAPTED])};
    uint32_t off =
        vm->bt->tc.gate_kind == GATE_FAR ? offset_of(b, far_call, 4) : offset_of(b, "\xcd\xc3", 2);
    return off == NO_FRAME ? off : off + gate_size(vm->bt);
}

static bool is_copy(uint32_t b)
{
    bool copy = offset_of(b, COPY, 3) != NO_FRAME;
    assert_true(copy != (behind_gate(b) != NO_FRAME));
    return copy;
}

/* Block B stops with v->eip = EIP. */
static struct host_exit stop(uint32_t b, uint32_t off, enum host_exit_kind kind)
{
    struct host_exit x = {.kind = kind, .rip = bt_entry(vm->bt, b) + off};
    x.scratch[SCR_RSP] = v->tc_rsp;
    bt_unwind(v, &x);
    return x;
}

static void fault(uint32_t b)
{
    struct host_exit x = stop(b, offset_of(b, COPY, 3), HX_EXCEPTION);
    assert_int_equal(v->eip, STORE);
    bt_faulted(v, &x);
}

static void call_out(uint32_t b, bool ordinary)
{
    struct host_exit x = stop(b, behind_gate(b), HX_TC);
    assert_int_equal(v->eip, STORE);
    bt_called_out(v, &x, STORE, ordinary);
}

static void adapt(uint32_t b)
{
    for (unsigned n = 0; vm->bt->block[b].live; n++) {
        assert_true(n < MANY);
        fault(b);
    }
}

static void a_block_is_made_anew(void **state)
{
    (void)state;
    bt_put(vm, EIP, CODE, 5);
    uint32_t b = make(EIP), other = make(EIP + 0x40);
    assert_true(is_copy(b));
    fault(b);
    assert_true(vm->bt->block[b].live);
    adapt(b);
    assert_true(adapt_is_callout(a, STORE));
    assert_int_equal(vm->stats.n[STAT_BT_ADAPTED], 1);
    assert_true(vm->bt->block[other].live);
    uint32_t again = make(EIP);
    assert_false(is_copy(again));
    assert_int_equal(vm->bt->block[again].len, 3); /* the callout ends it */
    call_out(again, false);
    assert_true(vm->bt->block[again].live);
    for (unsigned n = 0; vm->bt->block[again].live; n++) {
        assert_true(n < MANY);
        call_out(again, true);
    }
    assert_int_equal(vm->stats.n[STAT_BT_READAPTED], 1);
    assert_true(is_copy(make(EIP)));
}

/* Two blocks have the instruction: what one of them learnt of its window, the other does not undo.
 */
static void windows_of_two_blocks(void **state)
{
    (void)state;
    bt_put(vm, EIP, CODE, 5);
    uint32_t first = make(EIP), second = make(STORE);
    struct host_exit x = stop(first, offset_of(first, COPY, 3), HX_EXCEPTION);
    assert_true(bt_turn_window(v, &x, false));
    assert_false(vm->bt->block[first].live);
    assert_int_equal(window_user_operands(&vm->bt->windows, STORE), WINDOW_SOURCE);
    x = stop(second, offset_of(second, COPY, 3), HX_EXCEPTION);
    assert_true(bt_turn_window(v, &x, false));
    assert_false(vm->bt->block[second].live);
    assert_int_equal(window_user_operands(&vm->bt->windows, STORE), WINDOW_SOURCE);
    first = make(EIP);
    x = stop(first, offset_of(first, COPY, 3), HX_EXCEPTION);
    assert_true(bt_turn_window(v, &x, false));
    assert_int_equal(window_user_operands(&vm->bt->windows, STORE), 0);
}

/* An access outside the guest's 4 GiB: FS or GS are somewhere else now, or not. */
static void a_segment_has_moved(void **state)
{
    (void)state;
    bt_put(vm, EIP, CODE, 5);
    uint32_t b = make(EIP);
    struct host_exit x = stop(b, offset_of(b, COPY, 3), HX_EXCEPTION);
    bt_missed(v, &x);
    assert_true(vm->bt->block[b].live);
    v->seg[S_FS].base = 0x2000;
    bt_missed(v, &x);
    assert_false(vm->bt->block[b].live);
    b = make(EIP);
    x = stop(b, offset_of(b, COPY, 3), HX_EXCEPTION);
    for (unsigned n = 0; vm->bt->block[b].live; n++) {
        assert_true(n < MANY);
        bt_missed(v, &x);
    }
    assert_true(adapt_is_callout(a, STORE));
}

static void with_call_gates(void **state)
{
    vm->bt->tc.gate_kind = GATE_FAR;
    cache_flush_all(vm);
    a_block_is_made_anew(state);
}

/* Other blocks with the same instruction follow when it is their turn, at once. */
static void its_other_blocks(void **state)
{
    (void)state;
    bt_put(vm, EIP, CODE, 5);
    uint32_t first = make(EIP), second = make(STORE);
    adapt(first);
    assert_true(vm->bt->block[second].live);
    fault(second);
    assert_false(vm->bt->block[second].live);
    first = make(EIP);
    second = make(STORE);
    assert_false(is_copy(first) || is_copy(second));
    while (vm->bt->block[first].live)
        call_out(first, true);
    call_out(second, false);
    assert_false(vm->bt->block[second].live);
    assert_int_equal(vm->stats.n[STAT_BT_ADAPTED], 1);
    assert_int_equal(vm->stats.n[STAT_BT_READAPTED], 1);
}

/* The monitor may have dropped the block meanwhile, or all of them; and what faults need not be in
 * a block of the guest's at all. */
static void blocks_that_are_gone(void **state)
{
    (void)state;
    bt_put(vm, EIP, CODE, 5);
    uint32_t b = make(EIP);
    struct host_exit x = stop(b, offset_of(b, COPY, 3), HX_EXCEPTION);
    assert_true(bt_wrote(vm, gfn(EIP >> PAGE_SHIFT), 0x101, 0x101));
    uint64_t dropped = vm->stats.n[STAT_BT_INVALIDATED];
    for (unsigned n = 0; n < 100; n++)
        bt_faulted(v, &x);
    cache_flush_all(vm);
    bt_faulted(v, &x);
    bt_called_out(v, &x, STORE, true);
    assert_int_equal(vm->stats.n[STAT_BT_INVALIDATED], dropped);
    b = make(EIP); /* at the same place: what X says is not of this one */
    assert_true(x.rip - bt_entry(vm->bt, b) < vm->bt->block[b].tc_len);
    bt_faulted(v, &x);
    assert_true(vm->bt->block[b].live);
    struct host_exit thunk = stop(0, 2, HX_EXCEPTION);
    v->eip = STORE;
    bt_faulted(v, &thunk);
    thunk.rip = vm->bt->tc.exec + vm->bt->tc.size - 1;
    bt_faulted(v, &thunk);
    assert_int_equal(vm->stats.n[STAT_BT_INVALIDATED], dropped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(many_faults_make_a_callout, set_up),
        cmocka_unit_test_setup(rare_faults_do_not, set_up),
        cmocka_unit_test_setup(ordinary_accesses_end_it, set_up),
        cmocka_unit_test_setup(long_standing, set_up),
        cmocka_unit_test_setup(mixed_accesses, set_up),
        cmocka_unit_test_setup(hysteresis, set_up),
        cmocka_unit_test_setup(two_addresses_of_one_place, set_up),
        cmocka_unit_test_setup(bounded, set_up),
        cmocka_unit_test_setup(a_block_is_made_anew, set_up),
        cmocka_unit_test_setup(a_segment_has_moved, set_up),
        cmocka_unit_test_setup(windows_of_two_blocks, set_up),
        cmocka_unit_test_setup(with_call_gates, set_up),
        cmocka_unit_test_setup(its_other_blocks, set_up),
        cmocka_unit_test_setup(blocks_that_are_gone, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
