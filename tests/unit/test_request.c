/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Requests and their answers in the log.
 */
#include "monitor/request.h"
#include "monitor/vcpu.h"
#include "tests/unit/fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vm *vm;

static int start(void **state)
{
    (void)state;
    vm = fake_vm(2u << 20);
    return 0;
}

static void statistics(void **state)
{
    (void)state;
    vm->stats.n[STAT_RUN_USER] = 4711;
    vm->vcpu->direct.syscalls = 815; /* counted where the monitor is not */
    fake.request = PLAN_REQUEST_STATS;
    request_service(vm);
    assert_int_equal(strncmp(fake.log, PLAN_ANSWER_BEGIN "\n", strlen(PLAN_ANSWER_BEGIN) + 1), 0);
    assert_non_null(strstr(fake.log, "stat run.user"));
    assert_non_null(strstr(fake.log, " 4711  "));
    assert_non_null(strstr(fake.log, " 815  "));
    const char *end = strstr(fake.log, PLAN_ANSWER_END "\n");
    assert_non_null(end);
    assert_int_equal(end[strlen(PLAN_ANSWER_END "\n")], 0);
    assert_int_equal(vm->stats.n[STAT_NS_TOTAL], 0); /* the run loop's to count */
}

static void nothing_asked_nothing_said(void **state)
{
    (void)state;
    request_service(vm);
    fake.request = 'T';
    request_service(vm);
    fake.request = 255;
    request_service(vm);
    assert_string_equal(fake.log, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(statistics, start),
        cmocka_unit_test_setup(nothing_asked_nothing_said, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
