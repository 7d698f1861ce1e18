/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The hardware's descriptor tables: what gets in, what never does, and that they follow the
 * guest's tables.
 */
#include "tests/unit/segment_world.h"

#include "monitor/pool.h"

/* What the hardware's table holds for SEL. */
static uint64_t hw(uint16_t sel)
{
    return fake.descriptor[(sel & SEL_TI) != 0][SEL_INDEX(sel)];
}

static unsigned present(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < 8192; i++)
        n += (fake.descriptor[0][i] != 0) + (fake.descriptor[1][i] != 0);
    return n;
}

static int user(void **state)
{
    world(state);
    assert_true(segtab_create(vm));
    run_at(3);
    return 0;
}

static void prepares_flat_code(void **state)
{
    (void)state;
    assert_true(segtab_prepare(v));
    assert_true(hw(C3) == peek64(GDT + C3));
    assert_true(hw(D3) == peek64(GDT + D3));
    assert_int_equal(present(), 2); /* only what is used */
    v->seg[S_DS] = (struct segment){.attr = SA_NULL, .sel = 3};
    v->seg[S_GS] = (struct segment){.attr = SA_NULL};
    assert_true(segtab_prepare(v));
    assert_true(segment_load(v, S_FS, 0xf)); /* from the LDT, with a base */
    assert_true(segtab_prepare(v));
    assert_true(hw(0xc) == peek64(LDT + 8));
    force(S_CS, C3_16 | 3);
    assert_true(segtab_prepare(v));
    assert_true(hw(C3_16) == peek64(GDT + C3_16));
    assert_false(v->exc.valid);
}

static void wants_level_3(void **state)
{
    (void)state;
    run_at(0);
    assert_false(segtab_prepare(v));
    run_at(3);
    force(S_CS, CONF0 | 3);
    assert_false(segtab_prepare(v));
    run_at(3);
    force(S_SS, D3); /* RPL 0 */
    assert_false(segtab_prepare(v));
    run_at(3);
    v->seg[S_SS] = (struct segment){.attr = SA_NULL, .sel = 3};
    assert_false(segtab_prepare(v));
    run_at(3);
    v->seg[S_CS] = (struct segment){.attr = SA_NULL | DPL(3), .sel = 3};
    assert_false(segtab_prepare(v));
    assert_true(present() <= 2);
}

static void never_mirrors(void **state)
{
    static const uint16_t no[] = {C0, D0, CONF0, SYS_TSS, SYS_LDTR, C1, D3_NP, TSK, GATE};
    (void)state;
    gdt_set(GATE, pack_gate(C0, 0, SYS_CALL32, 3, 0));
    for (unsigned i = 0; i < ARRAY_SIZE(no); i++) {
        run_at(3);
        force(S_DS, no[i] | 3);
        assert_false(segtab_prepare(v));
        assert_false(segtab_fill(v, no[i] | 3));
        assert_true(hw(no[i]) == 0);
    }
    run_at(3);
    gdt_set(D3, pack(0, 0xfffff, (DATA | FLAT | DPL(3)) & ~(uint32_t)SA_ACCESSED));
    force(S_DS, D3 | 3);
    assert_false(segtab_prepare(v)); /* the CPU would write A to our table */
    assert_true(hw(D3) == 0);
}

static void clears_l(void **state)
{
    (void)state;
    gdt_set(C3, pack(0, 0xfffff, CODE | FLAT | DPL(3) | SA_L));
    force(S_CS, C3 | 3);
    assert_true(segtab_prepare(v));
    assert_true(hw(C3) == pack(0, 0xfffff, CODE | FLAT | DPL(3)));
    gdt_set(C3, pack(0, 0xfffff, (CODE | SA_G | DPL(3) | SA_L)));
    force(S_CS, C3 | 3);
    assert_true(segtab_prepare(v));
    assert_true(hw(C3) == pack(0, 0xfffff, CODE | SA_G | DPL(3)));
}

