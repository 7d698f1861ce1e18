/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The walker against SDM 3A 4.3, 4.4, 4.6, 4.7 and 4.8: rights and error codes in every
 * combination, large pages, reserved bits, A and D, tables outside RAM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/guestmem.h"
#include "monitor/guestwalk.h"
#include "tests/unit/fake_host.h"

#define RAM (64u * PAGE_SIZE)
#define PD  0x1000u
#define PT  0x2000u
#define LIN 0x00c05123u /* directory entry 3, table entry 5 */

static struct vm *vm;
static struct vcpu *v;
static struct walk w;
static uint32_t error;

static void poke(uint32_t where, uint32_t value)
{
    assert_true(guest_write(vm, gpa(where), &value, 4));
}

static uint32_t peek(uint32_t where)
{
    uint32_t value = 0;
    assert_true(guest_read(vm, gpa(where), &value, 4));
    return value;
}

static int setup(void **state)
{
    (void)state;
    vm = fake_vm(RAM);
    v = vm->vcpu;
    v->cr0 |= CR0_PG | CR0_WP;
    v->cr3 = PD | PTE_PWT; /* low bits are not part of the address */
    v->cr4 = CR4_PSE;
    memset(&w, 0xee, sizeof w);
    error = 0xdead;
    return 0;
}

static bool walk(uint32_t linear, unsigned flags)
{
    return guest_walk(v, gva(linear), flags, &w, &error);
}

static void paging_off(void **state)
{
    (void)state;
    v->cr0 &= ~(uint32_t)CR0_PG;
    assert_true(walk(0xfedcb123, PF_W | PF_U | WALK_SET_AD));
    assert_int_equal(w.levels, 0);
    assert_int_equal(w.page.v, 0xfedcb000);
    assert_true(w.user && w.writable && w.dirty && w.accessed && !w.large);
}

static void plain(void **state)
{
    (void)state;
    poke(PD + 3 * 4, PT | PTE_P | PTE_W | PTE_U | PTE_A | 0xe00);
    poke(PT + 5 * 4, 0x7000 | PTE_P | PTE_W | PTE_U | PTE_G | PTE_PS); /* PS is PAT here */
    assert_true(walk(LIN, 0));
    assert_int_equal(w.levels, 2);
    assert_int_equal(w.entry_gpa[0].v, PD + 12);
    assert_int_equal(w.entry_gpa[1].v, PT + 20);
    assert_int_equal(w.entry[0], PT | PTE_P | PTE_W | PTE_U | PTE_A | 0xe00);
    assert_int_equal(w.page.v, 0x7000);
    assert_true(w.user && w.writable && !w.large && !w.dirty && !w.accessed && !w.global);
    v->cr4 |= CR4_PGE;
    assert_true(walk(LIN, 0));
    assert_true(w.global);
    assert_int_equal(peek(PT + 20) & (PTE_A | PTE_D), 0); /* not asked to mark */
}

/* What the manual says of an access, in one expression each. */
static bool expect(uint32_t pde, uint32_t pte, bool wp, unsigned access, uint32_t *code)
{
    bool present = pde & pte & PTE_P, user = pde & pte & PTE_U, write = pde & pte & PTE_W;
    bool ok =
        (access & PF_U) ? user && (write || !(access & PF_W)) : write || !wp || !(access & PF_W);
    *code = (access & (PF_W | PF_U)) | (present ? PF_P : 0);
    return present && ok;
}

static void all_rights(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64 * 2 * 8; i++) {
        uint32_t pde = PT | (i & 7), pte = 0x7000 | (i >> 3 & 7), code;
        bool wp = i >> 6 & 1;
        unsigned access =
            (i >> 7 & 1 ? PF_W : 0u) | (i >> 8 & 1 ? PF_U : 0u) | (i >> 9 & 1 ? PF_I : 0u);
        v->cr0 = CR0_PE | CR0_PG | (wp ? CR0_WP : 0u);
        poke(PD + 12, pde);
        poke(PT + 20, pte);
        bool ok = expect(pde, pte, wp, access, &code);
        error = 0;
        assert_int_equal(walk(LIN, access | WALK_SET_AD), ok);
        uint32_t a = ok ? PTE_A : 0u, d = ok && (access & PF_W) ? PTE_D : 0u;
        if (!ok)
            assert_int_equal(error, code);
        assert_int_equal(peek(PD + 12), pde | a); /* D is of the leaf only */
        assert_int_equal(peek(PT + 20), pte | a | d);
        if (ok) {
            assert_int_equal(w.entry[0], pde | a);
            assert_int_equal(w.entry[1], pte | a | d);
            assert_int_equal(w.dirty, d != 0);
            assert_true(w.accessed);
        }
    }
}

