/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What surrounds every instruction: fetch with its limits and page faults, LOCK, privilege,
 * the single-step trap, RF, interrupt shadows, and the cache of decoded instructions.
 */
#include "tests/unit/interp_run.h"

#include "monitor/pool.h"

static void fetch_ends_at_the_limit(void **state)
{
    (void)state;
    v->seg[S_CS].limit = CODE + 4;
    OK(0xb8, 1, 2, 3, 4); /* its last byte is the last one */
    assert_int_equal(v->gpr[R_EAX], 0x04030201);
    FAULTS(GP0, 0x90); /* eip is beyond */
    v->eip = CODE + 1;
    FAULTS(GP0, 0xb8, 1, 2, 3, 4); /* sticks out */
    v->eip = CODE + 4;
    OK(0x90);
}

static void fetch_faults_name_the_page(void **state)
{
    (void)state;
    map_all();
    go_user();
    map_page(CODE + 0x1000, 0);
    v->eip = CODE + 0xffe;
    FAULTS(E(VEC_PF, PF_U), 0xb8, 0, 0, 0, 0);
    assert_int_equal(v->exc.cr2, CODE + 0x1000);
    v->eip = CODE + 0xfff;
    OK(0x90); /* needs nothing of the absent page */
    struct before was = snapshot();
    expect_exception(interp_step(v), VEC_PF, PF_U);
    assert_int_equal(v->exc.cr2, CODE + 0x1000);
    assert_int_equal(was.eip, v->eip);
}

static void crossing_pages_may_lie_apart(void **state)
{
    (void)state;
    map_all();
    map_page(CODE + 0x1000, 0);
    poke(vm, PAGE_TAB + ((CODE + 0x1000) >> 12) * 4, DATA | PTE_P);
    vmem_flush(v, true);
    poke16(CODE + 0xffe, 0x11b8);
    poke16(DATA, 0x3322);
    poke8(DATA + 2, 0x44);
    for (unsigned n = 0; n < 3; n++) {
        v->eip = CODE + 0xffe;
        assert_int_equal(interp_step(v), INTERP_OK);
        assert_int_equal(v->gpr[R_EAX], 0x44332211);
    }
    poke16(DATA, 0x6655);
    v->eip = CODE + 0xffe;
    assert_int_equal(interp_step(v), INTERP_OK);
    assert_int_equal(v->gpr[R_EAX], 0x44665511);
}

static void too_long_is_gp(void **state)
{
    (void)state;
    OK(0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x90);
    FAULTS(GP0, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e,
           0x3e, 0x90);
}

static void eip_and_base_wrap(void **state)
{
    (void)state;
    v->seg[S_CS].base = 0xffff0000u;
    v->eip = 0x10000 + CODE;
    OK(0xb0, 7);
    assert_int_equal(v->gpr[R_EAX], 7);
}

static void lock_only_where_allowed(void **state)
{
    (void)state;
    v->gpr[R_EBX] = DATA;
    OK(0xf0, 0xff, 0x03); /* lock inc [ebx] */
    assert_int_equal(peek(vm, DATA), 1);
    FAULTS(UD, 0xf0, 0xff, 0xc3); /* inc ebx */
    FAULTS(UD, 0xf0, 0x89, 0x03); /* mov [ebx], eax */
    FAULTS(UD, 0xf0, 0x39, 0x03); /* cmp */
    FAULTS(UD, 0xf0, 0xf4);       /* hlt: #UD although privileged */
    go_user();
    FAULTS(UD, 0xf0, 0xf4);
}

static void not_offered_is_undefined(void **state)
{
    (void)state;
    FAULTS(UD, 0x0f, 0x0b);
    FAULTS(UD, 0x0f, 0x34);             /* sysenter */
    FAULTS(UD, 0x0f, 0x35);             /* sysexit */
    FAULTS(UD, 0x0f, 0x05);             /* syscall */
    FAULTS(UD, 0x0f, 0x07);             /* sysret */
    FAULTS(UD, 0x0f, 0xaa);             /* rsm */
    FAULTS(UD, 0x0f, 0x01, 0xd9);       /* vmmcall */
    FAULTS(UD, 0x0f, 0x38, 0xf0, 0x03); /* movbe */
    FAULTS(UD, 0xc5, 0xf8, 0x77);       /* vzeroupper */
    FAULTS(UD, 0x0f, 0xc7, 0xf0);       /* rdrand */
}