static void follows_the_guest(void **state)
{
    (void)state;
    assert_true(segtab_prepare(v));
    gdt_set(D3, pack(0x5000, 0xfffff, DATA | FLAT | DPL(3)));
    assert_false(segtab_prepare(v)); /* what is loaded is not in the table */
    assert_true(hw(D3) == peek64(GDT + D3));
    for (unsigned r = 0; r < S_COUNT; r++)
        if (r != S_CS)
            force((enum sreg)r, D3 | 3);
    assert_true(segtab_prepare(v));
    gdt_absent(D3);
    assert_false(segtab_prepare(v));
    assert_true(hw(D3) == 0);
    gdt_set(D3, pack(0x5000, 0xfffff, DATA | FLAT | DPL(0)));
    assert_false(segtab_prepare(v));
    assert_true(hw(D3) == 0);
    gdt_set(D3, pack(0x5000, 0xffffe, DATA | FLAT | DPL(3)));
    assert_false(segtab_prepare(v)); /* another limit */
    gdt_set(D3, pack(0x5000, 0xfffff, DATA | SA_G | DPL(3)));
    assert_false(segtab_prepare(v)); /* another size */
    gdt_set(D3, pack(0x5000, 0xfffff, DATA | FLAT | DPL(3)));
    assert_true(segtab_prepare(v));
}

/* Linux rewrites its TLS entries at a context switch, loaded or not. */
static void verifies_what_is_not_loaded(void **state)
{
    (void)state;
    assert_true(segtab_fill(v, 0xc));
    assert_true(hw(0xc) == peek64(LDT + 8));
    assert_true(segtab_prepare(v));
    poke64(LDT + 8, pack(0x77777, 0xfffff, DATA | FLAT | DPL(3)));
    assert_true(segtab_prepare(v));
    assert_true(hw(0xc) == peek64(LDT + 8));
}

static void unreadable_tables_are_empty(void **state)
{
    (void)state;
    world_paging();
    assert_true(segtab_prepare(v));
    world_map(GDT, 0);
    v->exc = (struct exception){.valid = true, .vector = VEC_UD};
    assert_false(segtab_prepare(v));
    assert_false(segtab_fill(v, D3));
    assert_true(v->exc.valid);
    assert_int_equal(v->exc.vector, VEC_UD); /* nobody has raised anything */
    v->exc.valid = false;
    assert_true(hw(D3) == 0 && hw(C3) == 0);
    world_map(GDT, PTE_P);
    assert_true(segtab_prepare(v));
}

static void respects_limits(void **state)
{
    (void)state;
    v->gdtr.limit = D3 + 6;
    segtab_forget(v);
    assert_false(segtab_prepare(v));
    assert_false(segtab_fill(v, D3));
    assert_true(hw(D3) == 0);
    v->gdtr.limit = 0xffff;
    for (unsigned i = HOST_FIRST_SELECTOR; i < 0x10000; i += 8) {
        poke64(GDT + i, pack(0, 0xfffff, DATA | FLAT | DPL(3)));
        assert_false(segtab_fill(v, (uint16_t)i | 3)); /* those are the host's */
        assert_false(segtab_fill(v, (uint16_t)i));
    }
    segment_unpack(0xfffb, peek64(GDT + 0xfff8), &v->seg[S_DS]);
    assert_false(segtab_prepare(v));
    assert_false(segtab_fill(v, 3));
    v->ldtr.limit = 0xffff;
    poke64(LDT + 0xfff8, pack(0, 0xfffff, DATA | FLAT | DPL(3)));
    assert_true(segtab_fill(v, 0xffff)); /* all of the LDT is the guest's */
}

static void fills_on_demand(void **state)
{
    (void)state;
    poke64(LDT + 8, pack(0x1000, 0xfffff, (DATA | FLAT | DPL(3)) & ~(uint32_t)SA_ACCESSED));
    assert_true(segtab_fill(v, 0xf));
    assert_true(peek64(LDT + 8) == pack(0x1000, 0xfffff, DATA | FLAT | DPL(3))); /* A is set */
    assert_true(hw(0xc) == peek64(LDT + 8));
    assert_false(segtab_fill(v, 0xf)); /* the second time the fault is the guest's */
    poke64(LDT + 8, pack(0x2000, 0xfffff, DATA | FLAT | DPL(3)));
    assert_true(segtab_fill(v, 0xf)); /* but not if the entry has changed */
    assert_true(hw(0xc) == peek64(LDT + 8));
    world_paging();
    world_map(GDT, PTE_P);
    gdt_set(D3, pack(0, 0xfffff, (DATA | FLAT | DPL(3)) & ~(uint32_t)SA_ACCESSED));
    assert_false(segtab_fill(v, D3)); /* A cannot be set: the interpreter will raise #PF */
    assert_false(v->exc.valid);
    assert_true(hw(D3) == 0);
}

