/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Trace lines: only what was asked for, each within its length, and an end to them.
 */
#include "monitor/journal.h"
#include "tests/unit/fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vm vm;

static int start(void **state)
{
    (void)state;
    memset(&vm, 0, sizeof vm);
    fake.log_len = 0;
    fake.log[0] = 0;
    return 0;
}

static void only_what_was_asked_for(void **state)
{
    (void)state;
    JOURNAL(&vm, IO, "out %x", 1);
    assert_string_equal(fake.log, "");
    vm.journal = 1u << PLAN_TRACE_IO;
    JOURNAL(&vm, EXITS, "user");
    JOURNAL(&vm, IO, "out %x", 0x70);
    assert_non_null(strstr(fake.log, " io out 70\n"));
    assert_int_equal(strncmp(fake.log, "trace ", 6), 0);
    assert_null(strstr(fake.log, "user"));
    assert_int_equal(vm.journal_lines, 1);
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    vm.journal = 1u << PLAN_TRACE_EXITS;
    JOURNAL(&vm, EXITS, "%0200x", 5);
    assert_true(strlen(fake.log) < 120);
    assert_int_equal(fake.log[fake.log_len - 1], '\n');
}

static void it_ends(void **state)
{
    (void)state;
    vm.journal = 1u << PLAN_TRACE_IRQ;
    vm.journal_lines = JOURNAL_LINES - 2;
    for (unsigned i = 0; i < 5; i++)
        JOURNAL(&vm, IRQ, "number %u", i);
    assert_int_equal(vm.journal, 0);
    assert_non_null(strstr(fake.log, "number 1\n"));
    assert_non_null(strstr(fake.log, " end after 2000000 lines\n"));
    assert_null(strstr(fake.log, "number 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(only_what_was_asked_for, start),
        cmocka_unit_test_setup(long_lines_are_cut, start),
        cmocka_unit_test_setup(it_ends, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
