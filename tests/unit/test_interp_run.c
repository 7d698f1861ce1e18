/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Runs of instructions: how far one goes, and that code, limits and modes that changed are seen
 * within it as between two steps.
 */
#include "tests/unit/interp_run.h"

/* From eip back to where it is now, until all the code there is in the cache. */
static void warm(unsigned insns)
{
    struct vcpu was = *v;
    for (unsigned n = 0; n < insns; n++)
        assert_int_equal(interp_step(v), INTERP_OK);
    memcpy(was.tlb, v->tlb, sizeof was.tlb);
    *v = was;
}

static void a_run_counts(void **state)
{
    (void)state;
    put_code(BYTES(0x40, 0x40, 0x40, 0x43, 0x74, 0x02, 0xeb, 0xf8)); /* inc eax, ebx; jz; jmp */
    assert_int_equal(interp_run(v, 100), 1);                         /* not in the cache yet */
    assert_int_equal(v->gpr[R_EAX], 1);
    v->eip = CODE;
    warm(6);
    v->gpr[R_EAX] = v->gpr[R_EBX] = 0;
    assert_int_equal(interp_run(v, 1), 1);
    assert_int_equal(v->eip, CODE + 1);
    assert_int_equal(interp_run(v, 2), 2);
    assert_int_equal(v->gpr[R_EAX], 3);
    assert_int_equal(interp_run(v, 3), 3);
    assert_int_equal(v->eip, CODE);
    assert_int_equal(interp_run(v, 600), 600);
    assert_int_equal(v->gpr[R_EAX], 303);
    assert_int_equal(v->gpr[R_EBX], 101);
}

/* What may be news for the run loop comes last. */
static void a_run_ends_with_the_general(void **state)
{
    (void)state;
    put_code(BYTES(0x40, 0xfa, 0x40, 0xfb, 0x40, 0x40, 0x0f, 0x0b)); /* cli, sti, ud2 between */
    v->vif = 1;
    warm(6);
    assert_int_equal(interp_run(v, 100), 2);
    assert_int_equal(v->vif, 0);
    assert_int_equal(interp_run(v, 100), 2);
    assert_int_equal(v->inhibit, 1);
    assert_int_equal(interp_run(v, 100), 1); /* the shadow's one */
    assert_int_equal(v->inhibit, 0);
    assert_int_equal(interp_run(v, 100), 2);
    expect_exception(INTERP_EXCEPTION, VEC_UD, -1);
    assert_int_equal(v->eip, CODE + 6);
    assert_int_equal(v->gpr[R_EAX], 4);
}

static void a_run_sees_its_own_stores(void **state)
{
    (void)state;
    put_code(BYTES(0x88, 0x1d, 7, 0, 1, 0, /* mov [CODE + 7], bl */
                   0xb0, 1, 0xb1, 2));     /* mov al, 1; mov cl, 2 */
    v->gpr[R_EBX] = 7;
    warm(3);
    v->gpr[R_EBX] = 9;
    assert_int_equal(interp_run(v, 100), 2); /* the second is decoded anew */
    assert_int_equal(v->gpr[R_EAX], 9);
    assert_int_equal(interp_run(v, 1), 1);
    assert_int_equal(v->gpr[R_ECX], 2);
}

/* Bytes behind the eighth are compared as well. */
static void a_run_compares_long_instructions(void **state)
{
    (void)state;
    put_code(BYTES(0x40, 0xc7, 0x05, 0, 0, 2, 0, 1, 0, 0, 5)); /* inc; mov dword [DATA], 5000001h */
    warm(2);
    assert_int_equal(interp_run(v, 2), 2);
    assert_int_equal(peek(vm, DATA), 0x05000001);
    poke8(CODE + 10, 6);
    v->eip = CODE;
    assert_int_equal(interp_run(v, 2), 2);
    assert_int_equal(peek(vm, DATA), 0x06000001);
}

static void a_run_crosses_pages(void **state)
{
    static const uint8_t nops[0x20] = {[0 ... 0x1f] = 0x90};
    (void)state;
    map_all();
    go_user();
    v->eip = CODE + 0xff0;
    assert_true(guest_write(vm, gpa(v->eip), nops, sizeof nops));
    warm(0x20);
    for (unsigned n = 0; n < 0x20;) /* the last bytes of a page end runs */
        n += interp_run(v, 0x20 - n);
    assert_int_equal(v->eip, CODE + 0x1010);
    map_page(CODE + 0x1000, PTE_P | PTE_W); /* the supervisor's */
    v->eip = CODE + 0xff0;
    while (!v->exc.valid)
        interp_run(v, 100);
    expect_exception(INTERP_EXCEPTION, VEC_PF, PF_P | PF_U);
    assert_int_equal(v->eip, CODE + 0x1000);
}

static void a_run_heeds_the_limit(void **state)
{
    static const uint8_t nops[0x20] = {[0 ... 0x1f] = 0x90};
    (void)state;
    assert_true(guest_write(vm, gpa(CODE), nops, sizeof nops));
    warm(0x20);
    v->seg[S_CS].limit = CODE + 0x1a;
    while (!v->exc.valid)
        interp_run(v, 100);
    expect_exception(INTERP_EXCEPTION, VEC_GP, 0);
    assert_int_equal(v->eip, CODE + 0x1b);
    v->seg[S_CS].limit = 5; /* less than any instruction may need */
    expect_exception(interp_run(v, 100) == 1 ? INTERP_EXCEPTION : INTERP_OK, VEC_GP, 0);
}

static void a_run_heeds_tf_and_ac(void **state)
{
    (void)state;
    put_code(BYTES(0x40, 0x8b, 0x05, 1, 0, 2, 0, 0x40)); /* inc eax; mov eax, [DATA + 1] */
    map_all();
    go_user();
    v->cr0 |= CR0_AM;
    warm(3);
    v->eflags |= FL_TF;
    assert_int_equal(interp_run(v, 100), 1);
    expect_exception(INTERP_EXCEPTION, VEC_DB, -1);
    v->eflags &= ~(uint32_t)FL_TF;
    v->eflags |= FL_AC;
    while (!v->exc.valid)
        interp_run(v, 100);
    expect_exception(INTERP_EXCEPTION, VEC_AC, 0);
    assert_int_equal(v->eip, CODE + 1);
    v->cpl = 0; /* no alignment checks there */
    assert_int_equal(interp_run(v, 2), 2);
}

static void a_run_knows_the_code_size(void **state)
{
    (void)state;
    put_code(BYTES(0xb8, 1, 2, 3, 4));
    warm(1);
    v->seg[S_CS].attr &= ~(uint32_t)SA_DB;
    assert_int_equal(interp_run(v, 1), 1);
    assert_int_equal(v->eip, CODE + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_run_counts, world),
        cmocka_unit_test_setup(a_run_ends_with_the_general, world),
        cmocka_unit_test_setup(a_run_sees_its_own_stores, world),
        cmocka_unit_test_setup(a_run_compares_long_instructions, world),
        cmocka_unit_test_setup(a_run_crosses_pages, world),
        cmocka_unit_test_setup(a_run_heeds_the_limit, world),
        cmocka_unit_test_setup(a_run_heeds_tf_and_ac, world),
        cmocka_unit_test_setup(a_run_knows_the_code_size, world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