/* A call of the monitor, at CPL 0 of protected mode. */
static void vmcall_is_the_kernels(void **state)
{
    (void)state;
    hypercalls = 0;
    RUN(0x0f, 0x01, 0xc1);
    assert_int_equal(hypercalls, 1);
    v->cpl = 3;
    FAULTS(UD, 0x0f, 0x01, 0xc1);
    v->cpl = 0;
    v->cr0 &= ~(uint32_t)CR0_PE;
    FAULTS(UD, 0x0f, 0x01, 0xc1);
    assert_int_equal(hypercalls, 1);
}

static void privilege_is_checked(void **state)
{
    static const uint8_t insns[][3] = {
        {0xf4},             /* hlt */
        {0x0f, 0x06},       /* clts */
        {0x0f, 0x08},       /* invd */
        {0x0f, 0x09},       /* wbinvd */
        {0x0f, 0x20, 0xc0}, /* mov eax, cr0 */
        {0x0f, 0x22, 0xd8}, /* mov cr3, eax */
        {0x0f, 0x21, 0xf8}, /* mov eax, dr7 */
        {0x0f, 0x23, 0xf8}, /* mov dr7, eax */
        {0x0f, 0x32},       /* rdmsr */
        {0x0f, 0x30},       /* wrmsr */
        {0x0f, 0x01, 0x13}, /* lgdt [ebx] */
        {0x0f, 0x01, 0x1b}, /* lidt [ebx] */
        {0x0f, 0x01, 0x3b}, /* invlpg [ebx] */
        {0x0f, 0x01, 0xf0}, /* lmsw ax */
        {0x0f, 0x00, 0xd0}, /* lldt ax */
        {0x0f, 0x00, 0xd8}, /* ltr ax */
    };
    (void)state;
    go_user();
    for (unsigned cpl = 1; cpl <= 3; cpl++) {
        v->cpl = (uint8_t)cpl;
        for (size_t n = 0; n < ARRAY_SIZE(insns); n++)
            run_faults(GP0, insns[n], 3);
    }
}

static void system_segments_need_protected_mode(void **state)
{
    static const uint8_t insns[][3] = {
        {0x0f, 0x00, 0xc0}, /* sldt ax */
        {0x0f, 0x00, 0xc8}, /* str ax */
        {0x0f, 0x00, 0xd0}, /* lldt ax */
        {0x0f, 0x00, 0xd8}, /* ltr ax */
        {0x0f, 0x00, 0xe0}, /* verr ax */
        {0x0f, 0x00, 0xe8}, /* verw ax */
        {0x0f, 0x02, 0xc0}, /* lar ax, ax */
        {0x0f, 0x03, 0xc0}, /* lsl ax, ax */
        {0x63, 0xc0},       /* arpl ax, ax */
    };
    (void)state;
    go_real();
    for (size_t n = 0; n < ARRAY_SIZE(insns); n++)
        run_faults(UD, insns[n], 3);
    v->cr0 |= CR0_PE;
    v->eflags |= FL_VM;
    v->cpl = 3;
    for (size_t n = 0; n < ARRAY_SIZE(insns); n++)
        run_faults(UD, insns[n], 3);
}

/* ---- TF, RF and shadows ----------------------------------------------------------- */

static void expect_step_trap(uint32_t eip)
{
    expect_exception(interp_step(v), VEC_DB, -1);
    assert_true(v->exc.is_trap);
    assert_int_equal(v->eip, eip);
    assert_true(v->dr[6] & DR6_BS);
    v->dr[6] = 0;
}

static void single_step_traps_after(void **state)
{
    (void)state;
    v->eflags |= FL_TF;
    put_code(BYTES(0x40, 0x90, 0xe2, 0x10));
    v->gpr[R_ECX] = 5;
    expect_step_trap(CODE + 1);
    assert_int_equal(v->gpr[R_EAX], 1);
    expect_step_trap(CODE + 2);
    expect_step_trap(CODE + 0x14);
    /* A fault is delivered instead of the trap. */
    FAULTS(UD, 0x0f, 0x0b);
}

