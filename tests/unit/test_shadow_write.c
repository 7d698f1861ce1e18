/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest writes to mirrored tables: what they change in the shadow, which frames are traced
 * when, what is flushed, and when a frame stops being taken for a table.
 */
#include "tests/unit/shadow_world.h"

static void mirrored_frames_are_traced(void **state)
{
    (void)state;
    assert_false(traced(PD));
    fault(0x400000, 0);
    assert_true(traced(PD) && traced(PT));
    assert_false(traced(PD2) || traced(DATA));
    poke(vm, PT + 4, PT | U | AD);
    assert_int_equal(fault(0x401000, PF_W), SHADOW_TRACE);
    assert_maps(0x401000, PT, RO);
    assert_int_equal(fault(0x401000, 0), SHADOW_FIXED);
    assert_int_equal(vm->stats.n[STAT_SH_TRACES], 1);
}

/* What is closed by a trace is told from what the guest closed, also where it was open before. */
static void a_trace_does_not_hide_the_guests_rights(void **state)
{
    (void)state;
    poke(vm, PT + 4, PT | U | AD);
    fault(0x401000, 0);
    assert_int_equal(fault(0x401000, PF_W), SHADOW_TRACE);
    guest_writes(PT + 4, PT | PTE_P | PTE_U | AD);
    assert_int_equal(reflected(0x401000, PF_W), PF_P | PF_W);
    guest_writes(PT + 4, PT | U | PTE_A);
    assert_int_equal(fault(0x401000, PF_W), SHADOW_TRACE);
    assert_int_equal(peek(vm, PT + 4) & PTE_D, PTE_D); /* by the walk */
}

/* Of a new table every entry is there at once, wherever between empty ones it lies. */
static void sparse_tables_are_filled(void **state)
{
    (void)state;
    static const uint32_t index[] = {33, 35, 60, 127, 254, 509, 511};
    for (unsigned i = 0; i < ARRAY_SIZE(index); i++)
        poke(vm, PT + index[i] * 4, (DATA + index[i] * 0x1000) | U | AD);
    fault(0x400000, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(index); i++)
        assert_maps(0x400000 + index[i] * 0x1000, DATA + index[i] * 0x1000, RW);
    assert_int_equal(flags_at(0x400000 + 34 * 0x1000), 0);
    assert_int_equal(vm->stats.n[STAT_SH_FILLS], 1);
}

/* A frame that was mapped writable becomes a page table: the mapping closes at once. */
static void a_new_table_loses_write(void **state)
{
    (void)state;
    poke(vm, PT, PT2 | U | AD);
    poke(vm, PT + 4, PT2 | U | AD);
    fault(0x400000, PF_W);
    assert_maps(0x400000, PT2, RW);
    assert_maps(0x401000, PT2, RW);
    fake_tlb_fill(gva(0x400000));
    fake_tlb_fill(gva(0x401000));
    poke(vm, PT2, DATA | U | AD);
    guest_writes(PD + 8, PT2 | U);
    assert_maps(0x400000, PT2, RW); /* not used as one yet */
    assert_int_equal(fault(0x800000, 0), SHADOW_FIXED);
    assert_maps(0x800000, DATA, RW);
    unsigned cached;
    for (uint32_t a = 0x400000; a <= 0x401000; a += 0x1000) {
        assert_maps(a, PT2, RO);
        fake_tlb(gva(a), &cached);
        assert_int_equal(cached, 0);
        assert_int_equal(fault(a, PF_W), SHADOW_TRACE);
    }
}

static void other_clients_trace_too(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    fault(0x401000, PF_W);
    assert_true(trace_add(vm, gfn(DATA >> 12), TRACE_CODE));
    shadow_trace_changed(vm, gfn(DATA >> 12));
    assert_maps(0x400000, DATA, RO);
    assert_maps(0x401000, DATA + 0x1000, RW);
    assert_int_equal(fault(0x400000, PF_W), SHADOW_TRACE);
    assert_true(trace_remove(vm, gfn(DATA >> 12), TRACE_CODE));
    shadow_trace_changed(vm, gfn(DATA >> 12));
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    assert_maps(0x400000, DATA, RW);
    shadow_trace_changed(vm, gfn(RAM >> 12)); /* outside: nothing */
    shadow_trace_changed(vm, gfn(UINT32_MAX));
}

