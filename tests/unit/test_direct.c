/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * When system calls may go without ring 0, what is noted for the ring-1 code, and the way to kernel
 * view and back.
 */
#include "monitor/direct.h"
#include "tests/unit/top_world.h"

static int user(void **state)
{
    top_world(state);
    run_at(3);
    v->vif = 1;
    gate(0x80, C0, SYS_INT32, 3);
    assert_true(segtab_prepare(v));
    return 0;
}

static void armed(void **state)
{
    (void)state;
    struct direct *d = &v->direct;
    direct_arm(v);
    assert_int_equal(d->armed, 1);
    assert_int_equal(d->eip, HANDLER);
    assert_int_equal(d->vif, 0); /* an interrupt gate */
    assert_int_equal(d->tss, v->tr.base + 4);
    assert_int_equal(d->check[DIRECT_GATE].where, IDT + 0x80 * 8);
    assert_int_equal(d->check[DIRECT_CODE].where, GDT + C0);
    assert_int_equal(d->check[DIRECT_STACK].where, GDT + D0);
    assert_int_equal(d->user_cs.sel, C3 | 3);
    assert_int_equal(d->loaded[0].sel, D3 | 3);
    assert_int_not_equal(d->mirrors, 0);
    assert_int_equal(v->cpl, 0); /* kernel view */
    assert_int_equal(v->seg[S_CS].sel, C0);
    assert_int_equal(v->seg[S_SS].sel, D0);
    assert_int_equal(v->seg[S_DS].sel, D3 | 3);
    v->vif = 0; /* as the gate leaves it */
    direct_leave(v);
    assert_int_equal(v->cpl, 3);
    assert_int_equal(v->vif, 1);
    assert_int_equal(v->seg[S_CS].sel, C3 | 3);
    assert_int_equal(v->seg[S_SS].sel, D3 | 3);
}

static void a_trap_gate_leaves_interrupts_on(void **state)
{
    (void)state;
    gate(0x80, C0, SYS_TRAP32, 3);
    direct_arm(v);
    assert_int_equal(v->direct.armed, 1);
    assert_int_equal(v->direct.vif, 1);
}

static void stays_in_user_view(void)
{
    direct_arm(v);
    assert_int_equal(v->direct.armed, 0);
    assert_int_equal(v->cpl, 3);
    assert_int_equal(v->seg[S_CS].sel, C3 | 3);
}

static void unusual_users(void **state)
{
    (void)state;
    static const uint32_t flags[] = {FL_TF, FL_NT, FL_AC, FL_ID, FL_IOPL};
    for (unsigned n = 0; n < ARRAY_SIZE(flags); n++) {
        v->eflags |= flags[n];
        stays_in_user_view();
        v->eflags &= ~flags[n];
    }
    v->vif = 0;
    stays_in_user_view();
    v->vif = 1;
    v->event = 1;
    stays_in_user_view();
    v->event = 0;
    told.not_ready = true; /* the look-up table is for another mode */
    stays_in_user_view();
    told.not_ready = false;
    direct_arm(v);
    assert_int_equal(v->direct.armed, 1);
}

/* Gates and descriptors that the ring-1 code does not know. */
static void unusual_gates(void **state)
{
    (void)state;
    static const struct {
        uint16_t sel;
        uint8_t type, dpl;
    } rows[] = {
        {C0, SYS_INT32, 0}, /* not for user code */
        {C0, SYS_TRAP16, 3},      {TSK, SYS_TASK, 3},       {C1, SYS_INT32, 3},
        {C0_NP, SYS_INT32, 3},    {C0_SMALL, SYS_INT32, 3}, {C0_16, SYS_INT32, 3},
        {CONF0, SYS_INT32, 3},    {D0, SYS_INT32, 3},       {0, SYS_INT32, 3},
        {C0_FRESH, SYS_INT32, 3}, {0xfff8, SYS_INT32, 3},
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        gate(0x80, rows[n].sel, rows[n].type, rows[n].dpl);
        stays_in_user_view();
    }
    gate(0x80, C0, SYS_INT32, 3);
    v->idtr.limit = 0x80 * 8 + 6;
    stays_in_user_view();
}

/* Notes are found once, and again after what they were taken from may have changed. */
static void disarmed(void **state)
{
    (void)state;
    direct_arm(v);
    direct_leave(v);
    gate(0x80, C0, SYS_TRAP32, 3);
    direct_arm(v);
    assert_int_equal(v->direct.vif, 0); /* the ring-1 code compares, and sees it */
    direct_leave(v);
    direct_disarm(v);
    assert_int_equal(v->direct.armed, 0);
    direct_arm(v);
    assert_int_equal(v->direct.vif, 1);
    direct_leave(v);
    segtab_forget(v);
    assert_int_equal(v->direct.armed, 0);
    assert_false(v->direct.found);
}

static void leaving_user_view_changes_nothing(void **state)
{
    (void)state;
    v->vif = 0;
    direct_leave(v);
    assert_int_equal(v->vif, 0);
    assert_int_equal(v->seg[S_CS].sel, C3 | 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(armed, user),
        cmocka_unit_test_setup(a_trap_gate_leaves_interrupts_on, user),
        cmocka_unit_test_setup(unusual_users, user),
        cmocka_unit_test_setup(unusual_gates, user),
        cmocka_unit_test_setup(disarmed, user),
        cmocka_unit_test_setup(leaving_user_view_changes_nothing, user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
