/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest large pages as 2 MiB pages of the host: when they may be, and what splits them.
 */
#include "monitor/pool.h"
#include "shadow/state.h"
#include "tests/unit/shadow_world.h"

#define BIG  0x400000u /* a guest large page, linear 0x800000 */
#define PART (512u * PAGE_SIZE)
#define SUP  (SH_PRESENT | SH_WRITE)

/* paged(), and linear 0x800000 is BIG in the spaces of both directories; D is clear. */
static int big(void **state)
{
    paged(state);
    poke(vm, PD + 8, BIG | U | PTE_PS | PTE_A);
    poke(vm, PD2 + 8, BIG | U | PTE_PS | PTE_A);
    return 0;
}

static void code(uint32_t where, bool there)
{
    gfn_t f = gpa_to_gfn(gpa(where));
    assert_true(there ? trace_add(vm, f, TRACE_CODE) : trace_remove(vm, f, TRACE_CODE));
    shadow_trace_changed(vm, f);
}

/* Is LINEAR one 2 MiB page with FLAGS of the guest's from WHERE on? */
static void assert_whole(uint32_t linear, uint32_t where, unsigned flags)
{
    assert_true(fake_large(gva(linear)));
    for (uint32_t i = 0; i < PART; i += PAGE_SIZE)
        assert_maps(linear + i, where + i, flags);
}

/* Or a table, with FLAGS but for one frame, which is not writable? */
static void assert_split(uint32_t linear, uint32_t where, unsigned flags, uint32_t traced_page)
{
    assert_false(fake_large(gva(linear)));
    for (uint32_t i = 0; i < PART; i += PAGE_SIZE)
        assert_maps(linear + i, where + i,
                    where + i == traced_page ? flags & ~(unsigned)SH_WRITE : flags);
}

static uint64_t larges(void)
{
    return vm->stats.n[STAT_SH_LARGE];
}

static uint64_t splits(void)
{
    return vm->stats.n[STAT_SH_SPLITS];
}

static void fills_at_once(void **state)
{
    (void)state;
    assert_int_equal(fault(0x801000, PF_U), SHADOW_FIXED);
    assert_whole(0x800000, BIG, RO);
    assert_int_equal(fault(0x8ff000, PF_U | PF_W), SHADOW_FIXED);
    assert_whole(0x800000, BIG, RW);
    assert_int_equal(peek(vm, PD + 8) & AD, AD);
    assert_int_equal(flags_at(0xa00000), 0);
    assert_int_equal(fault(0xbff000, 0), SHADOW_FIXED);
    assert_whole(0xa00000, BIG + PART, RW);
    assert_int_equal(larges(), 3);
    assert_int_equal(fake.tables_live, 0);
    assert_int_equal(fake.large_live, 2);
    guest_writes(PD + 8, BIG | PTE_P | PTE_W | PTE_PS | AD);
    assert_int_equal(fake.large_live, 0);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_whole(0x800000, BIG, SUP);
    assert_int_equal(reflected(0x800000, PF_U), PF_P | PF_U);
    shadow_invlpg(v, gva(0x801000));
    assert_whole(0x800000, BIG, SUP);
}

/* In every space where it hangs, and the TLB forgets all of it. */
static void trace_splits(void **state)
{
    (void)state;
    fault(0x800000, PF_W);
    v->cr3 = PD2;
    vmem_flush(v, false);
    poke(vm, PD2 + 8, BIG | U | PTE_PS | AD);
    fault(0x800000, PF_W);
    assert_int_equal(larges(), 2);
    for (uint32_t i = 0; i < PART; i += PAGE_SIZE)
        fake_tlb_fill(gva(0x800000 + i));
    code(BIG + 0x5000, true);
    assert_split(0x800000, BIG, RW, BIG + 0x5000);
    for (uint32_t i = 0; i < PART; i += PAGE_SIZE) {
        unsigned cached;
        fake_tlb(gva(0x800000 + i), &cached);
        assert_int_equal(cached, 0);
    }
    v->cr3 = PD;
    vmem_flush(v, false);
    assert_split(0x800000, BIG, RW, BIG + 0x5000);
    assert_int_equal(splits(), 1);
    assert_int_equal(fake.tables_live, 1);
    assert_int_equal(fake.large_live, 0);
    assert_int_equal(fault(0x805000, PF_W), SHADOW_TRACE);
    assert_int_equal(fault(0x806000, PF_W), SHADOW_FIXED);
    code(BIG + 0x6000, true); /* a table by now */
    assert_maps(0x806000, BIG + 0x6000, RO);
    code(BIG + 0x6000, false);
    code(BIG + 0x5000, false);
    assert_maps(0x805000, BIG + 0x5000, RW);
    assert_int_equal(splits(), 1);
}

