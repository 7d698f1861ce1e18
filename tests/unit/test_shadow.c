/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shadow paging, case by case: what a fault mends, large pages, paging modes, spaces, and life
 * without memory. Guest writes to the tables: test_shadow_write.c.
 */
#include "monitor/pool.h"
#include "shadow/state.h"
#include "tests/unit/shadow_world.h"

static void paging_off(void **state)
{
    (void)state;
    vmem_flush(v, true);
    assert_int_equal(fault(0x5123, 0), SHADOW_FIXED);
    assert_maps(0x5000, 0x5000, RW);
    assert_int_equal(fault(0x5123, PF_W | PF_U), SHADOW_FIXED);
    assert_int_equal(fault(RAM - 1, PF_W), SHADOW_FIXED);
    assert_maps(RAM - 4096, RAM - 4096, RW);
    assert_int_equal(fault(RAM, PF_W), SHADOW_MMIO);
    assert_int_equal(fault(0xfffffff0, 0), SHADOW_MMIO);
    assert_int_equal(flags_at(RAM), 0);
    assert_int_equal(vm->stats.n[STAT_SH_MMIO], 2);
    assert_int_equal(vm->stats.n[STAT_SH_FILLS], 3);
}

static void first_use_without_a_switch(void **state)
{
    (void)state;
    assert_int_equal(fault(0x5000, 0), SHADOW_FIXED);
    assert_maps(0x5000, 0x5000, RW);
}

static void fills_on_demand(void **state)
{
    (void)state;
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(fault(0x400123, PF_U), SHADOW_FIXED);
    assert_maps(0x400000, DATA, RO); /* D is clear: not writable yet */
    assert_int_equal(peek(vm, PT) & AD, PTE_A);
    assert_int_equal(fault(0x400123, PF_U | PF_W), SHADOW_FIXED);
    assert_maps(0x400000, DATA, RW);
    assert_int_equal(peek(vm, PT) & AD, AD);
    assert_int_equal(peek(vm, PD + 4) & AD, PTE_A);
    assert_int_equal(flags_at(0x401000), 0); /* its A is clear */
    assert_int_equal(vm->stats.n[STAT_SH_FILLS], 2);
}

static void supervisor_pages(void **state)
{
    (void)state;
    poke(vm, PT + 4, (DATA + 0x1000) | PTE_P | PTE_W | AD);
    assert_int_equal(fault(0x401000, 0), SHADOW_FIXED);
    assert_maps(0x401000, DATA + 0x1000, SH_PRESENT | SH_WRITE);
    assert_int_equal(reflected(0x401000, PF_U | PF_W), PF_P | PF_U | PF_W);
}

static void reflects(void **state)
{
    (void)state;
    assert_int_equal(reflected(0x800000, PF_W | PF_U), PF_W | PF_U);
    poke(vm, PT + 8, DATA | PTE_P | PTE_U);
    assert_int_equal(reflected(0x402000, PF_W), PF_P | PF_W);
    assert_int_equal(reflected(0x402000, PF_W | PF_P | PF_U), PF_P | PF_W | PF_U);
    assert_int_equal(reflected(0x480000, PF_P), 0); /* the hardware's P bit is not believed */
    assert_int_equal(vm->stats.n[STAT_SH_REFLECTS], 4);
    assert_int_equal(flags_at(0x402000), 0);
}

static void neighbours_are_filled(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 32; i++)
        poke(vm, PT + i * 4, (DATA + (i << 12)) | U | (i == 3 ? 0u : PTE_A) | (i & 1 ? PTE_D : 0u));
    poke(vm, PT + 5 * 4, 0xfee00000 | U | AD);
    assert_int_equal(fault(0x402000, 0), SHADOW_FIXED);
    assert_int_equal(flags_at(0x401000), RW);
    assert_int_equal(flags_at(0x404000), RO);
    assert_int_equal(flags_at(0x403000), 0); /* A clear */
    assert_int_equal(flags_at(0x405000), 0); /* no RAM */
    assert_int_equal(flags_at(0x40f000), RW);
    assert_int_equal(flags_at(0x41e000), RO); /* a new table is filled whole */
    /* Later on it is filled by groups. */
    poke(vm, PT + 20 * 4, (DATA + 0x20000) | U | AD);
    poke(vm, PT + 3 * 4, (DATA + 0x21000) | U | AD);
    poke(vm, PT + 33 * 4, (DATA + 0x22000) | U | AD);
    assert_int_equal(fault(0x415000, PF_W), SHADOW_FIXED);
    assert_maps(0x414000, DATA + 0x20000, RW);
    assert_int_equal(flags_at(0x403000) | flags_at(0x421000), 0);
}