static void stops_where_it_ends(void **state)
{
    (void)state;
    poke(PD + 12, 0);
    assert_false(walk(LIN, PF_W));
    assert_int_equal(error, PF_W);
    assert_int_equal(w.levels, 1);
    poke(PD + 12, PT | PTE_P);
    assert_false(walk(LIN, PF_U));
    assert_int_equal(error, PF_U);
    assert_int_equal(w.levels, 2);
    assert_int_equal(w.entry[0], PT | PTE_P);
    assert_int_equal(w.entry[1], 0);
}

static void large_pages(void **state)
{
    (void)state;
    const uint32_t pde = 0x00400000 | PTE_P | PTE_W | PTE_PS | PTE_G | 1u << 12; /* PAT */
    v->cr4 |= CR4_PGE;
    poke(PD + 12, pde);
    assert_true(walk(0x00c05123, PF_W | WALK_SET_AD));
    assert_int_equal(w.levels, 1);
    assert_true(w.large && w.global && w.dirty && w.accessed && w.writable && !w.user);
    assert_int_equal(w.page.v, 0x00405000);
    assert_int_equal(peek(PD + 12), pde | PTE_A | PTE_D);
    assert_true(walk(0x00ffffff, 0));
    assert_int_equal(w.page.v, 0x007ff000);
    assert_false(walk(0x00c05123, PF_U));
    assert_int_equal(error, PF_U | PF_P);
}

static void reserved_bits(void **state)
{
    (void)state;
    for (unsigned bit = 12; bit < 22; bit++) {
        poke(PD + 12, PTE_P | PTE_W | PTE_U | PTE_PS | 1u << bit);
        bool ok = walk(LIN, PF_W | PF_U | WALK_SET_AD);
        assert_int_equal(ok, bit == 12);
        if (!ok) {
            assert_int_equal(error, PF_P | PF_W | PF_U | PF_RSVD);
            assert_int_equal(peek(PD + 12) & PTE_A, 0);
        }
    }
    /* A reserved bit counts before a right that is missing. */
    poke(PD + 12, PTE_P | PTE_PS | 1u << 13);
    assert_false(walk(LIN, PF_U));
    assert_int_equal(error, PF_P | PF_U | PF_RSVD);
    /* Nothing is reserved in an entry that is not present. */
    poke(PD + 12, PTE_PS | 1u << 13);
    assert_false(walk(LIN, PF_U));
    assert_int_equal(error, PF_U);
}

static void ps_without_pse(void **state)
{
    (void)state;
    v->cr4 = 0;
    poke(PD + 12, PT | PTE_P | PTE_PS);
    poke(PT + 20, 0x7000 | PTE_P);
    assert_true(walk(LIN, 0));
    assert_false(w.large);
    assert_int_equal(w.page.v, 0x7000);
}

static void tables_outside_ram(void **state)
{
    (void)state;
    v->cr3 = RAM;
    assert_false(walk(LIN, PF_W | WALK_SET_AD));
    assert_int_equal(error, PF_W);
    v->cr3 = 0xfffff000;
    assert_false(walk(0xffffffff, 0));
    assert_int_equal(error, 0);
    v->cr3 = PD;
    poke(PD + 12, 0xfffff000 | PTE_P);
    assert_false(walk(LIN, WALK_SET_AD));
    assert_int_equal(w.levels, 2);
    assert_int_equal(peek(PD + 12), 0xfffff000 | PTE_P);
    /* The page itself may be anywhere. */
    poke(PD + 12, PT | PTE_P);
    poke(PT + 20, 0xfee00000 | PTE_P);
    assert_true(walk(LIN, WALK_SET_AD));
    assert_int_equal(w.page.v, 0xfee00000);
}

