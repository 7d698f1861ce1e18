/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Devices and memory: what a device may reach, that translated code in a frame that it writes is
 * told, and that an interrupt which an access to a device's memory raises is seen at once.
 */
#include "monitor/dma.h"

#include "monitor/vmem.h"
#include "tests/unit/memory_doubles.h"

#define RAM 0x100000u

static struct vm *vm;
static struct vcpu *v;

static int start(void **state)
{
    (void)state;
    memset(&told, 0, sizeof told);
    vm = fake_vm(RAM);
    v = vm->vcpu;
    assert_true(trace_create(vm));
    vm->bt = (struct bt *)vm; /* so that the doubles are called */
    return 0;
}

static void copies_are_checked(void **state)
{
    (void)state;
    uint8_t buf[16] = "0123456789abcde";
    assert_true(dma_write(vm, gpa(RAM - 16), buf, 16));
    assert_false(dma_write(vm, gpa(RAM - 15), buf, 16));
    assert_false(dma_write(vm, gpa(UINT64_MAX - 3), buf, 16));
    assert_false(dma_read(vm, gpa(RAM), buf, 1));
    assert_false(dma_read(vm, gpa(UINT64_MAX), buf, 2));
    memset(buf, 0, sizeof buf);
    assert_true(dma_read(vm, gpa(RAM - 16), buf, 16));
    assert_string_equal((char *)buf, "0123456789abcde");
}

static void lends_what_lies_in_a_row(void **state)
{
    (void)state;
    size_t got;
    uint8_t *at = dma_lend(vm, gpa(0x1ffe), 0x3000, &got);
    assert_non_null(at);
    assert_true(got >= 2 && got <= 0x3000);
    memcpy(at, "xy", 2);
    assert_int_equal(peek(vm, 0x1ffc) >> 16, 'x' | 'y' << 8);
    at = dma_lend(vm, gpa(RAM - 4), 100, &got); /* up to the end of RAM */
    assert_true(at && got == 4);
    assert_null(dma_lend(vm, gpa(RAM), 4, &got));
    assert_null(dma_lend(vm, gpa(UINT64_MAX), 4, &got));
    /* A frame that is elsewhere in the host ends it, one that is absent does. */
    hfn_t other = vm->ram.frame[3];
    vm->ram.frame[3] = vm->ram.frame[9];
    assert_non_null(dma_lend(vm, gpa(0x2000), 0x2000, &got));
    assert_int_equal(got, 0x1000);
    vm->ram.frame[3] = hfn(0);
    assert_non_null(dma_lend(vm, gpa(0x2000), 0x2000, &got));
    assert_int_equal(got, 0x1000);
    assert_null(dma_lend(vm, gpa(0x3000), 1, &got));
    vm->ram.frame[3] = other;
}

static void code_is_told_of_writes(void **state)
{
    (void)state;
    uint8_t page[PAGE_SIZE] = {1};
    assert_true(dma_write(vm, gpa(0x5000), page, sizeof page));
    dma_wrote(vm, gpa(0x5000), 1);
    assert_int_equal(told.wrote, 0);
    trace_add(vm, gfn(5), TRACE_CODE);
    assert_true(dma_write(vm, gpa(0x4ffe), page, 6)); /* the first two bytes are another frame's */
    assert_int_equal(told.wrote, 1);
    assert_true(told.frame.v == 5 && told.first == 0 && told.last == 3);
    dma_wrote(vm, gpa(0x4800), 0x1800);
    assert_int_equal(told.wrote, 2);
    assert_true(told.frame.v == 5 && told.first == 0 && told.last == 0xfff);
}

/* Paging is off: a linear address is a physical one. */
static void an_access_may_interrupt(void **state)
{
    (void)state;
    uint8_t byte = 1;
    told.interrupt = true;
    assert_true(vmem_write(v, gva(0xfe000000), &byte, 1, 0));
    assert_true(v->event);
    told.interrupt = false;
    assert_true(vmem_read(v, gva(0xfe000000), &byte, 1, 0));
    assert_false(v->event);
}

#define TEST(f) cmocka_unit_test_setup(f, start)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(copies_are_checked),
        TEST(lends_what_lies_in_a_row),
        TEST(code_is_told_of_writes),
        TEST(an_access_may_interrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