static void both_halves(void **state)
{
    (void)state;
    poke(vm, PT + 511 * 4, DATA | U | AD);
    poke(vm, PT + 512 * 4, (DATA + 0x1000) | U | AD);
    poke(vm, PT + 1023 * 4, (DATA + 0x2000) | U | AD);
    assert_int_equal(fault(0x5ff000, 0), SHADOW_FIXED);
    assert_int_equal(fault(0x600000, 0), SHADOW_FIXED);
    assert_int_equal(fault(0x7ff000, 0), SHADOW_FIXED);
    assert_maps(0x5ff000, DATA, RW);
    assert_maps(0x600000, DATA + 0x1000, RW);
    assert_maps(0x7ff000, DATA + 0x2000, RW);
    guest_writes(PT + 512 * 4, 0);
    assert_int_equal(flags_at(0x600000), 0);
    assert_int_equal(flags_at(0x7ff000), RW);
    assert_int_equal(flags_at(0x5ff000), RW);
}

static void large_pages(void **state)
{
    (void)state;
    poke(vm, PD + 8, 0x400000 | U | PTE_PS | PTE_A);
    assert_int_equal(fault(0x801000, 0), SHADOW_FIXED);
    assert_maps(0x801000, 0x401000, RO);
    assert_maps(0x800000, 0x400000, RO);
    assert_int_equal(fault(0x801000, PF_W), SHADOW_FIXED);
    assert_maps(0x801000, 0x401000, RW);
    assert_int_equal(peek(vm, PD + 8) & AD, AD);
    assert_int_equal(fault(0xbff000, PF_W), SHADOW_FIXED); /* the second 2 MiB */
    assert_maps(0xbff000, 0x7ff000, RW);
    guest_writes(PD + 8, 0x800000 | U | PTE_PS | AD);
    assert_int_equal(flags_at(0x801000) | flags_at(0xbff000), 0);
    fault(0x801000, 0);
    assert_maps(0x801000, 0x801000, RW);
    guest_writes(PD + 8, 0x800000 | U | PTE_PS | AD | 1u << 13);
    assert_int_equal(reflected(0x801000, 0), PF_P | PF_RSVD);
    assert_int_equal(flags_at(0x801000), 0);
}

/* The same address bits and rights, once as a page table and once as a large page. */
static void table_or_large_page(void **state)
{
    (void)state;
    const uint32_t both = 0x400000;
    poke(vm, both, DATA | U | AD);
    poke(vm, PD + 8, both | U | PTE_A);
    fault(0x800000, 0);
    assert_maps(0x800000, DATA, RW);
    guest_writes(PD + 8, both | U | PTE_A | PTE_PS);
    assert_int_equal(flags_at(0x800000), 0);
    fault(0x800000, 0);
    assert_maps(0x800000, both, RO);
    guest_writes(PD + 8, both | U | PTE_A);
    assert_int_equal(flags_at(0x800000), 0);
    fault(0x800000, 0);
    assert_maps(0x800000, DATA, RW);
}

static void modes_have_their_own_spaces(void **state)
{
    (void)state;
    poke(vm, PD + 8, PT2 | PTE_P | PTE_PS | AD); /* a table, or a large page with bad bits */
    poke(vm, PT2, DATA | PTE_P | AD);
    assert_int_equal(reflected(0x800000, 0), PF_P | PF_RSVD);
    v->cr4 &= ~(uint32_t)CR4_PSE;
    vmem_flush(v, true);
    assert_int_equal(fault(0x800000, 0), SHADOW_FIXED);
    assert_maps(0x800000, DATA, SH_PRESENT);
    assert_int_equal(reflected(0x800000, PF_W), PF_P | PF_W);
    v->cr0 &= ~(uint32_t)CR0_WP;
    vmem_flush(v, true);
    assert_int_equal(flags_at(0x800000), 0);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_maps(0x800000, DATA, SH_PRESENT | SH_WRITE);
    v->cr4 |= CR4_PSE;
    vmem_flush(v, true);
    assert_int_equal(flags_at(0x800000), 0);
    v->cr0 &= ~(uint32_t)CR0_PG;
    vmem_flush(v, true);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_maps(0x800000, 0x800000, RW);
}

/* With WP clear the supervisor may write where the user may only read; no shadow entry can
 * say that, so it says one or the other in turn. */
