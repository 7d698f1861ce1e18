/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ACPI through the board: tables are there when a guest starts, soft-off by a 16-bit write, the
 * PM timer by a 32-bit read, its overflow as interrupt 9 and as the board's next event.
 */
#include <string.h>

#include "monitor/guestmem.h"
#include "tests/unit/board_world.h"

static int set_up(void **state)
{
    (void)state;
    board_world(16u << 20, 3 * SECOND);
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
    out_wide(0x604, 2, 0x1401);
    assert_int_equal(board_request(vm), BOARD_RUN);
    out_wide(0x604, 2, 0x3401);
    assert_int_equal(board_request(vm), BOARD_OFF);
}

/* Both count from the same origin, the one three times as fast as the other. */
static void timer_and_8254_agree(void **state)
{
    (void)state;
    out(0x43, 0x34);
    out(0x40, 0);
    out(0x40, 0);
    now += SECOND; /* and past the load of the count */
    uint32_t ticks = in_wide(0x608, 4);
    out(0x43, 0x00);
    uint32_t count = in(0x40);
    count |= in(0x40) << 8;
    now += 50000000;
    out(0x43, 0x00);
    uint32_t later = in(0x40);
    later |= in(0x40) << 8;
    uint32_t pulses = (count - later) & 0xffff;
    assert_in_range(in_wide(0x608, 4) - ticks, 3 * pulses - 3, 3 * pulses + 3);
}

static void overflow_is_interrupt_9(void **state)
{
    (void)state;
    static const uint16_t init[][2] = {{0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x30}, {0xa1, 0x38},
                                       {0x21, 4},    {0xa1, 2},    {0x21, 1},    {0xa1, 1},
                                       {0x21, 0xfb}, {0xa1, 0xfd}, {0x4d1, 0x02}};
    for (unsigned i = 0; i < ARRAY_SIZE(init); i++)
        out(init[i][0], init[i][1]);
    assert_int_equal(board_next_event(vm), UINT64_MAX);
    out_wide(0x602, 2, 1);
    now = board_next_event(vm);
    board_advance(vm, now);
    assert_true(board_pending(vm));
    assert_int_equal(board_ack(vm), 0x39);
    out_wide(0x600, 2, 1);
    out(0xa0, 0x20);
    out(0x20, 0x20);
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
