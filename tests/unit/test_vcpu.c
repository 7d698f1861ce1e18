/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Power-on state after the manual's table, the EFLAGS image, and the raising of exceptions.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/vcpu.h"
#include "tests/unit/fake_host.h"

static struct vcpu cpu;
static struct vm vm;

static int fresh(void **state)
{
    (void)state;
    memset(&cpu, 0x5a, sizeof cpu);
    vcpu_reset(&cpu, &vm);
    return 0;
}

/* SDM 3A table 9-1. */
static void reset_state(void **state)
{
    (void)state;
    assert_ptr_equal(cpu.vm, &vm);
    assert_int_equal(cpu.eip, 0xfff0);
    assert_int_equal(vcpu_eflags(&cpu), 2);
    assert_int_equal(cpu.cr0, 0x60000010);
    assert_int_equal(cpu.cr2 | cpu.cr3 | cpu.cr4, 0);
    assert_int_equal(cpu.seg[S_CS].sel, 0xf000);
    assert_int_equal(cpu.seg[S_CS].base, 0xffff0000);
    assert_int_equal(cpu.seg[S_CS].limit, 0xffff);
    assert_true(cpu.seg[S_CS].attr & SA_CODE);
    for (unsigned r = 0; r < S_COUNT; r++) {
        if (r == S_CS)
            continue;
        assert_int_equal(cpu.seg[r].sel | cpu.seg[r].base, 0);
        assert_int_equal(cpu.seg[r].limit, 0xffff);
        assert_int_equal(cpu.seg[r].attr, 0x93);
    }
    assert_int_equal(cpu.gdtr.base | cpu.idtr.base, 0);
    assert_int_equal(cpu.gdtr.limit, 0xffff);
    assert_int_equal(cpu.idtr.limit, 0xffff);
    assert_int_equal(cpu.ldtr.attr, 0x82);
    assert_int_equal(cpu.tr.attr, 0x8b);
    assert_int_equal(cpu.dr[6], 0xffff0ff0);
    assert_int_equal(cpu.dr[7], 0x400);
    assert_int_equal(cpu.gpr[R_EAX] | cpu.gpr[R_ESP], 0);
}

static void reset_owes_nothing(void **state)
{
    (void)state;
    assert_false(cpu.exc.valid || cpu.halted || cpu.event || cpu.inhibit || cpu.nmi_blocked);
    assert_int_equal(cpu.cpl, 0);
    for (unsigned i = 0; i < SOFT_TLB_SIZE; i++)
        assert_int_equal(cpu.tlb[i].tag, ~0u);
}

static void eflags_image(void **state)
{
    (void)state;
    vcpu_set_eflags(&cpu, 0xffffffff);
    assert_int_equal(cpu.vif, 1);
    assert_int_equal(cpu.eflags & FL_IF, 0);
    assert_int_equal(vcpu_eflags(&cpu), 0xffffffff);
    vcpu_set_eflags(&cpu, 0);
    assert_int_equal(cpu.vif, 0);
    assert_int_equal(vcpu_eflags(&cpu), FL_ONE);
    vcpu_set_eflags(&cpu, FL_IF | FL_CF);
    assert_int_equal(vcpu_eflags(&cpu), FL_IF | FL_CF | FL_ONE);
}

static void modes(void **state)
{
    (void)state;
    assert_false(vcpu_protected(&cpu) || vcpu_paging(&cpu) || vcpu_v86(&cpu));
    cpu.cr0 |= CR0_PE | CR0_PG;
    assert_true(vcpu_protected(&cpu) && vcpu_paging(&cpu));
    cpu.eflags |= FL_VM;
    assert_true(vcpu_v86(&cpu));
    assert_false(vcpu_protected(&cpu));
    cpu.eflags |= 2u << FL_IOPL_SHIFT;
    assert_int_equal(vcpu_iopl(&cpu), 2);
}

static void flat_segments(void **state)
{
    (void)state;
    struct segment s = {0, 0xffffffff, 0xc093, 0x10};
    assert_true(segment_flat(&s));
    s.attr |= SA_NULL;
    assert_false(segment_flat(&s));
    s = (struct segment){1, 0xffffffff, 0xc093, 0x10};
    assert_false(segment_flat(&s));
    s = (struct segment){0, 0xfffffffe, 0xc093, 0x10};
    assert_false(segment_flat(&s));
}

static void raising(void **state)
{
    (void)state;
    assert_false(vcpu_raise(&cpu, VEC_UD));
    assert_true(cpu.exc.valid);
    assert_int_equal(cpu.exc.vector, VEC_UD);
    assert_false(cpu.exc.has_error || cpu.exc.is_trap);
    cpu.exc.valid = false;
    assert_false(vcpu_raise_error(&cpu, VEC_GP, 0x28));
    assert_true(cpu.exc.valid && cpu.exc.has_error);
    assert_int_equal(cpu.exc.vector, VEC_GP);
    assert_int_equal(cpu.exc.error, 0x28);
    cpu.exc.valid = false;
    cpu.cr2 = 7;
    assert_false(vcpu_raise_pf(&cpu, gva(0x12345678), PF_W));
    assert_true(cpu.exc.valid && cpu.exc.has_error);
    assert_int_equal(cpu.exc.vector, VEC_PF);
    assert_int_equal(cpu.exc.error, PF_W);
    assert_int_equal(cpu.exc.cr2, 0x12345678);
    assert_int_equal(cpu.cr2, 7); /* set at delivery only */
    cpu.exc.valid = false;
    vcpu_raise(&cpu, VEC_DE); /* nothing of the one before is left */
    assert_false(cpu.exc.has_error);
    assert_int_equal(cpu.exc.error | cpu.exc.cr2, 0);
}

/* Two at a time are a bug of ours, which must not pass in silence. */
static void a_second_exception_is_a_bug(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        close(2);
        vcpu_raise(&cpu, VEC_UD);
        vcpu_raise(&cpu, VEC_GP);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reset_state, fresh),
        cmocka_unit_test_setup(reset_owes_nothing, fresh),
        cmocka_unit_test_setup(eflags_image, fresh),
        cmocka_unit_test_setup(modes, fresh),
        cmocka_unit_test_setup(flat_segments, fresh),
        cmocka_unit_test_setup(raising, fresh),
        cmocka_unit_test_setup(a_second_exception_is_a_bug, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