static void write_protect_off(void **state)
{
    (void)state;
    v->cr0 &= ~(uint32_t)CR0_WP;
    vmem_flush(v, true);
    poke(vm, PT, DATA | PTE_P | PTE_U | AD);
    for (unsigned round = 1; round <= 3; round++) {
        assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
        assert_maps(0x400000, DATA, SH_PRESENT | SH_WRITE);
        fake_tlb_fill(gva(0x400000));
        assert_int_equal(fault(0x400000, PF_U), SHADOW_FIXED);
        assert_maps(0x400000, DATA, RO);
        unsigned cached;
        fake_tlb(gva(0x400000), &cached);
        assert_int_equal(cached, 0);
        assert_int_equal(reflected(0x400000, PF_U | PF_W), PF_P | PF_U | PF_W);
        assert_int_equal(vm->stats.n[STAT_SH_FLIPS], round);
    }
    /* A store across two such pages needs both at once. */
    poke(vm, PT + 4, (DATA + 0x1000) | PTE_P | PTE_U | AD);
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    assert_int_equal(fault(0x401000, PF_W), SHADOW_FIXED);
    assert_maps(0x400000, DATA, SH_PRESENT | SH_WRITE);
    assert_maps(0x401000, DATA + 0x1000, SH_PRESENT | SH_WRITE);
    /* A traced frame stays closed, and closes. */
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    trace_add(vm, gfn(DATA >> 12), TRACE_CODE);
    shadow_trace_changed(vm, gfn(DATA >> 12));
    assert_maps(0x400000, DATA, SH_PRESENT);
    assert_int_equal(fault(0x400000, PF_W), SHADOW_TRACE);
    assert_maps(0x400000, DATA, RO);
    trace_remove(vm, gfn(DATA >> 12), TRACE_CODE);
    /* Inside a large page it is the same. */
    poke(vm, PD + 8, 0x400000 | PTE_P | PTE_U | PTE_PS | PTE_A);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_maps(0x800000, 0x400000, SH_PRESENT | SH_WRITE);
    assert_maps(0x801000, 0x401000, RO);
    assert_int_equal(fault(0x801000, PF_W), SHADOW_FIXED);
    assert_maps(0x800000, 0x400000, SH_PRESENT | SH_WRITE);
    assert_maps(0x801000, 0x401000, SH_PRESENT | SH_WRITE);
    assert_int_equal(reflected(0x800000, PF_U | PF_W), PF_P | PF_U | PF_W);
    assert_int_equal(fault(0x800000, PF_U), SHADOW_FIXED);
    assert_maps(0x800000, 0x400000, RO);
}

static void invlpg(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    unsigned pages = fake.flushes_page;
    shadow_invlpg(v, gva(0x400123));
    assert_int_equal(fake.flushes_page, pages + 1);
    assert_maps(0x400000, DATA, RW);
    shadow_invlpg(v, gva(0x12345678));
    assert_int_equal(vm->stats.n[STAT_SH_INVLPG], 2);
}

static void many_spaces(void **state)
{
    (void)state;
    const uint32_t pds = 0x200000; /* 100 directories from here on */
    for (uint32_t i = 0; i < 100; i++) {
        poke(vm, pds + i * PAGE_SIZE + 4, PT | U);
        v->cr3 = pds + i * PAGE_SIZE;
        vmem_flush(v, false);
        assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
        v->cr3 = PD; /* never the oldest */
        vmem_flush(v, false);
    }
    assert_int_equal(fake.spaces_live, SHADOW_SPACES);
    assert_false(traced(pds));
    assert_true(traced(pds + 99 * PAGE_SIZE));
    assert_int_equal(vm->stats.n[STAT_SH_SWITCH_HITS], 100);
    assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], 0);
    guest_writes(PT, 0);
    v->cr3 = pds + 99 * PAGE_SIZE;
    vmem_flush(v, false);
    assert_int_equal(flags_at(0x400000), 0);
}

/* A space that was not used for long gives way, and what runs now stays. */
static void sleeping_spaces_go_first(void **state)
{
    (void)state;
    const uint32_t pts = 0x200000, limit = SHADOW_LIMIT(RAM);
    fault(0x400000, PF_W);
    v->cr3 = PD2;
    vmem_flush(v, false);
    poke(vm, PD2 + 4, 0);
    for (uint32_t i = 2; i < limit + 1; i++) {
        poke(vm, PD2 + i * 4, (pts + i * PAGE_SIZE) | U);
        poke(vm, pts + i * PAGE_SIZE, DATA | U | AD);
        assert_int_equal(fault(i << 22, PF_W), SHADOW_FIXED);
    }
    assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], 0);
    assert_true(traced(PT) && traced(PD));
    v->cr3 = PD;
    vmem_flush(v, false);
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    poke(vm, PD + 8, PT2 | U);
    poke(vm, PT2, DATA | U | AD);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], 1);
    assert_true(traced(PT) && traced(PD));
    assert_false(traced(PD2));
    assert_int_equal(flags_at(0x400000), RW);
}