/* As long as nothing may be written, a trace makes no difference. */
static void trace_of_what_is_read_only(void **state)
{
    (void)state;
    fault(0x800000, 0);
    code(BIG + 0x5000, true);
    assert_whole(0x800000, BIG, RO);
    assert_int_equal(splits(), 0);
    assert_int_equal(fault(0x805000, PF_W), SHADOW_TRACE); /* sets D */
    assert_int_equal(peek(vm, PD + 8) & AD, AD);
    assert_false(fake_large(gva(0x800000)));
    assert_maps(0x805000, BIG + 0x5000, RO);
    assert_maps(0x804000, BIG + 0x4000, RW);
    assert_int_equal(fault(0x805000, PF_W), SHADOW_TRACE);
    assert_int_equal(fault(0x8ff000, PF_W), SHADOW_FIXED);
    assert_int_equal(larges(), 1);
}

static void traced_from_the_start(void **state)
{
    (void)state;
    code(BIG + PART - PAGE_SIZE, true);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_int_equal(fault(0x9ff000, PF_W), SHADOW_TRACE);
    assert_false(fake_large(gva(0x800000)));
    assert_int_equal(fault(0xa00000, PF_W), SHADOW_FIXED); /* the next 2 MiB */
    assert_whole(0xa00000, BIG + PART, RW);
    /* A table stays one until it is given up. */
    code(BIG + PART - PAGE_SIZE, false);
    assert_int_equal(fault(0x9ff000, PF_W), SHADOW_FIXED);
    assert_false(fake_large(gva(0x800000)));
    assert_int_equal(splits(), 0);
}

/* The page table or directory that a fault finds in the large page itself. */
static void tables_inside(void **state)
{
    (void)state;
    const uint32_t pt = BIG + 0x3000, pd = BIG + 0x7000;
    fault(0x800000, PF_W);
    assert_whole(0x800000, BIG, RW);
    poke(vm, pt, DATA | U | AD);
    poke(vm, PD + 12, pt | U);
    assert_int_equal(fault(0xc00000, PF_W), SHADOW_FIXED);
    assert_true(traced(pt));
    assert_split(0x800000, BIG, RW, pt);
    big(NULL);
    poke(vm, pd + 8, BIG | U | PTE_PS | AD);
    v->cr3 = pd;
    vmem_flush(v, true);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_false(fake_large(gva(0x800000)));
    assert_int_equal(fault(0x807000, PF_W), SHADOW_TRACE);
}

static void write_protect_off(void **state)
{
    (void)state;
    static const struct {
        uint32_t pde;
        bool whole;
        unsigned flags;
    } rows[] = {
        {PTE_P | PTE_U, false, SUP}, /* flips */
        {PTE_P, true, SUP},
        {PTE_P | PTE_W, true, SUP},
        {PTE_P | PTE_W | PTE_U, true, RW},
    };
    v->cr0 &= ~(uint32_t)CR0_WP;
    vmem_flush(v, true);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        guest_writes(PD + 8, BIG | rows[i].pde | PTE_PS | PTE_A);
        assert_int_equal(fault(0x800000, 0), SHADOW_FIXED);
        assert_int_equal(flags_at(0x800000) & SH_WRITE, 0);
        assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
        assert_int_equal(fake_large(gva(0x800000)), rows[i].whole);
        assert_maps(0x800000, BIG, rows[i].flags);
        assert_int_equal(fault(0x801000, PF_W), SHADOW_FIXED);
        v->cr0 |= CR0_WP; /* another space */
        vmem_flush(v, true);
        fault(0x800000, 0);
        assert_true(fake_large(gva(0x800000)));
        assert_int_equal(flags_at(0x800000) & SH_WRITE, rows[i].pde & PTE_W);
        v->cr0 &= ~(uint32_t)CR0_WP;
        vmem_flush(v, true);
    }
    code(BIG + 0x2000, true);
    assert_split(0x800000, BIG, RW, BIG + 0x2000);
    assert_int_equal(vm->stats.n[STAT_SH_FLIPS], 2);
}

/* RAM of 17 MiB with paging off. */
static void paging_off(void **state)
{
    (void)state;
    vm = fake_vm(RAM + (1u << 20));
    v = vm->vcpu;
    assert_true(trace_create(vm) && shadow_create(vm));
    for (uint32_t at = 0; at < RAM; at += PART) {
        assert_int_equal(fault(at + 0x1234, PF_W | PF_U), SHADOW_FIXED);
        assert_whole(at, at, RW);
    }
    assert_int_equal(fake.tables_live, 0);
    assert_int_equal(fault(RAM, PF_W), SHADOW_FIXED);
    assert_false(fake_large(gva(RAM)));
    assert_maps(RAM, RAM, RW);
    assert_int_equal(fault(RAM + (1u << 20) - 1, PF_W), SHADOW_FIXED);
    assert_int_equal(fault(RAM + (1u << 20), PF_W), SHADOW_MMIO);
    assert_int_equal(fault(RAM + PART, PF_W), SHADOW_MMIO);
    assert_int_equal(flags_at(RAM + (1u << 20)), 0);
    code(RAM - 1, true);
    assert_split(RAM - PART, RAM - PART, RW, RAM - PAGE_SIZE);
    assert_int_equal(splits(), 1);
    assert_int_equal(fake.large_live, 7);
}