/* A directory that maps itself: one entry is both levels of the walk. */
static void self_map(void **state)
{
    (void)state;
    poke(PD + 0xffc, PD | PTE_P | PTE_W);
    assert_true(walk(0xfffffffc, PF_W | WALK_SET_AD));
    assert_int_equal(w.page.v, PD);
    assert_int_equal(w.entry_gpa[0].v, w.entry_gpa[1].v);
    assert_int_equal(peek(PD + 0xffc), PD | PTE_P | PTE_W | PTE_A | PTE_D);
}

/* ---- PAE ------------------------------------------------------------------------ */

#define PDIR 0x4000u
#define PTAB 0x5000u
#define LIN3 0xc0a05123u /* pointer 3, directory entry 5, table entry 5 */

static void poke64(uint32_t where, uint64_t value)
{
    assert_true(guest_write(vm, gpa(where), &value, 8));
}

static uint64_t peek64(uint32_t where)
{
    uint64_t value = 0;
    assert_true(guest_read(vm, gpa(where), &value, 8));
    return value;
}

static int setup_pae(void **state)
{
    setup(state);
    v->cr3 = 0x3020 | PTE_PWT;
    v->cr4 = CR4_PAE;
    v->efer = EFER_NXE;
    v->pdpte[3] = PDIR | PTE_P | 0xe00;
    poke64(PDIR + 5 * 8, PTAB | PTE_P | PTE_W | PTE_U);
    poke64(PTAB + 5 * 8, 0x7000 | PTE_P | PTE_W | PTE_U | PTE_PS | 0x7ull << 9);
    return 0;
}

static void pae_plain(void **state)
{
    (void)state;
    assert_true(walk(LIN3, PF_W | PF_U | PF_I | WALK_SET_AD));
    assert_int_equal(w.levels, 3);
    assert_int_equal(w.entry_gpa[0].v, 0x3020 + 24);
    assert_int_equal(w.entry[0], PDIR | PTE_P | 0xe00); /* no A: it is a register */
    assert_int_equal(w.entry_gpa[1].v, PDIR + 40);
    assert_int_equal(w.entry_gpa[2].v, PTAB + 40);
    assert_int_equal(peek64(PDIR + 40) & (PTE_A | PTE_D), PTE_A);
    assert_int_equal(peek64(PTAB + 40) & (PTE_A | PTE_D), PTE_A | PTE_D);
    assert_int_equal(w.page.v, 0x7000);
    assert_true(w.user && w.writable && w.exec && w.dirty && w.accessed && !w.large);
    assert_false(walk(0x80a05123, PF_U));
    assert_int_equal(error, PF_U);
    assert_int_equal(w.levels, 1);
}

static bool pae_expect(uint64_t pde, uint64_t pte, bool wp, bool nxe, unsigned access,
                       uint32_t *code)
{
    bool present = pde & pte & PTE_P, user = pde & pte & PTE_U, write = pde & pte & PTE_W;
    bool nx_pde = pde >> 63, nx_pte = pte >> 63;
    bool rsvd = !nxe && (((pde & PTE_P) && nx_pde) || (present && nx_pte));
    bool ok =
        (access & PF_U) ? user && (write || !(access & PF_W)) : write || !wp || !(access & PF_W);
    if ((access & PF_I) && (nx_pde || nx_pte))
        ok = false;
    *code = (access & (PF_W | PF_U)) | (nxe ? access & PF_I : 0);
    *code |= rsvd ? PF_P | PF_RSVD : present ? PF_P : 0;
    return present && ok && !rsvd;
}

static void pae_all_rights(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256 * 32; i++) {
        uint64_t pde = PTAB | (i & 7) | (uint64_t)(i >> 3 & 1) << 63;
        uint64_t pte = 0x7000 | (i >> 4 & 7) | (uint64_t)(i >> 7 & 1) << 63;
        bool wp = i >> 8 & 1, nxe = i >> 9 & 1;
        unsigned access =
            (i >> 10 & 1 ? PF_W : 0u) | (i >> 11 & 1 ? PF_U : 0u) | (i >> 12 & 1 ? PF_I : 0u);
        uint32_t code;
        v->cr0 = CR0_PE | CR0_PG | (wp ? CR0_WP : 0u);
        v->efer = nxe ? EFER_NXE : 0;
        poke64(PDIR + 40, pde);
        poke64(PTAB + 40, pte);
        bool ok = pae_expect(pde, pte, wp, nxe, access, &code);
        assert_int_equal(walk(LIN3, access | WALK_SET_AD), ok);
        if (!ok)
            assert_int_equal(error, code);
        uint64_t a = ok ? PTE_A : 0u, d = ok && (access & PF_W) ? PTE_D : 0u;
        assert_true(peek64(PDIR + 40) == (pde | a));
        assert_true(peek64(PTAB + 40) == (pte | a | d));
        if (ok)
            assert_int_equal(w.exec, !((pde | pte) >> 63));
    }
}

