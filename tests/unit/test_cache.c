/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The cache's records: how blocks are found, what drops them, and what a full cache does. No block
 * is run here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/trace.h"
#include "tests/unit/bt_world.h"

#define EIP   (BT_CODE + 0x100)
#define FRAME (EIP >> PAGE_SHIFT)

static struct vm *vm;
static struct vcpu *v;

static int set_up(void **state)
{
    (void)state;
    vm = bt_world(false);
    v = vm->vcpu;
    return 0;
}

/* Code at EIP and its block. */
static uint32_t make(uint32_t eip, const char *code, size_t len)
{
    bt_put(vm, eip, code, len);
    v->eip = eip;
    uint64_t entry = bt_find(v);
    assert_int_not_equal(entry, 0);
    return bt_block(vm, entry);
}

static uint32_t block_of(uint32_t entry)
{
    return vm->bt->entry[entry].block;
}

static uint32_t find(uint32_t eip, uint32_t page_frame, bool global)
{
    struct code_page page = bt_page(vm, eip), next = bt_page(vm, eip + PAGE_SIZE);
    page.frame = gfn(page_frame);
    page.global = global;
    return block_of(cache_find(vm->bt, eip, cache_mode(v), &page, &next));
}

static void found_by_address_mode_and_frame(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\x90\x40\xc3", 3);
    assert_int_equal(vm->bt->block[b].eip, EIP);
    assert_int_equal(vm->bt->block[b].len, 3);
    assert_int_equal(vm->bt->block[b].frame[0], FRAME);
    assert_int_equal(vm->bt->block[b].frame[1], NO_FRAME);
    assert_int_equal(find(EIP, FRAME, true), b);
    assert_int_equal(find(EIP + 1, FRAME, true), NO_BLOCK);
    assert_int_equal(find(EIP, FRAME + 1, true), NO_BLOCK);
    assert_int_equal(find(EIP, FRAME, false), NO_BLOCK);
    v->cpl = 1;
    assert_int_equal(find(EIP, FRAME, true), NO_BLOCK);
    uint32_t other = make(EIP, "\x90\x40\xc3", 3);
    assert_int_not_equal(other, b);
    assert_int_equal(find(EIP, FRAME, true), other);
    v->cpl = 0;
    assert_int_equal(find(EIP, FRAME, true), b);
}

static void modes(void **state)
{
    (void)state;
    assert_int_equal(cache_mode(v), MODE_DS | MODE_ES);
    v->cpl = 2;
    assert_int_equal(cache_mode(v), 2 | MODE_DS | MODE_ES);
    v->cr0 |= CR0_PG;
    v->seg[S_DS].base = 1;
    assert_int_equal(cache_mode(v), 2 | MODE_ES | MODE_PAGING);
    v->seg[S_DS].base = 0;
    v->seg[S_ES].limit = 0xfffff;
    assert_int_equal(cache_mode(v), 2 | MODE_DS | MODE_PAGING);
    v->seg[S_ES].limit = 0xffffffff;
    v->seg[S_ES].attr |= SA_DC; /* expands down: covers nothing */
    assert_int_equal(cache_mode(v), 2 | MODE_DS | MODE_PAGING);
    v->seg[S_ES].attr = (v->seg[S_ES].attr & ~(uint32_t)(SA_DC | SA_RW)); /* read-only */
    assert_int_equal(cache_mode(v), 2 | MODE_DS | MODE_PAGING);
    v->seg[S_DS].attr |= SA_NULL;
    assert_int_equal(cache_mode(v), 2 | MODE_PAGING);
}

static bool wrote(uint32_t frame, unsigned first, unsigned last)
{
    return bt_wrote(vm, gfn(frame), first, last);
}

/* All of it that begins there, in whatever mode and of whatever frame, and what leads to it. */
static void a_page_dropped(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\x90\x40\xc3", 3), last = make(EIP + 0xe00, "\x40\xc3", 2);
    uint32_t beside = make(EIP + PAGE_SIZE, "\xc3", 1);
    uint32_t jump = make(EIP - PAGE_SIZE, "\xe9\xfb\x0f\x00\x00", 5); /* to EIP */
    v->cpl = 1;
    uint32_t other = make(EIP, "\x90\x40\xc3", 3);
    v->cpl = 0;
    bt_drop_page(vm, gva(EIP & ~PAGE_MASK));
    assert_false(vm->bt->block[b].live || vm->bt->block[last].live || vm->bt->block[other].live);
    assert_true(vm->bt->block[beside].live && vm->bt->block[jump].live);
    assert_int_equal(vm->bt->slot[vm->bt->block[jump].slots].target, NO_BLOCK);
    assert_int_equal(find(EIP, FRAME, true), NO_BLOCK);
    v->eip = EIP;
    assert_int_equal(bt_lookup(v), 0);
    bt_drop_page(vm, gva(EIP & ~PAGE_MASK)); /* nothing is left */
    assert_int_not_equal(make(EIP, "\x90\x40\xc3", 3), b);
}

