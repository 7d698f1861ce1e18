/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ACPI through the board: tables are there when a guest starts, soft-off by a 16-bit write, the
 * PM timer by a 32-bit read, its overflow as interrupt 9 and as the board's next event.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "devices/board.h"
#include "monitor/guestmem.h"
#include "tests/unit/fake_host.h"

#define SECOND 1000000000ull

static struct vm *vm;
static uint64_t now;

static uint32_t in(unsigned port, unsigned size)
{
    struct io_access io = {.size = (uint8_t)size, .address = port};
    board_access(vm, &io, now);
    return io.value;
}

static void out(unsigned port, unsigned size, uint32_t value)
{
    struct io_access io = {.write = true, .size = (uint8_t)size, .address = port, .value = value};
    board_access(vm, &io, now);
}

static int set_up(void **state)
{
    (void)state;
    vm = fake_vm(16u << 20);
    now = 3 * SECOND;
    assert_true(board_create(vm));
    return 0;
}

static void tables(void **state)
{
    char mark[8];
    (void)state;
    assert_true(guest_read(vm, gpa(0xf0000), mark, sizeof mark));
    assert_memory_equal(mark, "RSD PTR ", 8);
}

static void soft_off(void **state)
{
    (void)state;
    out(0x604, 2, 0x1401);
    assert_int_equal(board_request(vm), BOARD_RUN);
    out(0x604, 2, 0x3401);
    assert_int_equal(board_request(vm), BOARD_OFF);
}

/* Both count from the same origin, the one three times as fast as the other. */
static void timer_and_8254_agree(void **state)
{
    (void)state;
    out(0x43, 1, 0x34);
    out(0x40, 1, 0);
    out(0x40, 1, 0);
    now += SECOND; /* and past the load of the count */
    uint32_t ticks = in(0x608, 4);
    out(0x43, 1, 0x00);
    uint32_t count = in(0x40, 1);
    count |= in(0x40, 1) << 8;
    now += 50000000;
    out(0x43, 1, 0x00);
    uint32_t later = in(0x40, 1);
    later |= in(0x40, 1) << 8;
    uint32_t pulses = (count - later) & 0xffff;
    assert_in_range(in(0x608, 4) - ticks, 3 * pulses - 3, 3 * pulses + 3);
}

static void overflow_is_interrupt_9(void **state)
{
    (void)state;
    static const uint16_t init[][2] = {{0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x30}, {0xa1, 0x38},
                                       {0x21, 4},    {0xa1, 2},    {0x21, 1},    {0xa1, 1},
                                       {0x21, 0xfb}, {0xa1, 0xfd}, {0x4d1, 0x02}};
    for (unsigned i = 0; i < ARRAY_SIZE(init); i++)
        out(init[i][0], 1, init[i][1]);
    assert_int_equal(board_next_event(vm), UINT64_MAX);
    out(0x602, 2, 1);
    now = board_next_event(vm);
    board_advance(vm, now);
    assert_true(board_pending(vm));
    assert_int_equal(board_ack(vm), 0x39);
    out(0x600, 2, 1);
    out(0xa0, 1, 0x20);
    out(0x20, 1, 0x20);
    assert_false(board_pending(vm));
    assert_true(board_next_event(vm) > now);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tables),
        TEST(soft_off),
        TEST(timer_and_8254_agree),
        TEST(overflow_is_interrupt_9),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
