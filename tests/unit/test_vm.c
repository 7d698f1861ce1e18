/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VM ends once, and its first reason is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/vm.h"

static void kill_ends_with_the_reason(void **state)
{
    (void)state;
    struct vm vm = {0};
    vm_kill(&vm, "at %08x", 0x1234u);
    assert_true(vm.ended);
    assert_int_equal(vm.exit, EXIT_GUEST_KILLED);
    assert_string_equal(vm.reason, "at 00001234");
}

static void end_keeps_its_kind(void **state)
{
    (void)state;
    struct vm vm = {0};
    vm_end(&vm, EXIT_GUEST_HALTED, "%s", "halted");
    assert_true(vm.ended);
    assert_int_equal(vm.exit, EXIT_GUEST_HALTED);
    assert_string_equal(vm.reason, "halted");
}

static void the_first_reason_is_kept(void **state)
{
    (void)state;
    struct vm vm = {0};
    vm_end(&vm, EXIT_GUEST_OFF, "first");
    vm_kill(&vm, "second");
    vm_end(&vm, EXIT_GUEST_HALTED, "third");
    assert_int_equal(vm.exit, EXIT_GUEST_OFF);
    assert_string_equal(vm.reason, "first");
}

static void a_long_reason_is_cut(void **state)
{
    (void)state;
    struct vm vm = {0};
    vm_kill(&vm, "%1000d", 1);
    assert_int_equal(strlen(vm.reason), sizeof vm.reason - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kill_ends_with_the_reason),
        cmocka_unit_test(end_keeps_its_kind),
        cmocka_unit_test(the_first_reason_is_kept),
        cmocka_unit_test(a_long_reason_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