static void table_writes(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    unsigned pages = fake.flushes_page, all = fake.flushes_all;
    guest_writes(PT + 4, (DATA + 0x5000) | U | AD); /* was not present: installed, no flush */
    assert_maps(0x401000, DATA + 0x5000, RW);
    assert_int_equal(fake.flushes_page, pages);
    guest_writes(PT, (DATA + 0x6000) | U | AD);
    assert_maps(0x400000, DATA + 0x6000, RW);
    assert_int_equal(fake.flushes_page, pages + 1);
    fault(0x400000, 0);
    guest_writes(PT, (DATA + 0x6000) | PTE_P | PTE_U | AD);
    assert_maps(0x400000, DATA + 0x6000, RO);
    guest_writes(PT, (DATA + 0x6000) | PTE_P | PTE_U | AD); /* the same again */
    assert_int_equal(fake.flushes_page, pages + 2);
    fault(0x400000, 0);
    guest_writes(PT, (DATA + 0x6000) | PTE_P | PTE_U);
    assert_maps(0x400000, 0, 0); /* A must be set first */
    fault(0x400000, 0);
    guest_writes(PT, 0);
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(fake.flushes_all, all);
    assert_int_equal(vm->stats.n[STAT_SH_PTE_WRITES], 6);
}

static void byte_writes_within_an_entry(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    uint8_t low = (uint8_t)(peek(vm, PT) & ~PTE_W); /* as LOCK ANDB clears W */
    assert_true(vmem_write_physical(vm, gpa(PT), &low, 1));
    assert_maps(0x400000, DATA, RO);
    assert_true(traced(PT));
}

static void directory_writes(void **state)
{
    (void)state;
    poke(vm, PT2, (DATA + 0x9000) | U | AD);
    fault(0x400000, PF_W);
    unsigned all = fake.flushes_all;
    guest_writes(PD + 4, PT | U | PTE_A); /* nothing that matters */
    assert_maps(0x400000, DATA, RW);
    assert_int_equal(fake.flushes_all, all);
    guest_writes(PD + 4, PT2 | U | PTE_A);
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(fake.flushes_all, all + 1);
    assert_false(traced(PT)); /* nothing refers to it any more */
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    assert_maps(0x400000, DATA + 0x9000, RW);
    guest_writes(PD + 4, PT2 | PTE_P | PTE_U | PTE_A); /* the directory entry's W counts */
    assert_int_equal(fault(0x400000, 0), SHADOW_FIXED);
    assert_maps(0x400000, DATA + 0x9000, RO);
    guest_writes(PD + 4, PT2 | PTE_P | PTE_U); /* and its A, which the CPU must set first */
    assert_int_equal(flags_at(0x400000), 0);
    fault(0x400000, 0);
    assert_int_equal(peek(vm, PD + 4) & PTE_A, PTE_A);
    guest_writes(PD + 4, PT2 | PTE_P | PTE_W); /* and U */
    assert_int_equal(flags_at(0x400000), 0);
    fault(0x400000, 0);
    assert_maps(0x400000, DATA + 0x9000, SH_PRESENT | SH_WRITE);
}

static void one_table_at_two_places(void **state)
{
    (void)state;
    poke(vm, PD + 8, PT | U);
    poke(vm, PD + 12, PT | PTE_P | PTE_U);
    fault(0x400000, PF_W);
    fault(0x800000, PF_W);
    fault(0xc00000, 0);
    assert_maps(0x800000, DATA, RW);
    assert_maps(0xc00000, DATA, RO);
    assert_int_equal(fake.tables_live, 2); /* one per set of rights */
    for (uint32_t a = 0x400000; a <= 0xc00000; a += 0x400000)
        fake_tlb_fill(gva(a));
    guest_writes(PT, 0);
    for (uint32_t a = 0x400000; a <= 0xc00000; a += 0x400000) {
        unsigned cached;
        assert_int_equal(flags_at(a), 0);
        fake_tlb(gva(a), &cached);
        assert_int_equal(cached, 0);
    }
    guest_writes(PD + 4, 0);
    assert_true(traced(PT));
    guest_writes(PD + 12, 0);
    assert_true(traced(PT));
    guest_writes(PD + 8, 0);
    assert_false(traced(PT));
    assert_int_equal(fake.tables_live, 0);
}

