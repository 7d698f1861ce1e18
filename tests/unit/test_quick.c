/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Page faults and calls for which guest state stays in the registers: what the host is told, and
 * that the shadow is asked once.
 */
#include "monitor/direct.h"
#include "monitor/exit.h"
#include "monitor/journal.h"

#include "tests/unit/top_world.h"

static struct host_exit fault(uint32_t cr2, uint32_t error, bool is_user)
{
    return (struct host_exit){
        .kind = HX_EXCEPTION, .vector = VEC_PF, .error = error, .cr2 = cr2, .user = is_user};
}

/* User code runs, with the ways into the kernel armed. */
static int armed(void **state)
{
    top_world(state);
    run_at(3);
    v->vif = 1;
    gate(0x80, C0, SYS_INT32, 3);
    gate(VEC_PF, C0, SYS_INT32, 0);
    assert_true(segtab_prepare(v));
    direct_arm(v);
    assert_int_equal(v->direct.armed, 1);
    return 0;
}

static void mended(void **state)
{
    struct host_exit x = fault(0x12345678, PF_P | PF_W | PF_U, true);
    (void)state;
    top.answer = SHADOW_FIXED;
    assert_int_equal(exit_quick_fault(v, &x), QUICK_AGAIN);
    assert_int_equal(top.linear.v, 0x12345678);
    assert_int_equal(top.access, PF_W | PF_U);
    assert_int_equal(v->cpl, 0); /* still in kernel view */
    assert_int_equal(vm->stats.n[STAT_EXIT_PF], 1);
}

static void mended_for_the_kernel(void **state)
{
    struct host_exit x = fault(0x5000, PF_W | PF_I, false);
    (void)state;
    top.answer = SHADOW_FIXED;
    assert_int_equal(exit_quick_fault(v, &x), QUICK_AGAIN);
    assert_int_equal(top.access, PF_W);
    assert_int_equal(top.unwinds, 0);
}

static void reflected(void **state)
{
    struct host_exit x = fault(0x5000, PF_P | PF_W | PF_U, true);
    (void)state;
    top.answer = SHADOW_REFLECT;
    top.error = PF_W | PF_U;
    assert_int_equal(exit_quick_fault(v, &x), QUICK_REFLECT);
    assert_int_equal(x.error, PF_W | PF_U);
    assert_int_equal(v->cr2, 0x5000);
    assert_false(v->exc.valid);
    assert_int_equal(vm->stats.n[STAT_INJ_EXCEPTION], 1);
}

/* What is left to exit_handle, which takes the answer there is. */
static void is_left(struct host_exit x, unsigned asked)
{
    assert_int_equal(exit_quick_fault(v, &x), QUICK_NO);
    assert_int_equal(top.faults, asked);
    assert_int_equal(vm->stats.n[STAT_EXIT_PF], 0);
    x.sel[S_CS] = C3 | 3;
    x.sel[S_SS] = D3 | 3;
    CODE_AT(0x90);
    exit_handle(v, &x);
    assert_int_equal(vm->stats.n[STAT_EXIT_PF], 1);
    assert_int_equal(top.faults, x.cr2_outside ? 0 : 1);
}

static void the_kernels_own(void **state)
{
    (void)state;
    top.answer = SHADOW_REFLECT;
    top.error = PF_P;
    v->direct.armed = 1;
    top.eip = v->eip;
    is_left(fault(0x5000, PF_P, false), 1);
    assert_int_equal(v->exc.vector, VEC_PF);
    assert_int_equal(v->exc.error, PF_P);
    assert_int_equal(v->exc.cr2, 0x5000);
}

static void not_armed(void **state)
{
    (void)state;
    v->direct.armed = 0;
    top.answer = SHADOW_REFLECT;
    top.error = PF_U;
    is_left(fault(0x5000, PF_U, true), 1);
    assert_int_equal(v->exc.error, PF_U);
}

static void to_another_segment(void **state)
{
    (void)state;
    direct_leave(v);
    direct_disarm(v);
    gate(VEC_PF, C3, SYS_INT32, 0);
    direct_arm(v);
    assert_int_equal(v->direct.armed, 1);
    assert_int_equal(v->direct.fault_eip, 0);
    top.answer = SHADOW_REFLECT;
    is_left(fault(0x5000, PF_U, true), 1);
}

static void traced(void **state)
{
    (void)state;
    top.answer = SHADOW_TRACE;
    top.eip = v->eip;
    is_left(fault(0x5000, PF_P | PF_W, false), 1);
    assert_int_equal(vm->stats.n[STAT_INSN_INTERP], 1);
}

static void outside(void **state)
{
    struct host_exit x = fault(0, PF_P | PF_W, false);
    (void)state;
    x.cr2_outside = true;
    top.eip = v->eip;
    is_left(x, 0);
}

static void watched(void **state)
{
    (void)state;
    vm->journal = 1u << PLAN_TRACE_SHADOW;
    vm->journal_lines = JOURNAL_LINES;
    top.answer = SHADOW_FIXED;
    assert_false(exit_quick_call(v));
    assert_int_equal(hypercalls, 0);
    is_left(fault(0x5000, PF_U, true), 0);
}

static void a_call(void **state)
{
    (void)state;
    assert_true(exit_quick_call(v));
    assert_int_equal(hypercalls, 1);
    assert_int_equal(vm->stats.n[STAT_EXIT_CALLOUT], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mended, armed),
        cmocka_unit_test_setup(mended_for_the_kernel, top_world),
        cmocka_unit_test_setup(reflected, armed),
        cmocka_unit_test_setup(the_kernels_own, top_world),
        cmocka_unit_test_setup(not_armed, armed),
        cmocka_unit_test_setup(to_another_segment, armed),
        cmocka_unit_test_setup(traced, top_world),
        cmocka_unit_test_setup(outside, top_world),
        cmocka_unit_test_setup(watched, armed),
        cmocka_unit_test_setup(a_call, top_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