static void tf_as_it_was_at_the_start(void **state)
{
    (void)state;
    poke(vm, STACK, FL_TF);
    poke(vm, STACK + 4, 0);
    put_code(BYTES(0x9d, 0x9d, 0x90));
    assert_int_equal(interp_step(v), INTERP_OK); /* popf sets it: no trap yet */
    assert_true(v->eflags & FL_TF);
    expect_step_trap(CODE + 2); /* popf clears it: still a trap */
    assert_false(v->eflags & FL_TF);
    assert_int_equal(interp_step(v), INTERP_OK);
}

static void mov_ss_holds_the_trap_off(void **state)
{
    (void)state;
    v->eflags |= FL_TF;
    v->gpr[R_EAX] = D0;
    put_code(BYTES(0x8e, 0xd0, 0x90));
    assert_int_equal(interp_step(v), INTERP_OK);
    assert_int_equal(v->inhibit, INHIBIT_SS);
    expect_step_trap(CODE + 3);
    assert_int_equal(v->inhibit, 0);
    v->gpr[R_EAX] = D0;
    put_code(BYTES(0x8e, 0xd8)); /* mov ds: no shadow */
    expect_step_trap(CODE + 5);
    v->vif = 0;
    put_code(BYTES(0xfb)); /* sti: a shadow, and the trap */
    expect_step_trap(CODE + 6);
    assert_int_equal(v->inhibit, 1);
}

static void software_interrupts_drop_the_trap(void **state)
{
    (void)state;
    idt_set(0x80, 3);
    v->eflags |= FL_TF;
    RUN(0xcd, 0x80);
    assert_int_equal(v->eip, HANDLER);
    assert_false(v->eflags & FL_TF);
    assert_true(peek(vm, STACK - 4) & FL_TF);
    v->eip = CODE;
    v->eflags |= FL_TF;
    put_code(BYTES(0xce)); /* into with OF clear is no interrupt */
    expect_step_trap(CODE + 1);
}

static void single_step_wakes_from_hlt(void **state)
{
    (void)state;
    v->eflags |= FL_TF;
    v->vif = 1;
    put_code(BYTES(0xf4));
    expect_step_trap(CODE + 1);
    assert_false(v->halted);
}

static void rf_ends_with_the_instruction(void **state)
{
    (void)state;
    v->eflags |= FL_RF;
    FAULTS(UD, 0x0f, 0x0b);
    assert_true(v->eflags & FL_RF);
    OK(0x90);
    assert_false(v->eflags & FL_RF);
    poke(vm, STACK, CODE);
    poke(vm, STACK + 4, C0);
    poke(vm, STACK + 8, FL_RF);
    RUN(0xcf); /* iret sets it for the next */
    assert_true(v->eflags & FL_RF);
    assert_int_equal(v->eip, CODE);
}

static void shadows_last_one_instruction(void **state)
{
    (void)state;
    OK(0xfb);
    assert_int_equal(v->inhibit, 1);
    FAULTS(UD, 0x0f, 0x0b);
    assert_int_equal(v->inhibit, 1);
    OK(0xfb); /* IF was set: no new shadow */
    assert_int_equal(v->inhibit, 0);
    v->gpr[R_EAX] = D0;
    OK(0x8e, 0xd0);
    assert_int_equal(v->inhibit, INHIBIT_SS);
    OK(0x90);
    assert_int_equal(v->inhibit, 0);
}

static void int1_is_a_trap_without_checks(void **state)
{
    (void)state;
    go_user();
    put_code(BYTES(0xf1));
    expect_exception(interp_step(v), VEC_DB, -1);
    assert_true(v->exc.is_trap);
    assert_int_equal(v->eip, CODE + 1);
    assert_false(v->dr[6] & DR6_BS);
}

/* ---- The cache ---------------------------------------------------------------------- */