/* More tables than there are records. */
static void many_tables(void **state)
{
    (void)state;
    const uint32_t pts = 0x200000;
    for (uint32_t i = 0; i < 1024; i++) {
        poke(vm, PD + i * 4, (pts + i * PAGE_SIZE) | U);
        poke(vm, pts + i * PAGE_SIZE, DATA | U | AD);
        poke(vm, pts + i * PAGE_SIZE + 2048, DATA | U | AD);
    }
    const uint32_t limit = SHADOW_LIMIT(RAM), part = limit / 16;
    for (uint32_t slot = 0; slot < 2048; slot++) {
        assert_int_equal(fault(slot << 21, PF_W), SHADOW_FIXED);
        assert_int_equal(flags_at(slot << 21), RW);
    }
    assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], (2048 - limit + part - 1) / part);
    assert_int_equal(vm->stats.n[STAT_SH_EVICTED], 2048 - fake.tables_live);
    assert_in_range(fake.tables_live, limit - part, limit);
    for (uint32_t slot = 2048 - (limit - 2 * part); slot < 2048; slot++)
        assert_int_equal(flags_at(slot << 21), RW); /* it is the oldest that are gone */
    assert_false(traced(pts));
}

static void scenario(void)
{
    static const uint32_t at[] = {0x400000, 0x7ff000, 0x800000, 0xbff000};
    poke(vm, PT + 0xffc, DATA | U);
    poke(vm, PD + 8, 0x400000 | U | PTE_PS);
    for (unsigned round = 0; round < 3; round++) {
        v->cr3 = round & 1 ? PD2 : PD;
        poke(vm, PD2 + 8, 0x800000 | U | PTE_PS);
        vmem_flush(v, false);
        for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
            assert_int_equal(fault(at[i], PF_W), SHADOW_FIXED);
            assert_int_equal(flags_at(at[i]), RW);
        }
    }
}

static void every_failing_creation(void **state)
{
    for (int n = 0;; n++) {
        paged(state);
        fake.fail_tables_after = n;
        scenario();
        assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], fake.fail_tables_after < 0);
        assert_false(vm->ended);
        if (fake.fail_tables_after >= 0)
            break;
        assert_true(n < 100);
    }
}

static void every_amount_of_memory(void **state)
{
    (void)state;
    for (uint32_t frames = 2;; frames++) {
        vm = fake_vm(1u << 20);
        vm->pool = fake_host_reset(frames);
        if (shadow_create(vm))
            break;
        assert_null(vm->shadow);
        assert_true(frames < 1000);
    }
    assert_non_null(vm->shadow);
}

static void drain(void)
{
    while (pool_get(vm->pool).v)
        ;
}

/* The host has nothing left: what the shadow holds already serves again and again; with
 * nothing at all instructions are interpreted. The VM lives. */
static void no_frames_at_all(void **state)
{
    (void)state;
    scatter(0x400);
    fault(0x400000, PF_W);
    drain();
    poke(vm, PD + 8, 0x400000 | U | PTE_PS);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], 1);
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], 2);
    guest_writes(PD + 4, 0); /* frees the last table */
    drain();
    assert_int_equal(fault(0x800000, PF_W), SHADOW_TRACE);
    assert_int_equal(fault(0x800000, 0), SHADOW_TRACE);
    assert_int_equal(flags_at(0x800000), 0);
    assert_false(vm->ended);
}

static void no_space_at_all(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    v->cr3 = PD2;
    while (fake.spaces_live < 255)
        host_space_create();
    vmem_flush(v, true);
    assert_true(vm->ended);
    assert_non_null(strstr(vm->reason, "no host memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(paging_off, setup, all_returned),
        cmocka_unit_test_setup_teardown(first_use_without_a_switch, setup, all_returned),
        cmocka_unit_test_setup_teardown(fills_on_demand, paged, all_returned),
        cmocka_unit_test_setup_teardown(supervisor_pages, paged, all_returned),
        cmocka_unit_test_setup_teardown(reflects, paged, all_returned),
        cmocka_unit_test_setup_teardown(neighbours_are_filled, paged, all_returned),
        cmocka_unit_test_setup_teardown(both_halves, paged, all_returned),
        cmocka_unit_test_setup_teardown(large_pages, paged, all_returned),
        cmocka_unit_test_setup_teardown(table_or_large_page, paged, all_returned),
        cmocka_unit_test_setup_teardown(modes_have_their_own_spaces, paged, all_returned),
        cmocka_unit_test_setup_teardown(write_protect_off, paged, all_returned),
        cmocka_unit_test_setup_teardown(invlpg, paged, all_returned),
        cmocka_unit_test_setup_teardown(many_spaces, paged, all_returned),
        cmocka_unit_test_setup_teardown(sleeping_spaces_go_first, paged, all_returned),
        cmocka_unit_test_setup_teardown(many_tables, paged, all_returned),
        cmocka_unit_test(every_failing_creation),
        cmocka_unit_test(every_amount_of_memory),
        cmocka_unit_test_setup(no_frames_at_all, paged),
        cmocka_unit_test_setup(no_space_at_all, paged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