static void dropped_by_a_write_to_its_bytes(void **state)
{
    (void)state;
    static const struct {
        unsigned first, last;
        bool drops;
    } cases[] = {
        {0xff, 0xff, false},  {0x103, 0x103, false}, {0, 0xff, false},     {0x103, 0xfff, false},
        {0x100, 0x100, true}, {0x102, 0x102, true},  {0x101, 0x101, true}, {0xf0, 0x100, true},
        {0x102, 0x200, true}, {0, 0xfff, true},
    };
    for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
        uint32_t b = make(EIP, "\x90\x40\xc3", 3);
        assert_true(trace_clients(vm, gfn(FRAME)) & TRACE_CODE);
        assert_false(wrote(FRAME + 1, 0, PAGE_SIZE - 1));
        assert_int_equal(wrote(FRAME, cases[n].first, cases[n].last), cases[n].drops);
        assert_int_equal(find(EIP, FRAME, true), cases[n].drops ? NO_BLOCK : b);
        assert_int_equal(vm->bt->block[b].live, !cases[n].drops);
        assert_int_equal(bt_lookup(v) == 0, cases[n].drops);
        assert_int_equal(trace_clients(vm, gfn(FRAME)), cases[n].drops ? 0 : TRACE_CODE);
    }
}

static void traced_while_a_block_is_left(void **state)
{
    (void)state;
    make(EIP, "\xc3", 1);
    make(EIP + 8, "\xc3", 1);
    assert_true(wrote(FRAME, 0x100, 0x100));
    assert_int_equal(trace_clients(vm, gfn(FRAME)), TRACE_CODE);
    assert_true(wrote(FRAME, 0x108, 0x108));
    assert_int_equal(trace_clients(vm, gfn(FRAME)), 0);
    assert_false(wrote(FRAME, 0, PAGE_SIZE - 1));
}

/* mov eax, imm32 with two bytes in this page and three in the next. */
static uint32_t make_crossing(void)
{
    return make(BT_CODE + PAGE_SIZE - 2, "\xb8\x01\x02\x03\x04\xc3", 6);
}

static void crossing_block(void **state)
{
    (void)state;
    uint32_t first = BT_CODE >> PAGE_SHIFT, eip = BT_CODE + PAGE_SIZE - 2;
    struct code_page page = bt_page(vm, eip), next = bt_page(vm, eip + PAGE_SIZE);
    for (unsigned n = 0; n < 6; n++) {
        uint32_t b = make_crossing();
        assert_int_equal(vm->bt->block[b].len, 5);
        assert_int_equal(vm->bt->block[b].frame[0], first);
        assert_int_equal(vm->bt->block[b].frame[1], first + 1);
        assert_int_equal(trace_clients(vm, gfn(first + 1)), TRACE_CODE);
        assert_int_equal(block_of(cache_find(vm->bt, eip, cache_mode(v), &page, &next)), b);
        assert_int_equal(cache_find(vm->bt, eip, cache_mode(v), &page, &page), NO_BLOCK);
        assert_int_equal(cache_find(vm->bt, eip, cache_mode(v), &page, NULL), NO_BLOCK);
        assert_false(wrote(first, 0, PAGE_SIZE - 3));
        assert_false(wrote(first + 1, 3, PAGE_SIZE - 1));
        switch (n) {
        case 0:
            assert_true(wrote(first, PAGE_SIZE - 1, PAGE_SIZE - 1));
            break;
        case 1:
            assert_true(wrote(first, PAGE_SIZE - 2, PAGE_SIZE - 2));
            break;
        case 2:
            assert_true(wrote(first + 1, 0, 0));
            break;
        case 3:
            assert_true(wrote(first + 1, 2, 9));
            break;
        default:
            assert_true(wrote(first + n % 2, 0, PAGE_SIZE - 1));
            break;
        }
        assert_int_equal(cache_find(vm->bt, eip, cache_mode(v), &page, &next), NO_BLOCK);
        wrote(first, 0, PAGE_SIZE - 1); /* the trace of the other frame goes at the next write */
        wrote(first + 1, 0, PAGE_SIZE - 1);
        assert_int_equal(trace_clients(vm, gfn(first)), 0);
        assert_int_equal(trace_clients(vm, gfn(first + 1)), 0);
    }
}

