/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The look-up table and what empties it, seen through bt_lookup and through the emitted search,
 * which runs natively.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bt_run.h"
#include "tests/unit/bt_world.h"

#define EIP (BT_CODE + 0x100)

static struct vm *vm;
static struct vcpu *v;

static int set_up(void **state)
{
    (void)state;
    vm = bt_world(false);
    v = vm->vcpu;
    return 0;
}

/* A block of one RET at EIP in a page that is global or not. */
static uint32_t make(uint32_t eip, bool global)
{
    bt_put(vm, eip, "\xc3", 1);
    struct code_page page = bt_page(vm, eip), next = bt_page(vm, eip + PAGE_SIZE);
    page.global = next.global = global;
    v->eip = eip;
    bt_lookup(v);
    uint64_t entry = bt_translate(v, &page, &next);
    assert_int_not_equal(entry, 0);
    return bt_block(vm, entry);
}

static bool known(uint32_t eip)
{
    v->eip = eip;
    uint64_t entry = bt_lookup(v);
    if (entry)
        assert_int_equal(vm->bt->block[bt_block(vm, entry)].eip, eip);
    return entry != 0;
}

static void entered_and_removed(void **state)
{
    (void)state;
    assert_false(known(EIP));
    uint32_t b = make(EIP, true);
    assert_true(known(EIP));
    assert_false(known(EIP + 1));
    lookup_remove(v, b);
    assert_false(known(EIP));
    lookup_enter(v, vm->bt->block[b].entries);
    assert_true(known(EIP));
    lookup_clear(v);
    assert_false(known(EIP));
}

/* Runs the emitted search from OFF for S. The block that it finds, 0 for a miss. */
static uint64_t search_from(struct tc_state *s, uint32_t off, uint32_t eip)
{
    s->rip = vm->bt->tc.exec + off;
    s->gpr[8] = eip;
    uint64_t end = vm->bt->tc.exec + vm->bt->block[0].tc_len;
    do
        tc_go(s, true);
    while (s->trap == VEC_DB && s->rip >= vm->bt->tc.exec && s->rip < end);
    return s->trap == VEC_DB ? s->rip : 0;
}

/* Runs RET to EIP: what the emitted search finds, 0 for a miss. */
static uint64_t emitted_search(uint32_t eip)
{
    struct tc_state s;
    struct host_exit x;
    tc_load(&s, v, 0);
    uint64_t found = search_from(&s, vm->bt->thunk[SIDE_KERNEL].lookup, eip);
    if (found)
        return found;
    tc_store(&s, v, &x);
    assert_int_equal(x.kind, HX_TC);
    assert_int_equal(x.code, TC_EXIT_MISS);
    bt_unwind(v, &x);
    assert_int_equal(v->eip, eip);
    return 0;
}

/* As the table's comment says: low 16 bits of the address plus itself with its bytes swapped. The
 * first address from FROM on that hashes to what EIP does. */
static uint32_t same_entry(uint32_t from, uint32_t eip)
{
    uint32_t want = (eip + __builtin_bswap32(eip)) & 0xffff;
    for (uint32_t other = from; other < BT_RAM; other++)
        if (other != eip && ((other + __builtin_bswap32(other)) & 0xffff) == want)
            return other;
    fail();
    return 0;
}

/* As many as there are ways are found at once; one more, and one of them is forgotten. */
static void addresses_of_one_hash(void **state)
{
    (void)state;
    uint32_t eip[LOOKUP_WAYS + 1], block[LOOKUP_WAYS + 1], from = BT_CODE;
    for (unsigned n = 0; n <= LOOKUP_WAYS; n++, from = eip[n - 1] + 1)
        eip[n] = same_entry(from, EIP);
    for (unsigned n = 0; n < LOOKUP_WAYS; n++)
        block[n] = make(eip[n], true);
    for (unsigned n = 0; n < LOOKUP_WAYS; n++) {
        assert_true(known(eip[n]));
        assert_int_equal(emitted_search(eip[n]), bt_entry(vm->bt, block[n]));
    }
    lookup_remove(v, block[3]);
    assert_int_equal(emitted_search(eip[3]), 0);
    assert_int_equal(emitted_search(eip[4]), bt_entry(vm->bt, block[4]));
    lookup_enter(v, vm->bt->block[block[3]].entries);
    block[LOOKUP_WAYS] = make(eip[LOOKUP_WAYS], true);
    unsigned found = 0;
    for (unsigned n = 0; n <= LOOKUP_WAYS; n++) {
        found += known(eip[n]);
        assert_int_equal(emitted_search(eip[n]), known(eip[n]) ? bt_entry(vm->bt, block[n]) : 0);
    }
    assert_true(known(eip[LOOKUP_WAYS]));
    assert_int_equal(found, LOOKUP_WAYS);
    for (unsigned n = 0; n <= LOOKUP_WAYS; n++)
        lookup_remove(v, block[n]);
    for (unsigned n = 0; n <= LOOKUP_WAYS; n++)
        assert_false(known(eip[n]));
}

