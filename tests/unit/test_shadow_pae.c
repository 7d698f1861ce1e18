/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shadow paging of PAE tables: NX, 64-bit entries written by halves, directory pointers that
 * change, 2 MiB pages.
 */
#include "tests/unit/shadow_world.h"

static void poke64(uint32_t where, uint64_t value)
{
    poke(vm, where, (uint32_t)value);
    poke(vm, where + 4, (uint32_t)(value >> 32));
}

/* PAE: pointer 0 leads to PD, pointer 3 to PD2; entry 2 of both to PT, whose entry 1 is DATA. */
static int pae_paged(void **state)
{
    paged(state);
    for (uint32_t at = PD; at <= PT2; at += PAGE_SIZE)
        assert_true(guest_zero(vm, gpa(at), PAGE_SIZE));
    poke64(PD + 16, PT | U);
    poke64(PD2 + 16, PT | U);
    poke64(PT + 8, DATA | U | AD);
    v->cr4 = CR4_PAE;
    v->efer = EFER_NXE;
    v->pdpte[0] = PD | PTE_P;
    v->pdpte[3] = PD2 | PTE_P;
    vmem_flush(v, true);
    return 0;
}

static void pae_pages(void **state)
{
    (void)state;
    assert_int_equal(fault(0x401000, PF_W | PF_U), SHADOW_FIXED);
    assert_maps(0x401000, DATA, RW);
    assert_true(traced(PD) && traced(PT) && !traced(PD2));
    assert_int_equal(fault(0xc0401000, PF_U | PF_I), SHADOW_FIXED);
    assert_maps(0xc0401000, DATA, RW);
    assert_true(traced(PD2));
    assert_int_equal(fake.tables_live, 1);
    assert_int_equal(reflected(0x80401000, PF_U), PF_U);
    guest_writes(PT + 12, 1u << 31); /* NX, by the upper half alone */
    assert_maps(0x401000, DATA, SH_PRESENT | SH_WRITE | SH_USER);
    assert_int_equal(reflected(0xc0401000, PF_U | PF_I), PF_P | PF_U | PF_I);
    guest_writes(PT + 12, 1); /* above 4 GiB */
    assert_int_equal(flags_at(0x401000), 0);
    assert_int_equal(fault(0x401000, 0), SHADOW_MMIO);
    guest_writes(PT + 12, 0);
    assert_maps(0x401000, DATA, RW);
    guest_writes(PD + 20, 1u << 31); /* the directory's NX */
    assert_int_equal(fault(0x401000, 0), SHADOW_FIXED);
    assert_maps(0x401000, DATA, SH_PRESENT | SH_WRITE | SH_USER);
    assert_maps(0xc0401000, DATA, RW);
    v->efer = 0;
    vmem_flush(v, true);
    assert_int_equal(reflected(0x401000, 0), PF_P | PF_RSVD);
    assert_int_equal(fault(0xc0401000, 0), SHADOW_FIXED);
}

/* The pointers are registers: another value takes one quarter of the space away. */
static void pae_pointers(void **state)
{
    (void)state;
    fault(0x401000, 0);
    fault(0xc0401000, 0);
    v->pdpte[3] = PT2 | PTE_P;
    vmem_flush(v, false);
    assert_maps(0x401000, DATA, RW);
    assert_int_equal(flags_at(0xc0401000), 0);
    assert_true(traced(PD) && !traced(PD2));
    v->pdpte[0] = 0;
    vmem_flush(v, false);
    assert_int_equal(flags_at(0x401000), 0);
    assert_false(traced(PD) || traced(PT));
    assert_int_equal(fake.tables_live, 0);
    assert_int_equal(fake.spaces_live, 2);  /* with paging off, and this one */
    v->pdpte[1] = v->pdpte[2] = PD | PTE_P; /* one directory twice */
    vmem_flush(v, false);
    fault(0x40401000, 0);
    fault(0x80401000, 0);
    for (uint32_t i = 0; i < 20; i++)
        guest_writes(PD + 0x800 + i * 4, 0); /* taken for data */
    assert_int_equal(flags_at(0x40401000) | flags_at(0x80401000), 0);
    assert_false(traced(PD) || traced(PT));
}

