/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The hardware's descriptor tables: what gets in, what never does, and that they follow the
 * guest's tables. Of those, user code may load or look at USERS.
 */
#include "tests/unit/segment_world.h"

#include "monitor/pool.h"

/* What the hardware's table holds for SEL. */
static uint64_t hw(uint16_t sel)
{
    return fake.descriptor[(sel & SEL_TI) != 0][SEL_INDEX(sel)];
}

static unsigned there(unsigned local)
{
    unsigned n = 0;
    for (unsigned i = 0; i < 8192; i++)
        n += fake.descriptor[local][i] != 0;
    return n;
}

/* Those of the GDT that user code may load or look at; in the LDT it is one. */
static const uint16_t users[] = {C3, D3, RO3, CONF3, D3_NP, C3_NP, C3_16, D3_16};

static bool lists(uint32_t where)
{
    struct direct_check list[DIRECT_MIRRORS];
    uint32_t n;
    bool found = false;
    assert_true(segtab_list(v, list, &n));
    for (unsigned i = 0; i < n; i++) {
        assert_true(list[i].raw == peek64(list[i].where));
        found |= list[i].where == where;
    }
    return found;
}

static int user(void **state)
{
    world(state);
    assert_true(segtab_create(vm));
    run_at(3);
    return 0;
}

static void shows_what_is_the_users(void **state)
{
    (void)state;
    assert_int_equal(there(0) + there(1), 0);
    assert_true(segtab_prepare(v));
    for (unsigned i = 0; i < ARRAY_SIZE(users); i++)
        assert_true(hw(users[i]) == peek64(GDT + users[i]) && hw(users[i]));
    assert_int_equal(there(0), ARRAY_SIZE(users));
    assert_true(hw(0xc) == peek64(LDT + 8) && there(1) == 1);
    gdt_set(NUL, pack(0, 0xfffff, DATA | FLAT | DPL(3)));
    assert_true(segtab_prepare(v));
    assert_true(hw(NUL) == 0);
    assert_false(segtab_fill(v, 3));
}

static void prepares_flat_code(void **state)
{
    (void)state;
    assert_true(segtab_prepare(v));
    v->seg[S_DS] = (struct segment){.attr = SA_NULL, .sel = 3};
    v->seg[S_GS] = (struct segment){.attr = SA_NULL};
    assert_true(segtab_prepare(v));
    assert_true(segment_load(v, S_FS, 0xf)); /* from the LDT, with a base */
    assert_true(segtab_prepare(v));
    force(S_CS, C3_16 | 3);
    assert_true(segtab_prepare(v));
    force(S_CS, C3_NP | 3);
    assert_false(segtab_prepare(v));
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
}