/* Entering an address again leaves no second copy that would outlive it. */
static void entered_twice(void **state)
{
    (void)state;
    uint32_t a = make(EIP, false), b = make(same_entry(BT_CODE, EIP), true);
    lookup_enter(v, vm->bt->block[a].entries);
    assert_true(known(EIP) && known(vm->bt->block[b].eip));
    bt_flush_space(v, false);
    assert_false(known(EIP));
    assert_int_equal(emitted_search(EIP), 0);
    assert_true(known(vm->bt->block[b].eip));
}

/* No address is found in an empty table, not even those whose tag says "empty" elsewhere; stale
 * targets must not be reached either. */
/* The first address from FROM on that is looked for in entry I first. */
static uint32_t address_of(uint32_t from, unsigned i)
{
    while (lookup_index(from) != i)
        from++;
    assert_in_range(from, 1, BT_RAM - 1);
    return from;
}

static void assert_all_empty(void)
{
    const struct lookup_entry *e = (const void *)((uint8_t *)v + LOOKUP_TABLE(SIDE_KERNEL));
    for (unsigned i = 0; i < LOOKUP_ENTRIES; i++)
        assert_int_equal(e[i].tag, i < LOOKUP_WAYS);
}

/* Addresses at the end of a part reach into the next one. */
static void clearing_leaves_nothing(void **state)
{
    (void)state;
    assert_all_empty();
    for (unsigned part = 1; part <= LOOKUP_HASHES / LOOKUP_PART; part++) {
        uint32_t eip = BT_CODE;
        for (unsigned way = 0; way < LOOKUP_WAYS; way++) {
            eip = address_of(eip + 1, part * LOOKUP_PART - 1);
            make(eip, true);
        }
        assert_true(known(eip));
    }
    lookup_clear(v);
    assert_all_empty();
}

static void nothing_in_an_empty_table(void **state)
{
    (void)state;
    static const uint32_t hard[] = {0,          1,          0xffffffff, 0xfffffffe,
                                    0x00010000, 0xffff0000, 0x80000000};
    for (unsigned pass = 0; pass < 2; pass++) {
        struct lookup_entry *e = (void *)((uint8_t *)v + LOOKUP_TABLE(SIDE_KERNEL));
        for (unsigned i = 0; i < LOOKUP_ENTRIES; i++)
            e[i].target = pass ? 0x1111111111111111 : 0;
        lookup_clear(v);
        for (uint64_t eip = 0; eip <= 0xffffffff; eip += 65521) {
            v->eip = (uint32_t)eip;
            assert_int_equal(bt_lookup(v), 0);
        }
        for (unsigned n = 0; n < ARRAY_SIZE(hard); n++) {
            v->eip = hard[n];
            assert_int_equal(bt_lookup(v), 0);
            assert_int_equal(emitted_search(hard[n]), 0);
        }
    }
}

static void emitted_search_agrees(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 300; n++) {
        uint32_t eip = EIP + n * 4099;
        v->gpr[R_ECX] = eip ^ 0x55555555;
        uint32_t b = make(eip, n & 1);
        assert_int_equal(emitted_search(eip), bt_entry(vm->bt, b));
        assert_int_equal(emitted_search(eip + 1), 0);
        assert_int_equal(v->gpr[R_ECX], eip ^ 0x55555555);
        lookup_remove(v, b);
        assert_int_equal(emitted_search(eip), 0);
    }
}

/* The ends of the address space may hold code like any other place. */
static void first_and_last_address(void **state)
{
    (void)state;
    static const uint32_t eips[] = {0, 0xffffffff};
    for (unsigned n = 0; n < ARRAY_SIZE(eips); n++) {
        struct code_page page = bt_page(vm, BT_CODE);
        page.linear = gva(eips[n] & ~PAGE_MASK);
        bt_put(vm, BT_CODE + (eips[n] & PAGE_MASK), "\xc3", 1);
        v->eip = eips[n];
        bt_lookup(v);
        uint64_t entry = bt_translate(v, &page, &page);
        assert_int_not_equal(entry, 0);
        assert_int_equal(bt_lookup(v), entry);
        assert_int_equal(emitted_search(eips[n]), entry);
        lookup_remove(v, bt_block(vm, entry));
        v->eip = eips[n];
        assert_int_equal(bt_lookup(v), 0);
    }
}