static void changed_code_is_seen(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (uint8_t n = 1; n < 10; n++) {
            v->eip = CODE;
            OK(0xb8, n, 0, 0, 0);
            assert_int_equal(v->gpr[R_EAX], n);
            v->eip = CODE;
            OK(0x81, 0xc0, 0, 0, 0, 0x10); /* another length */
            assert_int_equal(v->gpr[R_EAX], 0x10000000u + n);
            v->eip = CODE;
            OK(0xc7, 0x05, 0, 0, 2, 0, n, 0, 0, n); /* more than eight bytes */
            assert_int_equal(peek(vm, DATA), n << 24 | n);
        }
        for (uint8_t n = 1; n < 4; n++) { /* only the ninth and last byte differ */
            v->eip = CODE;
            OK(0xc7, 0x05, 0, 0, 2, 0, 1, 0, n, n);
            assert_int_equal(peek(vm, DATA), n << 24 | n << 16 | 1);
        }
        vm->interp = NULL; /* and the same without a cache */
    }
}

static void changed_mapping_is_seen(void **state)
{
    (void)state;
    map_all();
    OK(0xb0, 1);
    poke16(DATA, 0x02b0);
    poke(vm, PAGE_TAB + (CODE >> 12) * 4, DATA | PTE_P);
    vmem_flush(v, true);
    v->eip = CODE;
    assert_int_equal(interp_step(v), INTERP_OK);
    assert_int_equal(v->gpr[R_EAX], 2);
    map_page(CODE, 0);
    v->eip = CODE;
    expect_exception(interp_step(v), VEC_PF, 0);
}

static void code_size_is_part_of_the_key(void **state)
{
    (void)state;
    OK(0xb8, 1, 2, 3, 4);
    v->eip = CODE;
    v->seg[S_CS].attr &= ~(uint32_t)SA_DB;
    v->gpr[R_EAX] = 0;
    assert_int_equal(interp_step(v), INTERP_OK);
    assert_int_equal(v->eip, CODE + 3);
    assert_int_equal(v->gpr[R_EAX], 0x0201);
}

static void limit_is_checked_again(void **state)
{
    (void)state;
    OK(0xb8, 1, 2, 3, 4);
    v->eip = CODE;
    v->seg[S_CS].limit = CODE + 3;
    FAULTS(GP0, 0xb8, 1, 2, 3, 4);
}

static void no_memory_for_the_cache(void **state)
{
    (void)state;
    while (pool_get(vm->pool).v)
        ;
    vm->interp = NULL;
    assert_false(interp_create(vm));
    OK(0x90);
    assert_int_equal(interp_run(v, 5), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fetch_ends_at_the_limit, world),
        cmocka_unit_test_setup(fetch_faults_name_the_page, world),
        cmocka_unit_test_setup(crossing_pages_may_lie_apart, world),
        cmocka_unit_test_setup(too_long_is_gp, world),
        cmocka_unit_test_setup(eip_and_base_wrap, world),
        cmocka_unit_test_setup(lock_only_where_allowed, world),
        cmocka_unit_test_setup(not_offered_is_undefined, world),
        cmocka_unit_test_setup(vmcall_is_the_kernels, world),
        cmocka_unit_test_setup(privilege_is_checked, world),
        cmocka_unit_test_setup(system_segments_need_protected_mode, world),
        cmocka_unit_test_setup(single_step_traps_after, world),
        cmocka_unit_test_setup(tf_as_it_was_at_the_start, world),
        cmocka_unit_test_setup(mov_ss_holds_the_trap_off, world),
        cmocka_unit_test_setup(software_interrupts_drop_the_trap, world),
        cmocka_unit_test_setup(single_step_wakes_from_hlt, world),
        cmocka_unit_test_setup(rf_ends_with_the_instruction, world),
        cmocka_unit_test_setup(shadows_last_one_instruction, world),
        cmocka_unit_test_setup(int1_is_a_trap_without_checks, world),
        cmocka_unit_test_setup(changed_code_is_seen, world),
        cmocka_unit_test_setup(changed_mapping_is_seen, world),
        cmocka_unit_test_setup(code_size_is_part_of_the_key, world),
        cmocka_unit_test_setup(limit_is_checked_again, world),
        cmocka_unit_test_setup(no_memory_for_the_cache, world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
