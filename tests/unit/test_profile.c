/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The monitor's side of a profile: when samples are taken, what they say, and that what goes to the
 * log adds up.
 */
#include "monitor/guestmem.h"
#include "monitor/profile.h"
#include "monitor/run.h"
#include "monitor/vcpu.h"
#include "tests/unit/fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PERIOD PROFILE_PERIOD_NS

static struct vm *vm;
static struct vcpu *v;

/* A sample if one is due now. */
static void look(enum profile_who who, uint32_t block)
{
    vm->now_ns = fake.now_ns;
    if (profile_due(vm))
        profile_sample(v, who, block);
}

static uint64_t arm(uint64_t deadline)
{
    vm->now_ns = fake.now_ns;
    return profile_arm(vm, deadline);
}

static void forget_log(void)
{
    fake.log_len = 0;
    memset(fake.log, 0, sizeof fake.log);
}

static int start(void **state)
{
    (void)state;
    vm = fake_vm(2u << 20);
    v = vm->vcpu;
    fake.now_ns = vm->started_ns = 1000000;
    assert_true(profile_create(vm));
    profile_begin(vm);
    return 0;
}

/* A line of the log that begins with TEXT. */
static const char *line(const char *text)
{
    const char *at = strstr(fake.log, text);
    assert_non_null(at);
    assert_true(at == fake.log || at[-1] == '\n');
    return at;
}

static void logged(const char *text)
{
    if (!strstr(fake.log, text))
        fail_msg("no \"%s\" in:\n%s", text, fake.log);
}

static void not_logged(const char *text)
{
    if (strstr(fake.log, text))
        fail_msg("\"%s\" in:\n%s", text, fake.log);
}

static void finish(void)
{
    vm_counters(vm, &vm->stats);
    profile_end(vm);
}

static void begins_with_the_names(void **state)
{
    (void)state;
    assert_ptr_equal(line("profile begin 1\n"), fake.log);
    line("profile n time.user.ns time.tc.ns ");
    unsigned names = 0;
    for (const char *at = fake.log; (at = strstr(at, "profile n ")); at++) {
        for (const char *c = at + 9; *c != '\n'; c++)
            names += *c == ' ';
    }
    assert_int_equal(names, STAT_COUNT);
}

static void none_before_its_time(void **state)
{
    (void)state;
    forget_log();
    fake.now_ns = vm->started_ns + PERIOD - 1;
    look(PROFILE_GUEST, 0);
    finish();
    not_logged("profile s");
    line("profile end\n");
}

static void who_where_and_how_often(void **state)
{
    (void)state;
    forget_log();
    v->eip = 0x1234;
    fake.now_ns = vm->started_ns + PERIOD;
    look(PROFILE_GUEST, 0x1200);
    look(PROFILE_GUEST, 0x1200); /* not due any more */
    fake.now_ns += PERIOD;
    look(PROFILE_GUEST, 0x1200);
    fake.now_ns += PERIOD;
    v->seg[S_CS].base = 0x10000;
    look(PROFILE_INTERPRETER, 0);
    v->seg[S_CS].base = 0;
    fake.now_ns += 3 * PERIOD; /* stood still for three */
    v->eip = 0x5000;
    look(PROFILE_MONITOR, 0x1200); /* farther than a block is long */
    finish();
    line("profile s k1234-34*2 i11234 m5000*3\n");
}

static void user_code_has_a_space(void **state)
{
    (void)state;
    forget_log();
    v->cpl = 3;
    v->cr0 |= CR0_PG;
    for (unsigned i = 1; i <= 4; i++) {
        v->cr3 = i < 3 ? 0xabc000 : 0xdef000;
        v->eip = 0x100 * i;
        fake.now_ns += PERIOD;
        look(i == 2 ? PROFILE_INTERPRETER : i == 4 ? PROFILE_MONITOR : PROFILE_GUEST, 0);
    }
    v->cr0 &= ~(uint32_t)CR0_PG;
    finish();
    line("profile s @abc000 u100 j200 @def000 u300 n400\n");
}