static void mode_change_empties(void **state)
{
    (void)state;
    make(EIP, true);
    v->cpl = 1;
    assert_false(known(EIP));
    v->cpl = 0;
    assert_false(known(EIP));
    uint32_t b = make(EIP, true); /* found among the blocks, not made again */
    assert_int_equal(vm->bt->nblocks, b + 1);
    assert_true(known(EIP));
}

static void space_flushes(void **state)
{
    (void)state;
    make(EIP, true);
    make(EIP + PAGE_SIZE, false);
    make(EIP + 2 * PAGE_SIZE, false);
    bt_flush_space(v, false);
    assert_true(known(EIP));
    assert_false(known(EIP + PAGE_SIZE));
    assert_false(known(EIP + 2 * PAGE_SIZE));
    bt_flush_space(v, true);
    assert_false(known(EIP));
}

/* A return that is not the expected one comes with its flags in R9: those are the guest's where it
 * arrives, and where it leaves. */
static void other_return(void **state)
{
    (void)state;
    static const uint32_t flags[] = {0, FL_OF, FL_CF | FL_SF, FL_ARITH, FL_ZF | FL_PF | FL_OF};
    uint32_t b = make(EIP, true);
    for (unsigned n = 0; n < ARRAY_SIZE(flags); n++) {
        for (unsigned miss = 0; miss < 2; miss++) {
            struct tc_state s;
            v->gpr[R_EAX] = 0x12345678;
            v->eflags = FL_ONE | FL_DF | (flags[n] ^ FL_ARITH);
            tc_load(&s, v, 0);
            s.gpr[9] = (flags[n] & 0xd5) << 8 | 2u << 8 | (flags[n] & FL_OF ? 1 : 0);
            uint64_t found =
                search_from(&s, vm->bt->thunk[SIDE_KERNEL].other, miss ? EIP + 1 : EIP);
            assert_int_equal(found, miss ? 0 : bt_entry(vm->bt, b));
            assert_int_equal(s.rflags & (FL_ARITH | FL_DF), flags[n] | FL_DF);
            assert_int_equal(s.gpr[0], 0x12345678);
        }
    }
}

/* What a CR3 load took away comes back a page at a time; not what another frame or mode has there.
 */
static void page_comes_back(void **state)
{
    (void)state;
    make(EIP, false);
    make(EIP + 0x20, false);
    make(EIP + PAGE_SIZE, false);
    make(EIP + 0x40, true);
    v->cpl = 1;
    make(EIP + 0x60, false);
    v->cpl = 0;
    assert_false(known(EIP)); /* another mode: empty */
    make(EIP, false);
    assert_true(known(EIP) && known(EIP + 0x20));
    assert_false(known(EIP + PAGE_SIZE));
    assert_false(known(EIP + 0x40));
    assert_false(known(EIP + 0x60));
    bt_flush_space(v, false);
    assert_false(known(EIP + 0x20));
    make(EIP, false);
    assert_true(known(EIP + 0x20));
}

/* More local entries than are remembered. */
static void many_local_entries(void **state)
{
    (void)state;
    for (unsigned n = 0; n < LOCAL_ENTRIES + 10; n++)
        make(EIP + n * 16, false);
    assert_true(known(EIP + (LOCAL_ENTRIES + 9) * 16));
    bt_flush_space(v, false);
    for (unsigned n = 0; n < LOCAL_ENTRIES + 10; n++)
        assert_false(known(EIP + n * 16));
}

/* CR3 loads leave links between global pages; a flush of everything leaves those in one page. */
static void space_flushes_and_links(void **state)
{
    (void)state;
    struct bt *bt = vm->bt;
    bt_put(vm, EIP, "\x74\x20\xeb\x30", 4); /* two exits */
    bt_put(vm, EIP + 0x20, "\xc3", 1);
    v->eip = EIP;
    uint32_t from = bt_block(vm, bt_find(v));
    uint32_t near = make(EIP + 0x22, true), far = make(EIP + PAGE_SIZE, true);
    assert_true(bt->block[from].nslots >= 2);
    uint32_t slot = bt->block[from].slots;
    slot_connect(bt, slot, bt->block[near].entries);
    slot_connect(bt, slot + 1, bt->block[far].entries);
    bt_flush_space(v, false);
    assert_int_equal(bt->slot[slot].target, near);
    assert_int_equal(bt->slot[slot + 1].target, far);
    bt_flush_space(v, true);
    assert_int_equal(bt->slot[slot].target, near);
    assert_int_equal(bt->slot[slot + 1].target, NO_BLOCK);
    assert_int_equal(bt_leads_to(bt, slot + 1), slot_stub(bt, slot + 1));
}