/* What is not 2 MiB in the host, or not all there. */
static void holes(void **state)
{
    (void)state;
    scatter(BIG / PAGE_SIZE + 510);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_int_equal(fault(0x9ff000, PF_W), SHADOW_FIXED);
    assert_false(fake_large(gva(0x800000)));
    assert_maps(0x9ff000, BIG + PART - PAGE_SIZE, RW);
    vm->ram.frame[BIG / PAGE_SIZE + 512 + 100].v = 0;
    assert_int_equal(fault(0xa00000, PF_W), SHADOW_FIXED);
    assert_false(fake_large(gva(0xa00000)));
    assert_int_equal(fault(0xa64000, PF_W), SHADOW_MMIO);
    assert_int_equal(flags_at(0xa64000), 0);
    vm->ram.frame[0].v = 0; /* the first frame of all */
    v->cr0 &= ~(uint32_t)CR0_PG;
    vmem_flush(v, true);
    assert_int_equal(fault(0x8000, PF_W), SHADOW_FIXED);
    assert_false(fake_large(gva(0)));
    assert_int_equal(larges(), 0);
}

static void drain(void)
{
    while (pool_get(vm->pool).v)
        ;
}

/* A split that finds no memory, neither for the records nor for the host's table: the page goes,
 * the TLB forgets it, and what comes then does not grant the write. */
static void split_without_memory(void **state)
{
    for (unsigned round = 0; round < 2; round++) {
        big(state);
        fault(0x800000, PF_W);
        fake_tlb_fill(gva(0x800000));
        fake_tlb_fill(gva(0x805000));
        if (round)
            drain();
        else
            fake.fail_tables_after = 0;
        code(BIG + 0x5000, true);
        unsigned cached;
        fake_tlb(gva(0x800000), &cached);
        assert_int_equal(cached | flags_at(0x800000) | flags_at(0x805000), 0);
        fake_tlb(gva(0x805000), &cached);
        assert_int_equal(cached, 0);
        assert_int_equal(fake.large_live | fake.tables_live, 0);
        assert_int_equal(splits(), 1);
        assert_int_equal(fault(0x805000, PF_W), SHADOW_TRACE);
        assert_int_equal(fault(0x800000, PF_W), round ? SHADOW_TRACE : SHADOW_FIXED);
        assert_false(vm->ended);
    }
}

/* Without any memory there are 2 MiB pages still, and a page table inside one is refused. */
static void no_memory_but_large_pages(void **state)
{
    (void)state;
    drain();
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_whole(0x800000, BIG, RW);
    poke(vm, BIG, DATA | U | AD);
    poke(vm, PD + 12, BIG | U);
    assert_int_equal(fault(0xc00000, PF_W), SHADOW_TRACE);
    assert_int_equal(flags_at(0x800000), 0);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_whole(0x800000, BIG, RW);
    assert_int_equal(fake.tables_live, 0);
}

/* More 2 MiB pages of different rights than there are records. */
static void more_than_records(void **state)
{
    (void)state;
    const uint32_t pages = 24, kinds = 8;
    vm = fake_vm(pages << 22);
    v = vm->vcpu;
    assert_true(trace_create(vm) && shadow_create(vm));
    for (uint32_t i = 0; i < pages * kinds; i++) {
        uint32_t k = i / pages;
        poke(vm, PD + i * 4,
             i % pages << 22 | PTE_P | PTE_PS | PTE_A | (k & 1 ? PTE_W : 0) | (k & 2 ? PTE_U : 0) |
                 (k & 4 ? PTE_D : 0));
    }
    paging(v, PD);
    for (unsigned wp = 0; wp < 2; wp++) {
        v->cr0 ^= CR0_WP;
        vmem_flush(v, true);
        for (uint32_t i = 0; i < pages * kinds * 2; i++) {
            assert_int_equal(fault(i << 21, 0), SHADOW_FIXED);
            assert_maps(i << 21, (i % (pages * 2)) << 21, flags_at(i << 21));
        }
    }
    assert_in_range(vm->stats.n[STAT_SH_RECLAIMS], 1, 3);
    assert_in_range(fake.tables_live, 2, SHADOW_LIMIT(pages << 22));
    assert_int_equal(vm->shadow->tables, fake.tables_live);
    assert_false(vm->ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fills_at_once, big, all_returned),
        cmocka_unit_test_setup_teardown(trace_splits, big, all_returned),
        cmocka_unit_test_setup_teardown(trace_of_what_is_read_only, big, all_returned),
        cmocka_unit_test_setup_teardown(traced_from_the_start, big, all_returned),
        cmocka_unit_test_setup_teardown(tables_inside, big, all_returned),
        cmocka_unit_test_setup_teardown(write_protect_off, big, all_returned),
        cmocka_unit_test(paging_off),
        cmocka_unit_test_setup_teardown(holes, big, all_returned),
        cmocka_unit_test(split_without_memory),
        cmocka_unit_test_setup(no_memory_but_large_pages, big),
        cmocka_unit_test(more_than_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
