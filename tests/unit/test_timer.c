/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * When the board is brought up to date, and what the host's timer is told.
 */
#include "monitor/timer.h"
#include "monitor/vclock.h"

#include "tests/unit/top_world.h"

static void nothing_due(void **state)
{
    (void)state;
    timer_service(vm, false); /* the first call polls */
    assert_int_equal(top.advances, 1);
    timer_service(vm, false);
    assert_int_equal(top.advances, 1);
}

static void a_timer_is_due(void **state)
{
    (void)state;
    timer_service(vm, false);
    top.due = 500;
    fake.now_ns = 499;
    timer_service(vm, false);
    assert_int_equal(top.advances, 1);
    fake.now_ns = 500;
    told.interrupt = true;
    timer_service(vm, false);
    assert_int_equal(top.advances, 2);
    assert_int_equal(top.advanced_to, 500);
    assert_int_equal(v->event, 1);
}

static void console_input_is_looked_for(void **state)
{
    (void)state;
    timer_service(vm, false);
    fake.now_ns = 9999999;
    timer_service(vm, false);
    assert_int_equal(top.advances, 1);
    timer_service(vm, true); /* a host interrupt: at once */
    assert_int_equal(top.advances, 2);
    fake.now_ns += 9999999;
    timer_service(vm, false);
    assert_int_equal(top.advances, 2);
    fake.now_ns += 1;
    timer_service(vm, false);
    assert_int_equal(top.advances, 3);
}

static void the_event_byte_follows_the_board(void **state)
{
    (void)state;
    told.interrupt = true;
    timer_update_event(vm);
    assert_int_equal(v->event, 1);
    told.interrupt = false;
    timer_update_event(vm);
    assert_int_equal(v->event, 0);
}

static void arming(void **state)
{
    (void)state;
    top.due = 123456;
    timer_arm(vm);
    assert_int_equal(fake.armed_ns, 123456);
    top.due = UINT64_MAX;
    timer_arm(vm);
    assert_true(fake.armed_ns == UINT64_MAX);
}

/* Where everything is interpreted, devices and the time-stamp counter run slower, together. */
static void the_interpreter_has_a_slow_clock(void **state)
{
    (void)state;
    vm->engine = PLAN_INTERP;
    top.due = 1000;
    timer_arm(vm);
    assert_int_equal(fake.armed_ns, 1000 * VCLOCK_SLOW);
    top.due = UINT64_MAX - 1;
    timer_arm(vm);
    assert_true(fake.armed_ns == UINT64_MAX);
    fake.now_ns = 7777 * VCLOCK_SLOW;
    fake.tsc = 5555 * VCLOCK_SLOW;
    assert_int_equal(vclock_ns(vm), 7777);
    assert_int_equal(vclock_tsc(vm), 5555);
    vm->engine = PLAN_AUTO;
    assert_int_equal(vclock_ns(vm), 7777 * VCLOCK_SLOW);
    assert_int_equal(vclock_tsc(vm), 5555 * VCLOCK_SLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_due, top_world),
        cmocka_unit_test_setup(a_timer_is_due, top_world),
        cmocka_unit_test_setup(console_input_is_looked_for, top_world),
        cmocka_unit_test_setup(the_event_byte_follows_the_board, top_world),
        cmocka_unit_test_setup(arming, top_world),
        cmocka_unit_test_setup(the_interpreter_has_a_slow_clock, top_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