/* One page's blocks, and one that crosses into it, are looked up no longer and led to no longer. */
static void linear_flush(void **state)
{
    (void)state;
    struct bt *bt = vm->bt;
    uint32_t page = BT_CODE + 3 * PAGE_SIZE;
    bt_put(vm, page - 2, "\xb8\x01\x02\x03\x04\xc3", 6);
    v->eip = page - 2;
    uint32_t crossing = bt_block(vm, bt_find(v));
    assert_int_not_equal(bt->block[crossing].frame[1], NO_FRAME);
    uint32_t in = make(page + 0x40, true);
    make(page - 0x40, true);
    make(page + PAGE_SIZE, true);
    bt_put(vm, EIP, "\xeb\x30", 2);
    v->eip = EIP;
    uint32_t from = bt_block(vm, bt_find(v)), slot = bt->block[from].slots;
    slot_connect(bt, slot, bt->block[in].entries);
    bt_flush_linear(v, gva(page));
    assert_false(known(page + 0x40));
    assert_false(known(page - 2));
    assert_true(known(page - 0x40));
    assert_true(known(page + PAGE_SIZE));
    assert_true(known(EIP));
    assert_int_equal(bt->slot[slot].target, NO_BLOCK);
    assert_true(bt->block[in].live && bt->block[crossing].live);
    slot_connect(bt, slot, bt->block[in].entries);
    bt_flush_linear(v, gva(page - PAGE_SIZE)); /* the crossing one begins there */
    assert_false(known(page - 0x40));
    assert_int_equal(bt->slot[slot].target, in);
}

static void places_of_fs_and_gs(void **state)
{
    (void)state;
    bt_lookup(v);
    assert_int_equal(v->place[S_FS], v->seg[S_FS].base);
    assert_int_equal(v->place[S_GS], v->seg[S_GS].base);
    v->seg[S_FS].base = 0xc0000000;
    v->seg[S_GS].limit = 0xfffff;
    bt_lookup(v);
    assert_int_equal(v->place[S_FS], 0xc0000000);
    /* With a base in a window and 4 GiB it is not canonical. */
    assert_int_not_equal(v->place[S_GS] >> 48, 0);
    assert_int_equal((v->place[S_GS] + 0xffffffff + (1ull << 47)) >> 48, v->place[S_GS] >> 48);
    v->seg[S_GS].limit = 0xffffffff;
    v->seg[S_FS].attr &= ~(uint32_t)SA_RW;
    bt_lookup(v);
    assert_int_equal(v->place[S_FS], v->no_place);
    assert_int_equal(v->place[S_GS], v->seg[S_GS].base);
    v->seg[S_FS].attr |= SA_RW | SA_NULL;
    v->seg[S_GS].attr |= SA_DC;
    bt_lookup(v);
    assert_int_equal(v->place[S_FS], v->no_place);
    assert_int_equal(v->place[S_GS], v->no_place);
}

static void recent_addresses(void **state)
{
    (void)state;
    uint32_t eips[RECENT + 4];
    assert_int_equal(bt_recent(vm, eips, RECENT), 0);
    for (unsigned n = 1; n <= RECENT + 5; n++) {
        v->eip = n;
        bt_lookup(v);
    }
    assert_int_equal(bt_recent(vm, eips, 3), 3);
    assert_int_equal(eips[0], RECENT + 5);
    assert_int_equal(eips[2], RECENT + 3);
    assert_int_equal(bt_recent(vm, eips, RECENT + 4), RECENT);
    assert_int_equal(eips[RECENT - 1], 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(entered_and_removed, set_up),
        cmocka_unit_test_setup(addresses_of_one_hash, set_up),
        cmocka_unit_test_setup(entered_twice, set_up),
        cmocka_unit_test_setup(clearing_leaves_nothing, set_up),
        cmocka_unit_test_setup(nothing_in_an_empty_table, set_up),
        cmocka_unit_test_setup(emitted_search_agrees, set_up),
        cmocka_unit_test_setup(first_and_last_address, set_up),
        cmocka_unit_test_setup(mode_change_empties, set_up),
        cmocka_unit_test_setup(space_flushes, set_up),
        cmocka_unit_test_setup(other_return, set_up),
        cmocka_unit_test_setup(page_comes_back, set_up),
        cmocka_unit_test_setup(many_local_entries, set_up),
        cmocka_unit_test_setup(space_flushes_and_links, set_up),
        cmocka_unit_test_setup(linear_flush, set_up),
        cmocka_unit_test_setup(places_of_fs_and_gs, set_up),
        cmocka_unit_test_setup(recent_addresses, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