static void spaces_share_tables(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    hspace_t first = fake.current;
    v->cr3 = PD2;
    vmem_flush(v, false);
    assert_int_not_equal(fake.current.id, first.id);
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(fault(0x401000, 0), SHADOW_FIXED);
    assert_maps(0x400000, DATA, RW); /* came with the table */
    assert_int_equal(fake.tables_live, 1);
    v->cr3 = PD;
    unsigned pages = fake.flushes_page;
    guest_writes(PT + 4, 0);
    assert_int_equal(fake.flushes_page, pages + 1); /* only where it runs now */
    vmem_flush(v, false);
    assert_int_equal(fake.current.id, first.id);
    assert_int_equal(flags_at(0x401000), 0);
    assert_int_equal(vm->stats.n[STAT_SH_SWITCHES], 3);
    assert_int_equal(vm->stats.n[STAT_SH_SWITCH_HITS], 1);
}

static void writes_to_a_sleeping_space(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    v->cr3 = PD2;
    vmem_flush(v, false);
    unsigned flushes = fake.flushes_page + fake.flushes_all;
    guest_writes(PD + 4, 0);
    assert_int_equal(fake.flushes_page + fake.flushes_all, flushes);
    v->cr3 = PD;
    vmem_flush(v, false);
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(reflected(0x400000, 0), 0);
}

/* A traced frame inside a large page is the only one that is closed. */
static void tables_inside_a_large_page(void **state)
{
    (void)state;
    poke(vm, PD + 8, 0 | U | PTE_PS | AD);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_maps(0x800000, 0, RW);
    assert_maps(0x800000 + PD, PD, RO);
    assert_maps(0x800000 + PT, PT, RW);
    fault(0x400000, 0);
    assert_maps(0x800000 + PT, PT, RO);
    assert_int_equal(fault(0x800000 + PT, PF_W), SHADOW_TRACE);
    guest_writes(PD + 4, 0);
    assert_int_equal(fault(0x800000 + PT, PF_W), SHADOW_FIXED);
    assert_maps(0x800000 + PT, PT, RW);
    assert_int_equal(fault(0x800000 + RAM - 0x800000, 0), SHADOW_REFLECT);
}

/* The directory's last entry leads to itself: all tables show at 0xffc00000. */
static void self_map(void **state)
{
    (void)state;
    poke(vm, PD + 0xffc, PD | PTE_P | PTE_W);
    fault(0x400000, PF_W);
    assert_int_equal(fault(0xfffff000, 0), SHADOW_FIXED);
    assert_maps(0xfffff000, PD, SH_PRESENT);
    assert_int_equal(fault(0xffc01000, PF_W), SHADOW_TRACE);
    assert_maps(0xffc01000, PT, SH_PRESENT);
    /* Writing entry 2 as a directory entry also changes what 0xffc02000 shows. */
    poke(vm, PT2, DATA | U | AD);
    guest_writes(PD + 8, PT2 | U | AD);
    assert_maps(0xffc02000, PT2, SH_PRESENT | SH_WRITE);
    assert_int_equal(fault(0x800000, 0), SHADOW_FIXED);
    assert_maps(0xffc02000, PT2, SH_PRESENT);
    guest_writes(PD + 8, 0);
    assert_int_equal(flags_at(0x800000) | flags_at(0xffc02000), 0);
    guest_writes(PD + 0xffc, 0);
    assert_int_equal(flags_at(0xfffff000) | flags_at(0xffc01000), 0);
    assert_maps(0x400000, DATA, RW);
    assert_true(traced(PD));
}

static void data_like_writes_untrace(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    fake_tlb_fill(gva(0x400000));
    assert_true(vmem_write_physical(vm, gpa(PT + 0x802), "abcd", 4)); /* parts of two entries */
    assert_false(traced(PT));
    assert_int_equal(flags_at(0x400000), 0);
    unsigned cached;
    fake_tlb(gva(0x400000), &cached);
    assert_int_equal(cached, 0);
    assert_true(traced(PD));
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED); /* and back */
    assert_true(traced(PT));
    assert_true(vmem_write_physical(vm, gpa(PT + 0x800), "abcdefgh", 8)); /* two whole entries */
    assert_true(traced(PT));
}