static void pae_large_pages(void **state)
{
    (void)state;
    poke64(PD + 24, 0x400000 | U | PTE_PS | AD);
    poke64(PD + 32, 0x600000 | U | PTE_PS | AD | PTE_NX);
    assert_int_equal(fault(0x7ff000, PF_W), SHADOW_FIXED);
    assert_maps(0x7ff000, 0x5ff000, RW);
    assert_int_equal(fault(0x800000, PF_U | PF_W), SHADOW_FIXED);
    assert_maps(0x800000, 0x600000, SH_PRESENT | SH_WRITE | SH_USER);
    assert_int_equal(reflected(0x800000, PF_U | PF_I), PF_P | PF_U | PF_I);
    guest_writes(PD + 24, 0x400000 | U | PTE_PS | AD | 1u << 13);
    assert_int_equal(reflected(0x7ff000, 0), PF_P | PF_RSVD);
}

/* NX belongs to the 2 MiB page of the host as well, and to the table that a trace makes of it. */
static void pae_large_in_the_host(void **state)
{
    (void)state;
    const unsigned data = SH_PRESENT | SH_WRITE | SH_USER;
    poke64(PD + 32, 0x600000 | U | PTE_PS | AD | PTE_NX);
    poke64(PD + 40, 0x600000 | U | PTE_PS | PTE_A);
    assert_int_equal(fault(0x800000, PF_U), SHADOW_FIXED);
    assert_int_equal(fault(0xa00000, PF_U | PF_I), SHADOW_FIXED);
    assert_true(fake_large(gva(0x800000)) && fake_large(gva(0xa00000)));
    assert_maps(0x9ff000, 0x7ff000, data);
    assert_maps(0xbff000, 0x7ff000, RO);
    trace_add(vm, gfn(0x601), TRACE_CODE);
    shadow_trace_changed(vm, gfn(0x601));
    assert_false(fake_large(gva(0x800000)));
    assert_true(fake_large(gva(0xa00000))); /* D is clear */
    assert_maps(0x800000, 0x600000, data);
    assert_maps(0x801000, 0x601000, SH_PRESENT | SH_USER);
    assert_int_equal(reflected(0x801000, PF_U | PF_I), PF_P | PF_U | PF_I);
    guest_writes(PD + 36, 0); /* NX goes */
    assert_int_equal(flags_at(0x800000), 0);
    trace_remove(vm, gfn(0x601), TRACE_CODE);
    assert_int_equal(fault(0x800000, PF_U | PF_I), SHADOW_FIXED);
    assert_true(fake_large(gva(0x800000)));
    assert_maps(0x801000, 0x601000, RW);
}

/* One entry is two writes; a table that is filled is given up with the third write. */
static void pae_unused_writes(void **state)
{
    (void)state;
    fault(0x401000, PF_U);
    guest_writes(PT + 20, 0);
    guest_writes(PT + 16, (DATA + 0x1000) | U | AD);
    assert_maps(0x402000, DATA + 0x1000, RW);
    assert_true(traced(PT));
    guest_writes(PT + 28, 0);
    assert_false(traced(PT));
    assert_int_equal(vm->stats.n[STAT_SH_UNTRACED], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pae_pages, pae_paged, all_returned),
        cmocka_unit_test_setup_teardown(pae_pointers, pae_paged, all_returned),
        cmocka_unit_test_setup_teardown(pae_large_pages, pae_paged, all_returned),
        cmocka_unit_test_setup_teardown(pae_large_in_the_host, pae_paged, all_returned),
        cmocka_unit_test_setup_teardown(pae_unused_writes, pae_paged, all_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