/* A crossing instruction whose second page is not there is left to the interpreter. */
static void second_page_absent(void **state)
{
    (void)state;
    uint32_t eip = BT_CODE + PAGE_SIZE - 2;
    struct code_page page = bt_page(vm, eip);
    bt_put(vm, eip, "\xb8\x01\x02\x03\x04\xc3", 6);
    v->eip = eip;
    uint32_t blocks = vm->bt->nblocks, slots = vm->bt->nslots, records = vm->bt->nrecords;
    assert_int_equal(bt_translate(v, &page, NULL), 0);
    assert_int_equal(vm->bt->nblocks, blocks); /* nothing is kept of the attempt */
    assert_int_equal(vm->bt->nslots, slots);
    assert_int_equal(vm->bt->nrecords, records);
    struct code_page next = bt_page(vm, eip + PAGE_SIZE);
    uint32_t b = bt_block(vm, bt_translate(v, &page, &next));
    assert_int_equal(vm->bt->block[b].frame[1], next.frame.v);
}

/* Both frames of a block in one bucket's list, in every order of neighbours, and twice the same
 * frame. */
static void two_frames_of_one_bucket(void **state)
{
    (void)state;
    uint32_t eip = BT_CODE + PAGE_SIZE - 2, frame = BT_CODE >> PAGE_SHIFT;
    const uint32_t second[] = {frame + FRAME_BUCKETS, frame};
    for (unsigned k = 0; k < ARRAY_SIZE(second); k++) {
        for (unsigned side = 0; side < 2; side++) {
            struct code_page page = bt_page(vm, eip), next = bt_page(vm, eip + PAGE_SIZE);
            next.frame = gfn(second[k]);
            uint32_t before = make(BT_CODE + 8, "\xc3", 1);
            bt_put(vm, eip, "\xb8\x01\x02\x03\x04\xc3", 6);
            v->eip = eip;
            uint32_t b = bt_block(vm, bt_translate(v, &page, &next));
            uint32_t after = make(BT_CODE + 16, "\xc3", 1);
            assert_int_equal(vm->bt->block[b].frame[1], second[k]);
            if (side)
                assert_true(wrote(second[k], 0, 2));
            else
                assert_true(wrote(frame, PAGE_SIZE - 1, PAGE_SIZE - 1));
            assert_false(vm->bt->block[b].live);
            assert_true(vm->bt->block[before].live && vm->bt->block[after].live);
            assert_int_equal(find(BT_CODE + 8, frame, true), before);
            assert_int_equal(find(BT_CODE + 16, frame, true), after);
            assert_false(wrote(second[k], 0, 2));
            assert_true(wrote(frame, 0, PAGE_SIZE - 1));
            assert_false(vm->bt->block[before].live || vm->bt->block[after].live);
            assert_int_equal(vm->bt->by_frame[frame % FRAME_BUCKETS], 0);
        }
    }
}

static void whole_page_and_both_sides_at_once(void **state)
{
    (void)state;
    uint32_t eip = BT_CODE + PAGE_SIZE - 2, frame = BT_CODE >> PAGE_SHIFT;
    struct code_page page = bt_page(vm, eip);
    make(BT_CODE + 8, "\xc3", 1);
    bt_put(vm, eip, "\xb8\x01", 2);
    bt_put(vm, BT_CODE, "\x02\x03\x04\xc3", 4);
    v->eip = eip;
    uint32_t b = bt_block(vm, bt_translate(v, &page, &page));
    make(BT_CODE + 16, "\xc3", 1);
    assert_true(wrote(frame, 0, PAGE_SIZE - 1));
    assert_false(vm->bt->block[b].live);
    assert_int_equal(vm->bt->by_frame[frame % FRAME_BUCKETS], 0);
    assert_int_equal(trace_clients(vm, gfn(frame)), 0);
}

/* A drop takes the block out of the links in both directions. */
static void dropped_blocks_are_disconnected(void **state)
{
    (void)state;
    uint32_t a = make(EIP, "\xeb\x0e", 2), b = make(EIP + 16, "\xeb\xee", 2);
    struct bt *bt = vm->bt;
    uint32_t ab = bt->block[a].slots, ba = bt->block[b].slots;
    slot_connect(bt, ab, bt->block[b].entries);
    slot_connect(bt, ba, bt->block[a].entries);
    assert_int_equal(bt_leads_to(bt, ab), bt->block[b].tc);
    assert_true(wrote(FRAME, 0x110, 0x110));
    assert_int_equal(bt_leads_to(bt, ab), slot_stub(bt, ab));
    assert_int_equal(bt_leads_to(bt, ba), slot_stub(bt, ba));
    assert_int_equal(bt->block[a].incoming, 0);
    assert_int_equal(bt->block[b].incoming, 0);
    assert_true(bt->block[a].live);
}