static void writes_entries(uint32_t table, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        guest_writes(table + 0x800 + i * 4, 0);
}

static void unused_writes_untrace(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    writes_entries(PT, 2);
    assert_true(traced(PT));
    assert_int_equal(fault(0x400000, 0), SHADOW_FIXED);
    writes_entries(PT, 2);
    reflected(0x4ff000, PF_W); /* a fault of the guest's own is a use as well */
    writes_entries(PT, 2);
    assert_true(traced(PT));
    assert_int_equal(flags_at(0x400000), RW);
    writes_entries(PT, 1);
    assert_false(traced(PT));
    assert_int_equal(flags_at(0x400000), 0);
    assert_true(traced(PD));
    fault(0x400000, PF_W);
    assert_true(traced(PT));
    assert_true(vmem_write_physical(vm, gpa(PT + 0x800), "abcdefghijkl", 12)); /* three at once */
    assert_false(traced(PT));
}

/* The write that untraced a frame is followed by more: where it came from the frame is open
 * again, and nowhere else. */
static void an_untraced_frame_is_open_to_its_writer(void **state)
{
    (void)state;
    poke(vm, PD + 8, 0 | U | PTE_PS | AD);
    poke(vm, PT2, PT | U | AD);
    poke(vm, PD + 12, PT2 | U);
    assert_int_equal(fault(0xc00000, PF_W), SHADOW_FIXED);
    fault(0x400000, 0);
    assert_maps(0xc00000, PT, RO);
    assert_int_equal(fault(0x800000 + PT, PF_W), SHADOW_TRACE);
    writes_entries(PT, 3);
    assert_false(traced(PT));
    assert_int_equal(vm->stats.n[STAT_SH_UNTRACED], 1);
    assert_maps(0x800000 + PT, PT, RW);
    assert_maps(0xc00000, PT, RO);
    fault(0x400000, 0);
    assert_maps(0x800000 + PT, PT, RO);
    assert_int_equal(fault(0xc00000, PF_W), SHADOW_TRACE); /* the same by way of a page table */
    writes_entries(PT, 3);
    assert_maps(0xc00000, PT, RW);
    assert_maps(0x800000 + PT, PT, RO);
}

/* An entry that is written with A set needs no fault; without A it needs one. */
static void usable_entries_are_counted(void **state)
{
    (void)state;
    fault(0x400000, 0);
    guest_writes(PT + 4, (DATA + 0x5000) | U | PTE_A);
    assert_int_equal(vm->stats.n[STAT_SH_EAGER], 1);
    guest_writes(PT + 4, (DATA + 0x5000) | U | AD); /* becomes writable */
    assert_int_equal(vm->stats.n[STAT_SH_EAGER], 2);
    fault(0x400000, 0);
    guest_writes(PT + 8, (DATA + 0x6000) | U);
    guest_writes(PT + 4, 0);
    assert_int_equal(vm->stats.n[STAT_SH_EAGER], 2);
}

static void unused_directories_untrace(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    v->cr3 = PD2;
    vmem_flush(v, false);
    assert_int_equal(fake.spaces_live, 2);
    writes_entries(PD, 1);
    assert_true(!traced(PD) && traced(PT)); /* until it is used again */
    assert_int_equal(fake.spaces_live, 2);
    fault(0x400000, PF_W);
    writes_entries(PD2, 8);
    assert_true(traced(PD2) && traced(PT));
    writes_entries(PD2, 1);                  /* the one in use: emptied, but there */
    assert_true(!traced(PD2) && traced(PT)); /* PT hangs in the other space */
    assert_int_equal(flags_at(0x400000), 0);
    poke(vm, PD2 + 4, 0); /* untraced: nobody needs to hear */
    assert_int_equal(reflected(0x400000, 0), 0);
    poke(vm, PD2 + 4, PT | U);
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    assert_true(traced(PD2) && traced(PT));
}

/* A directory written while it sleeps is compared when it wakes: what it still leads to is there
 * without a fault, what it does not is gone. */