static void never_mirrors(void **state)
{
    static const uint16_t no[] = {C0, D0, CONF0, SYS_TSS, SYS_LDTR, C1, TSK, GATE};
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
    run_at(3);
    force(S_DS, D3_NP | 3); /* is to be seen, not to be loaded */
    assert_false(segtab_prepare(v));
    assert_false(segtab_fill(v, D3_NP | 3));
    assert_true(hw(D3_NP) == peek64(GDT + D3_NP));
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
    assert_true(hw(D3) == peek64(GDT + D3));
    gdt_set(D3, 0);
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

/* The next guest must not find this one's entries in the hardware: it would load them. */
static void leaves_nothing_behind(void **state)
{
    (void)state;
    v->ldtr.limit = 0xffff;
    segtab_forget(v);
    poke64(LDT + 0xfff8, pack(0, 0xfffff, DATA | FLAT | DPL(3)));
    assert_true(segtab_prepare(v));
    assert_true(there(0) && there(1));
    segtab_destroy(v);
    assert_int_equal(there(0) + there(1), 0);
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
    run_at(3);
    v->ldtr.limit = 0xffff;
    segtab_forget(v);
    poke64(LDT + 0xfff8, pack(0, 0xfffff, DATA | FLAT | DPL(3)));
    assert_true(segtab_prepare(v)); /* all of the LDT is the guest's */
    assert_true(hw(0xffff) == peek64(LDT + 0xfff8));
    v->ldtr.limit = 0xfffffffe;
    segtab_forget(v);
    assert_true(segtab_prepare(v)); /* and no more than 64 KiB are */
    v->ldtr.limit = 0xfffe;
    segtab_forget(v);
    assert_true(segtab_prepare(v));
    assert_true(hw(0xffff) == 0);
}

/* A table that lies over two pages, at an odd address, one of them missing. */
static void tables_lie_anywhere(void **state)
{
    const uint32_t odd = LDT + 0xff3;
    const uint64_t data = pack(0x4000, 0xfffff, DATA | FLAT | DPL(3));
    (void)state;
    v->ldtr.base = odd;
    segtab_forget(v);
    for (unsigned i = 0; i < 3; i++)
        poke64(odd + 8 * i, data);
    assert_true(segtab_prepare(v));
    assert_true(there(1) == 3 && hw(4) == data && hw(0xc) == data && hw(0x14) == data);
    world_paging();
    world_map(LDT + 0x1000, 0);
    assert_true(segtab_prepare(v));
    assert_true(there(1) == 1 && hw(4) == data);
}

static void fills_on_demand(void **state)
{
    (void)state;
    poke64(LDT + 8, pack(0x1000, 0xfffff, (DATA | FLAT | DPL(3)) & ~(uint32_t)SA_ACCESSED));
    assert_true(segtab_prepare(v));
    assert_true(hw(0xc) == 0);
    assert_false(segtab_fill(v, 0xf)); /* the interpreter's: the load may be refused */
    assert_true(peek64(LDT + 8) ==
                pack(0x1000, 0xfffff, (DATA | FLAT | DPL(3)) & ~(uint32_t)SA_ACCESSED));
    assert_true(hw(0xc) == 0);
    poke64(LDT + 8, pack(0x1000, 0xfffff, DATA | FLAT | DPL(3)));
    assert_true(segtab_fill(v, 0xf));
    assert_true(hw(0xc) == peek64(LDT + 8));
    assert_false(segtab_fill(v, 0xf)); /* the second time the fault is the guest's */
    poke64(LDT + 8, pack(0x2000, 0xfffff, DATA | FLAT | DPL(3)));
    assert_true(segtab_fill(v, 0xf)); /* but not if the entry has changed */
    assert_true(hw(0xc) == peek64(LDT + 8));
}

static void collects(void **state)
{
    (void)state;
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
    assert_true(segtab_prepare(v));
    segtab_forget(v);
    assert_true(segtab_prepare(v));
    assert_true(there(0) == ARRAY_SIZE(users) && there(1) == 1);
    assert_true(segment_load_ldtr(v, 0)); /* forgets as well */
    assert_true(segtab_prepare(v));
    assert_true(there(0) == ARRAY_SIZE(users) && there(1) == 0);
    assert_false(segtab_fill(v, 0xc));
    v->gdtr.limit = D3 + 7;
    segtab_forget(v);
    assert_true(segtab_prepare(v));
    assert_int_equal(there(0), 2);
}

/* Far from a table's beginning what is not there is looked for only when the table is named. */
static void large_tables(void **state)
{
    const uint64_t data = pack(0x4000, 0xfffff, DATA | FLAT | DPL(3));
    (void)state;
    v->ldtr.limit = 0x1fff;
    segtab_forget(v);
    poke64(LDT + 8 * 600, data);
    assert_true(segtab_prepare(v));
    assert_true(hw(8 * 600 + 4) == data);
    poke64(LDT + 8 * 127, data); /* near */
    poke64(LDT + 8 * 128, data); /* far */
    poke64(LDT + 8 * 601, data); /* beside one that is there */
    assert_true(segtab_prepare(v));
    assert_true(hw(8 * 127 + 4) == data && hw(8 * 128 + 4) == 0 && hw(8 * 601 + 4) == data);
    assert_true(segtab_fill(v, 8 * 128 + 7)); /* when it is loaded it is found */
    assert_true(hw(8 * 128 + 4) == data);
    poke64(LDT + 8 * 200, data);
    assert_true(segtab_prepare(v));
    assert_true(hw(8 * 200 + 4) == 0);
    segtab_forget(v);
    assert_true(segtab_prepare(v));
    assert_true(hw(8 * 200 + 4) == data);
    for (unsigned i = 0; i < 1024; i++)
        poke64(LDT + 8 * i, 0);
    assert_true(segtab_prepare(v));
    assert_int_equal(there(1), 0);
}

/* What system calls without the monitor look at: all that is the user's, ... */
static void lists_what_may_change(void **state)
{
    (void)state;
    assert_true(segtab_prepare(v));
    for (unsigned i = 0; i < ARRAY_SIZE(users); i++)
        assert_true(lists(GDT + users[i]));
    assert_true(lists(LDT + 8));
    assert_false(lists(GDT + C0) || lists(GDT + SYS_TSS) || lists(LDT + 0) || lists(GDT + FRESH0));
    gdt_set(RO3, 0); /* ... what is empty now and was filled before, and two behind it */
    gdt_set(C0_NP, 0);
    gdt_set(D0_NP, 0);
    gdt_set(C0_SMALL, 0);
    segtab_forget(v); /* an LLDT, say */
    assert_true(segtab_prepare(v));
    assert_true(lists(GDT + RO3) && lists(GDT + C0_NP) && lists(GDT + D0_NP));
    gdt_set(CONF3, peek64(GDT + CONF3) & ~((uint64_t)SA_ACCESSED << 40));
    gdt_set(CONF3 + 8, 0);
    assert_true(segtab_prepare(v));
    assert_false(lists(GDT + CONF3)); /* a load faults, and LAR is told that it is not there */
    v->gdtr.base = GDT + 8;           /* another table */
    segtab_forget(v);
    segtab_prepare(v);
    v->gdtr.base = GDT;
    segtab_forget(v);
    assert_true(segtab_prepare(v));
    assert_false(lists(GDT + RO3));
}

static void lists_as_many_as_there_is_room_for(void **state)
{
    struct direct_check list[DIRECT_MIRRORS];
    uint32_t n, room = DIRECT_MIRRORS - ARRAY_SIZE(users);
    (void)state;
    v->ldtr.limit = 0xff;
    poke64(LDT + 8, 0);
    for (unsigned i = 0; i < room; i++)
        poke64(LDT + 8 * i, pack(i << 12, 0xfffff, DATA | FLAT | DPL(3)));
    segtab_forget(v);
    assert_true(segtab_prepare(v));
    assert_true(segtab_list(v, list, &n));
    assert_int_equal(n, DIRECT_MIRRORS);
    poke64(LDT + 8 * room, pack(0, 0xfffff, DATA | FLAT | DPL(3)));
    assert_true(segtab_prepare(v));
    assert_false(segtab_list(v, list, &n));
    v->gdtr.limit = 7;
    assert_true(segment_load_ldtr(v, 0));
    assert_false(segtab_prepare(v));
    assert_false(segtab_list(v, list, &n)); /* nothing */
}

/* Whatever bytes a guest writes: only DPL-3 code and data, accessed if present, without L. */
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
            assert_int_equal(got >> 40 & 0x70, 0x70);
            assert_int_not_equal(got >> 40 & 0x81, 0x80);
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
        T(shows_what_is_the_users),
        T(prepares_flat_code),
        T(wants_level_3),
        T(never_mirrors),
        T(clears_l),
        T(follows_the_guest),
        T(verifies_what_is_not_loaded),
        T(unreadable_tables_are_empty),
        T(leaves_nothing_behind),
        T(respects_limits),
        T(fills_on_demand),
        T(collects),
        T(forgets),
        T(large_tables),
        T(tables_lie_anywhere),
        T(lists_what_may_change),
        T(lists_as_many_as_there_is_room_for),
        T(nothing_else_gets_in),
        T(needs_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