static void pae_reserved_bits(void **state)
{
    (void)state;
    for (unsigned bit = 12; bit < 63; bit++) {
        poke64(PDIR + 40, PTAB | PTE_P);
        poke64(PTAB + 40, PTE_P | 1ull << bit);
        assert_int_equal(walk(LIN3, PF_I), bit < 36);
        if (bit >= 36)
            assert_int_equal(error, PF_P | PF_I | PF_RSVD);
        poke64(PDIR + 40, PTE_P | PTE_PS | 1ull << bit);
        assert_int_equal(walk(LIN3, 0), bit == 12 || (bit > 20 && bit < 36));
        poke64(PDIR + 40, PTAB | PTE_P | 1ull << bit);
        if (bit >= 36) {
            assert_false(walk(LIN3, PF_U)); /* before the right that is missing */
            assert_int_equal(error, PF_P | PF_U | PF_RSVD);
            assert_int_equal(w.levels, 2);
        }
    }
}

/* 2 MiB, whatever CR4.PSE says, and above 4 GiB. */
static void pae_large_pages(void **state)
{
    (void)state;
    poke64(PDIR + 40, 0xf00200000ull | PTE_P | PTE_W | PTE_PS | PTE_G);
    v->cr4 |= CR4_PGE;
    assert_true(walk(0xc0bff123, PF_W | WALK_SET_AD));
    assert_int_equal(w.levels, 2);
    assert_true(w.large && w.global && w.dirty && !w.user && w.exec);
    assert_true(w.page.v == 0xf003ff000ull);
    poke64(PDIR + 40, PTAB | PTE_P);
    poke64(PTAB + 40, 0xf12345000ull | PTE_P);
    assert_true(walk(LIN3, 0));
    assert_true(w.page.v == 0xf12345000ull);
    poke64(PDIR + 40, 0xf12345000ull | PTE_P); /* a table outside RAM */
    assert_false(walk(LIN3, 0));
    assert_int_equal(error, 0);
}

/* Bit 20 of tables and pages alike. */
static void a20_masked(void **state)
{
    (void)state;
    vm->a20_masked = true;
    poke(PD + 12, (PT | 1u << 20) | PTE_P | PTE_W | PTE_U);
    poke(PT + 20, 0x00356000 | PTE_P | PTE_W | PTE_U);
    assert_true(walk(LIN, WALK_SET_AD));
    assert_true(w.page.v == 0x00256000);
    assert_true(peek(PT + 20) & PTE_A);
    poke(PD + 12, 0x00400000 | PTE_PS | PTE_P);
    assert_true(walk(0x00d05123, 0));
    assert_true(w.page.v == 0x00405000);
    v->cr0 &= ~(uint32_t)CR0_PG;
    assert_true(walk(0x00100000, 0));
    assert_true(w.page.v == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(paging_off, setup),
        cmocka_unit_test_setup(plain, setup),
        cmocka_unit_test_setup(all_rights, setup),
        cmocka_unit_test_setup(stops_where_it_ends, setup),
        cmocka_unit_test_setup(large_pages, setup),
        cmocka_unit_test_setup(reserved_bits, setup),
        cmocka_unit_test_setup(ps_without_pse, setup),
        cmocka_unit_test_setup(tables_outside_ram, setup),
        cmocka_unit_test_setup(self_map, setup),
        cmocka_unit_test_setup(a20_masked, setup),
        cmocka_unit_test_setup(pae_plain, setup_pae),
        cmocka_unit_test_setup(pae_all_rights, setup_pae),
        cmocka_unit_test_setup(pae_reserved_bits, setup_pae),
        cmocka_unit_test_setup(pae_large_pages, setup_pae),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
