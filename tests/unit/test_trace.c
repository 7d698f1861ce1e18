/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Page traces: who marked what, and when the first came and the last went.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "monitor/trace.h"
#include "tests/unit/fake_host.h"

static void first_and_last_client(void **state)
{
    (void)state;
    struct vm *vm = fake_vm(8 * PAGE_SIZE);
    assert_int_equal(trace_clients(vm, gfn(3)), 0); /* before there is any trace */
    assert_true(trace_none(vm, gfn(3)));
    assert_true(trace_create(vm));
    assert_int_equal(trace_clients(vm, gfn(3)), 0);
    assert_true(trace_add(vm, gfn(3), TRACE_CODE));
    assert_false(trace_add(vm, gfn(3), TRACE_CODE));
    assert_false(trace_add(vm, gfn(3), TRACE_PAGETABLE));
    assert_int_equal(trace_clients(vm, gfn(3)), TRACE_CODE | TRACE_PAGETABLE);
    assert_false(trace_none(vm, gfn(3)));
    assert_true(trace_none(vm, gfn(2)) && trace_none(vm, gfn(4)));
    assert_int_equal(trace_clients(vm, gfn(2)), 0);
    assert_int_equal(trace_clients(vm, gfn(4)), 0);
    assert_false(trace_remove(vm, gfn(3), TRACE_CODE));
    assert_int_equal(trace_clients(vm, gfn(3)), TRACE_PAGETABLE);
    assert_false(trace_remove(vm, gfn(3), TRACE_CODE));
    assert_true(trace_remove(vm, gfn(3), TRACE_PAGETABLE));
    assert_false(trace_remove(vm, gfn(3), TRACE_PAGETABLE));
    assert_int_equal(trace_clients(vm, gfn(3)), 0);
    assert_true(trace_none(vm, gfn(3)));
}

static void outside_ram(void **state)
{
    (void)state;
    struct vm *vm = fake_vm(8 * PAGE_SIZE);
    assert_true(trace_create(vm));
    const uint32_t outside[] = {8, 9, 1u << 20, UINT32_MAX};
    for (unsigned i = 0; i < ARRAY_SIZE(outside); i++) {
        assert_false(trace_add(vm, gfn(outside[i]), TRACE_CODE));
        assert_int_equal(trace_clients(vm, gfn(outside[i])), 0);
        assert_true(trace_none(vm, gfn(outside[i])));
        assert_false(trace_remove(vm, gfn(outside[i]), TRACE_CODE));
    }
    assert_true(trace_add(vm, gfn(7), TRACE_CODE));
}

static void no_memory(void **state)
{
    (void)state;
    struct vm *vm = fake_vm(8 * PAGE_SIZE);
    vm->pool = fake_host_reset(1);
    assert_false(trace_create(vm));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_and_last_client),
        cmocka_unit_test(outside_ram),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