static void flush_forgets_everything(void **state)
{
    (void)state;
    make(EIP, "\xeb\x0e", 2);
    uint32_t flushes = vm->bt->flushes;
    cache_flush_all(vm);
    assert_int_equal(vm->bt->flushes, flushes + 1);
    assert_int_equal(find(EIP, FRAME, true), NO_BLOCK);
    assert_int_equal(bt_lookup(v), 0);
    assert_int_equal(vm->bt->nblocks, 1);
    assert_int_equal(vm->bt->nslots, 1);
    assert_false(wrote(FRAME, 0, PAGE_SIZE - 1));
    assert_int_equal(trace_clients(vm, gfn(FRAME)), 0);
    make(EIP, "\xeb\x0e", 2);
}

/* Where the last block may begin: what it may need, and its stubs, below those that are there. */
static uint32_t last_place(const struct bt *bt)
{
    return bt->tc.size - MAX_BLOCK_CODE - STUB_SIZE * (bt->nslots + 2 * MAX_BLOCK_INSNS + 8);
}

/* Whichever of its stores runs out, the next block is made in an empty cache. */
static void full_cache(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 4; n++) {
        struct bt *bt = vm->bt;
        make(EIP, "\xeb\x0e", 2);
        uint32_t flushes = bt->flushes;
        if (n == 0)
            bt->tc_used = last_place(bt) + 16;
        else if (n == 1)
            bt->nblocks = MAX_BLOCKS;
        else if (n == 2)
            bt->nslots = MAX_SLOTS - 1;
        else
            bt->nrecords = MAX_RECORDS - 1;
        uint32_t eip = EIP + 64 + 8 * n, b = make(eip, "\x90\xc3", 2);
        assert_int_equal(bt->flushes, flushes + 1);
        assert_int_equal(b, 1);
        assert_int_equal(bt->nblocks, 2);
        assert_int_equal(find(EIP, FRAME, true), NO_BLOCK);
        assert_int_equal(find(eip, FRAME, true), b);
    }
}

/* Just room enough: no flush, and nothing behind the area is written. */
static void last_room(void **state)
{
    (void)state;
    struct bt *bt = vm->bt;
    uint32_t flushes = bt->flushes;
    uint32_t place = bt->tc_used = last_place(bt);
    uint32_t b = make(EIP, "\x90\xc3", 2);
    assert_int_equal(bt->flushes, flushes);
    assert_int_equal(bt->block[b].tc, place);
}

static void mixed_pages(void **state)
{
    (void)state;
    unsigned refused = 0;
    for (unsigned n = 0; n < MIXED_AFTER; n++) {
        make(EIP, "\xc3", 1);
        assert_true(wrote(FRAME, 0x100, 0x100));
    }
    while (bt_find(v) == 0)
        assert_true(++refused < 1000);
    assert_int_equal(refused, MIXED_FOR - MIXED_AFTER + 1);
    make(EIP + PAGE_SIZE, "\xc3", 1); /* others never were */
    assert_true(wrote(FRAME, 0x100, 0x100));
    make(EIP, "\xc3", 1); /* counted from the start again */
}

static void block_at_offset(void **state)
{
    (void)state;
    uint32_t a = make(EIP, "\x40\xc3", 2), b = make(EIP + 16, "\x40\xc3", 2);
    const struct bt *bt = vm->bt;
    assert_int_equal(cache_block_at(bt, 0), 0);
    assert_int_equal(cache_block_at(bt, bt->block[a].tc), a);
    assert_int_equal(cache_block_at(bt, bt->block[b].tc - 1), a);
    assert_int_equal(cache_block_at(bt, bt->block[b].tc), b);
    assert_int_equal(cache_block_at(bt, bt->tc_used - 1), b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(found_by_address_mode_and_frame, set_up),
        cmocka_unit_test_setup(modes, set_up),
        cmocka_unit_test_setup(a_page_dropped, set_up),
        cmocka_unit_test_setup(dropped_by_a_write_to_its_bytes, set_up),
        cmocka_unit_test_setup(traced_while_a_block_is_left, set_up),
        cmocka_unit_test_setup(crossing_block, set_up),
        cmocka_unit_test_setup(second_page_absent, set_up),
        cmocka_unit_test_setup(two_frames_of_one_bucket, set_up),
        cmocka_unit_test_setup(whole_page_and_both_sides_at_once, set_up),
        cmocka_unit_test_setup(dropped_blocks_are_disconnected, set_up),
        cmocka_unit_test_setup(flush_forgets_everything, set_up),
        cmocka_unit_test_setup(full_cache, set_up),
        cmocka_unit_test_setup(last_room, set_up),
        cmocka_unit_test_setup(mixed_pages, set_up),
        cmocka_unit_test_setup(block_at_offset, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
