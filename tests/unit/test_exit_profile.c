/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the run loop's parts feed a profile: exits, the timer, and that a VM without one notices
 * nothing. The interpreter and memory are real; shadow, translator and board are doubles.
 */
#include "monitor/exit.h"
#include "monitor/profile.h"
#include "monitor/timer.h"

#include "tests/unit/top_world.h"

static int set_up(void **state)
{
    top_world(state);
    memset(&heard, 0, sizeof heard);
    fake.now_ns = vm->started_ns = 1000;
    top.eip = 0x1234;
    heard.block = 0x1200;
    return 0;
}

static void begin(void)
{
    assert_true(profile_create(vm));
    profile_begin(vm);
    fake.log_len = 0;
    memset(fake.log, 0, sizeof fake.log);
}

static void stop_at(uint64_t ns, bool user, enum host_exit_kind kind)
{
    struct host_exit x = {.kind = kind, .user = user, .code = TC_EXIT_EVENT};
    for (unsigned r = 0; r < S_COUNT; r++)
        x.sel[r] = v->seg[r].sel;
    fake.now_ns = vm->now_ns = ns;
    exit_handle(v, &x);
}

static void samples_are(const char *want)
{
    profile_end(vm);
    const char *line = strstr(fake.log, "profile s");
    if (!want) {
        assert_null(line);
        return;
    }
    assert_non_null(line);
    assert_int_equal(strncmp(line, want, strlen(want)), 0);
    assert_int_equal(line[strlen(want)], '\n');
}

static void an_exit_when_one_is_due(void **state)
{
    (void)state;
    begin();
    uint64_t due = vm->sample_ns;
    stop_at(due - 1, false, HX_INTERRUPT);
    stop_at(due, false, HX_INTERRUPT);
    stop_at(due + 1, false, HX_INTERRUPT);
    stop_at(due + PROFILE_PERIOD_NS, false, HX_TC); /* an exit of any kind */
    samples_are("profile s k1234-34*2");
}

/* Code that ran directly is of no block, whatever the translator would say. */
static void an_exit_of_user_code(void **state)
{
    (void)state;
    begin();
    v->cpl = 3;
    v->eip = 0x4321;
    v->cr3 = 0x9000;
    stop_at(vm->sample_ns, true, HX_INTERRUPT);
    samples_are("profile s u4321");
}

static void the_timer_comes_for_a_sample(void **state)
{
    (void)state;
    begin();
    top.due = UINT64_MAX;
    vm->now_ns = fake.now_ns;
    timer_arm(vm);
    assert_int_equal(fake.armed_ns, vm->started_ns + PROFILE_PERIOD_NS);
    top.due = 2000;
    timer_arm(vm);
    assert_int_equal(fake.armed_ns, 2000);
    samples_are(NULL);
}

static void an_interval_ends_when_time_is_looked_at(void **state)
{
    (void)state;
    begin();
    fake.now_ns += PROFILE_INTERVAL_NS;
    timer_service(vm, true);
    assert_non_null(strstr(fake.log, "profile t 0 "));
}

static void without_a_profile(void **state)
{
    (void)state;
    stop_at(UINT64_MAX / 2, false, HX_INTERRUPT);
    top.due = UINT64_MAX;
    timer_arm(vm);
    assert_true(fake.armed_ns == UINT64_MAX);
    timer_service(vm, true);
    assert_null(strstr(fake.log, "profile"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_exit_when_one_is_due, set_up),
        cmocka_unit_test_setup(an_exit_of_user_code, set_up),
        cmocka_unit_test_setup(the_timer_comes_for_a_sample, set_up),
        cmocka_unit_test_setup(an_interval_ends_when_time_is_looked_at, set_up),
        cmocka_unit_test_setup(without_a_profile, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