static void collects(void **state)
{
    (void)state;
    assert_true(segtab_fill(v, 0xc));
    assert_true(segtab_fill(v, C3_16));
    assert_true(segtab_prepare(v));
    v->seg[S_GS].sel = 0xf;
    v->seg[S_FS].sel = 2;
    v->seg[S_CS].sel = C3_16 | 3;
    v->seg[S_ES].sel = 0xfffb; /* the host's own */
    v->seg[S_DS].sel = D3;     /* another RPL */
    segtab_collect(v);
    assert_segment(S_GS, 0xf, 0x1000, 0xffffffff, DATA | FLAT | DPL(3));
    assert_segment(S_FS, 2, 0, 0, SA_NULL);
    assert_segment(S_CS, C3_16 | 3, 0, 0xffff, CODE | DPL(3));
    assert_segment(S_ES, 3, 0, 0, SA_NULL);
    assert_segment(S_DS, D3, 0, 0xffffffff, DATA | FLAT | DPL(3));
    assert_segment(S_SS, D3 | 3, 0, 0xffffffff, DATA | FLAT | DPL(3));
}

static void forgets(void **state)
{
    (void)state;
    assert_true(segtab_fill(v, 0xc));
    assert_true(segtab_prepare(v));
    segtab_forget(v);
    assert_int_equal(present(), 0);
    assert_true(segtab_prepare(v));
    assert_int_equal(present(), 2);
    assert_true(segment_load_ldtr(v, 0)); /* forgets as well */
    assert_int_equal(present(), 0);
    assert_false(segtab_fill(v, 0xc));
}

/* A guest that uses more selectors than are remembered: nothing stale stays behind, and what is
 * loaded is always there. */
static void overflows(void **state)
{
    (void)state;
    v->ldtr.limit = 0x3ff;
    for (unsigned i = 0; i < 128; i++)
        poke64(LDT + i * 8, pack(i << 12, 0xfffff, DATA | FLAT | DPL(3)));
    for (unsigned i = 0; i < 128; i++) {
        uint16_t sel = (uint16_t)(i * 8 | 7);
        assert_true(segtab_fill(v, sel));
        assert_true(hw(sel) == peek64(LDT + i * 8));
        assert_true(present() <= 16);
        assert_true(segment_load(v, (enum sreg[]){S_DS, S_ES, S_FS, S_GS}[i % 4], sel));
        assert_true(segtab_prepare(v));
        for (unsigned r = 0; r < S_COUNT; r++)
            assert_true(hw(v->seg[r].sel) != 0);
        assert_true(present() <= 16);
    }
}

/* Whatever bytes a guest writes: only present DPL-3 code and data, accessed, without L. */
static void nothing_else_gets_in(void **state)
{
    uint64_t x = 88172645463325252ull;
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        poke64(LDT + 8, x);
        segtab_fill(v, 0xf);
        segtab_prepare(v);
        uint64_t got = hw(0xc);
        assert_false(v->exc.valid);
        if (got) {
            assert_int_equal(got >> 40 & 0xf1, 0xf1);
            assert_int_equal(got >> 53 & 1, 0);
        }
    }
}

static void needs_memory(void **state)
{
    (void)state;
    while (pool_get(vm->pool).v)
        continue;
    assert_false(segtab_create(vm));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, user)
    const struct CMUnitTest tests[] = {
        T(prepares_flat_code),
        T(wants_level_3),
        T(never_mirrors),
        T(clears_l),
        T(follows_the_guest),
        T(verifies_what_is_not_loaded),
        T(unreadable_tables_are_empty),
        T(respects_limits),
        T(fills_on_demand),
        T(collects),
        T(forgets),
        T(overflows),
        T(nothing_else_gets_in),
        T(needs_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