static void a_sleeping_directory_is_compared(void **state)
{
    (void)state;
    uint32_t zero[1024] = {0};
    poke(vm, PD + 8, PT2 | U | PTE_A);
    poke(vm, PT2, (DATA + 0x9000) | U | AD);
    fault(0x400000, PF_W);
    fault(0x800000, PF_W);
    v->cr3 = PD2;
    vmem_flush(v, false);
    assert_true(vmem_write_physical(vm, gpa(PD), zero, sizeof zero));
    assert_false(traced(PD));
    assert_true(traced(PT) && traced(PT2));
    poke(vm, PD + 4, PT | U | PTE_A); /* nobody hears */
    v->cr3 = PD;
    vmem_flush(v, false);
    assert_maps(0x400000, DATA, RW);
    assert_int_equal(flags_at(0x800000), 0);
    assert_true(traced(PD) && traced(PT));
    assert_false(traced(PT2));
    guest_writes(PD + 4, 0); /* it is watched again */
    assert_int_equal(flags_at(0x400000), 0);
    assert_false(traced(PT));
}

/* Nothing is left in it: it is not watched, until it is used again. */
static void a_sleeping_directory_is_emptied(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        v->cr3 = PD;
        vmem_flush(v, false);
        fault(0x400000, PF_W);
        v->cr3 = PD2;
        vmem_flush(v, false);
        guest_writes(PD + 4, 0);
        if (round)
            guest_writes(PD + 4, PT | U); /* A is clear: to be walked again */
        v->cr3 = PD;
        vmem_flush(v, false);
        assert_int_equal(flags_at(0x400000), 0);
        assert_false(traced(PD) || traced(PT));
        guest_writes(PD + 4, PT | U | PTE_A);
    }
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    assert_maps(0x400000, DATA, RW);
}

static void whole_page_writes(void **state)
{
    (void)state;
    static uint8_t zero[PAGE_SIZE];
    fault(0x400000, PF_W);
    fault(0x402000, PF_W);
    assert_true(vmem_write_physical(vm, gpa(PT), zero, sizeof zero));
    assert_int_equal(flags_at(0x400000) | flags_at(0x402000), 0);
    assert_true(vmem_write_physical(vm, gpa(PD), zero, sizeof zero));
    assert_int_equal(reflected(0x400000, 0), 0);
    assert_false(traced(PT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mirrored_frames_are_traced, paged, all_returned),
        cmocka_unit_test_setup_teardown(a_trace_does_not_hide_the_guests_rights, paged,
                                        all_returned),
        cmocka_unit_test_setup_teardown(sparse_tables_are_filled, paged, all_returned),
        cmocka_unit_test_setup_teardown(a_new_table_loses_write, paged, all_returned),
        cmocka_unit_test_setup_teardown(other_clients_trace_too, paged, all_returned),
        cmocka_unit_test_setup_teardown(table_writes, paged, all_returned),
        cmocka_unit_test_setup_teardown(byte_writes_within_an_entry, paged, all_returned),
        cmocka_unit_test_setup_teardown(directory_writes, paged, all_returned),
        cmocka_unit_test_setup_teardown(one_table_at_two_places, paged, all_returned),
        cmocka_unit_test_setup_teardown(spaces_share_tables, paged, all_returned),
        cmocka_unit_test_setup_teardown(writes_to_a_sleeping_space, paged, all_returned),
        cmocka_unit_test_setup_teardown(tables_inside_a_large_page, paged, all_returned),
        cmocka_unit_test_setup_teardown(self_map, paged, all_returned),
        cmocka_unit_test_setup_teardown(data_like_writes_untrace, paged, all_returned),
        cmocka_unit_test_setup_teardown(unused_writes_untrace, paged, all_returned),
        cmocka_unit_test_setup_teardown(an_untraced_frame_is_open_to_its_writer, paged,
                                        all_returned),
        cmocka_unit_test_setup_teardown(usable_entries_are_counted, paged, all_returned),
        cmocka_unit_test_setup_teardown(unused_directories_untrace, paged, all_returned),
        cmocka_unit_test_setup_teardown(a_sleeping_directory_is_compared, paged, all_returned),
        cmocka_unit_test_setup_teardown(a_sleeping_directory_is_emptied, paged, all_returned),
        cmocka_unit_test_setup_teardown(whole_page_writes, paged, all_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