static void arming(void **state)
{
    (void)state;
    forget_log();
    uint64_t due = vm->started_ns + PERIOD;
    assert_int_equal(arm(due + 5), due);
    assert_int_equal(arm(due - 5), due - 5);
    fake.now_ns = due; /* came due in the monitor */
    assert_int_equal(arm(UINT64_MAX), due + PERIOD);
    v->halted = true;
    assert_int_equal(arm(UINT64_MAX), UINT64_MAX); /* sleep is not broken */
    fake.now_ns += 10 * PERIOD;
    profile_slept(vm, 10 * PERIOD);
    v->halted = false;
    assert_int_equal(arm(UINT64_MAX), due + 11 * PERIOD);
    finish();
    line("profile s m1000\n");
}

static void counters_add_up(void **state)
{
    (void)state;
    char text[100];
    forget_log();
    vm->stats.n[STAT_EXIT_PF] = 0x30;
    profile_service(vm);
    assert_int_equal(fake.log_len, 0);
    fake.now_ns += PROFILE_INTERVAL_NS;
    profile_service(vm);
    snprintf(text, sizeof text, " %x:30", STAT_EXIT_PF);
    logged(text);
    logged("profile t 0 5f5e100 ");
    forget_log();
    fake.now_ns += 16;
    vm->stats.n[STAT_EXIT_PF] = 0x31;
    finish();
    snprintf(text, sizeof text, " %x:1", STAT_EXIT_PF);
    logged(text);
    snprintf(text, sizeof text, "profile c %x:10 ", STAT_NS_TOTAL);
    logged(text);
    logged("profile t 5f5e100 5f5e110 ");
}

/* Both times double after so many intervals. */
static void a_long_run_stays_small(void **state)
{
    (void)state;
    char text[40];
    for (unsigned i = 0; i < PROFILE_INTERVALS; i++) {
        fake.now_ns += PROFILE_INTERVAL_NS;
        forget_log();
        profile_service(vm);
        snprintf(text, sizeof text, " %llx\n", PERIOD);
        logged(text);
    }
    forget_log();
    fake.now_ns += PROFILE_INTERVAL_NS;
    profile_service(vm);
    assert_int_equal(fake.log_len, 0);
    fake.now_ns += PROFILE_INTERVAL_NS;
    profile_service(vm);
    snprintf(text, sizeof text, " %llx\n", 2 * PERIOD);
    logged(text);
}

static void a_full_table_is_written(void **state)
{
    (void)state;
    unsigned n = 0;
    forget_log();
    fake.now_ns = vm->started_ns;
    for (unsigned i = 0; i < 1000; i++) {
        fake.now_ns += PERIOD;
        v->eip = i;
        look(PROFILE_GUEST, 0);
    }
    finish();
    for (const char *at = fake.log; (at = strstr(at, " k")); at++)
        n++;
    assert_int_equal(n, 1000);
}

static void the_fault_handler_once(void **state)
{
    (void)state;
    static const uint32_t gate[2] = {0x00081234, 0xc0128e00}, absent[2] = {0x00081234, 0xc0120e00};
    v->idtr = (struct table_reg){0x3000, 0x7ff};
    assert_true(guest_write(vm, gpa(0x3000 + 14 * 8), absent, sizeof absent));
    fake.now_ns += PROFILE_INTERVAL_NS;
    forget_log();
    profile_service(vm);
    not_logged("profile i");
    assert_true(guest_write(vm, gpa(0x3000 + 14 * 8), gate, sizeof gate));
    fake.now_ns += PROFILE_INTERVAL_NS;
    profile_service(vm);
    line("profile i c0121234\n");
    forget_log();
    fake.now_ns += PROFILE_INTERVAL_NS;
    profile_service(vm);
    not_logged("profile i");
    v->idtr.limit = 14 * 8;     /* short of the gate */
    v->idtr.base = 0xfffffff0u; /* and outside RAM */
    fake.now_ns += PROFILE_INTERVAL_NS;
    profile_service(vm);
    not_logged("profile i");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(begins_with_the_names, start),
        cmocka_unit_test_setup(none_before_its_time, start),
        cmocka_unit_test_setup(who_where_and_how_often, start),
        cmocka_unit_test_setup(user_code_has_a_space, start),
        cmocka_unit_test_setup(arming, start),
        cmocka_unit_test_setup(counters_add_up, start),
        cmocka_unit_test_setup(a_long_run_stays_small, start),
        cmocka_unit_test_setup(a_full_table_is_written, start),
        cmocka_unit_test_setup(the_fault_handler_once, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
