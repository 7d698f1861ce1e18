/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The second serial port: a driver finds a 16550A with an interrupt of its own; what it sends
 * goes nowhere, and the console's input is not its.
 */
#include <string.h>

#include "tests/unit/board_world.h"

/* The 8259s with IRQ 3 and 4 alone unmasked; both ports 8N1, OUT2 on. */
static int set_up(void **state)
{
    (void)state;
    static const uint16_t init[][2] = {{0x20, 0x11},  {0x21, 0x30},  {0x21, 4},     {0x21, 1},
                                       {0x21, 0xe7},  {0x2fb, 0x03}, {0x2fc, 0x0b}, {0x3fb, 0x03},
                                       {0x3fc, 0x0b}, {0x2fa, 0x01}, {0x3fa, 0x01}};
    board_world(16u << 20, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(init); i++)
        out(init[i][0], init[i][1]);
    return 0;
}

static void a_chip_of_its_own(void **state)
{
    (void)state;
    out(0x2ff, 0x5a);
    out(0x3ff, 0xa5);
    assert_int_equal(in(0x2ff), 0x5a);
    assert_int_equal(in(0x3ff), 0xa5);
    assert_int_equal(in(0x2fa) & 0xc0, 0xc0);
}

static void output_goes_nowhere(void **state)
{
    (void)state;
    out(0x2f9, 0x02); /* transmitter empty */
    assert_true(board_pending(vm));
    assert_int_equal(board_ack(vm), 0x33);
    assert_int_equal(in(0x2fa) & 0x0f, 0x02);
    out(0x20, 0x20);
    for (unsigned i = 0; i < 100; i++)
        out(0x2f8, 'x');
    assert_int_equal(fake.console_out_len, 0);
    out(0x3f8, 'y');
    assert_int_equal(fake.console_out_len, 1);
}

static void input_is_the_consoles(void **state)
{
    (void)state;
    memcpy(fake.console_in, "abc", 3);
    fake.console_in_len = 3;
    out(0x2f9, 0x01);
    board_advance(vm, 1000);
    assert_false(board_pending(vm));
    assert_int_equal(in(0x2fd) & 1, 0);
    out(0x3f9, 0x01);
    board_advance(vm, 2000);
    assert_int_equal(board_ack(vm), 0x34);
    assert_int_equal(in(0x3f8), 'a');
}

static void loopback(void **state)
{
    (void)state;
    out(0x2fc, 0x1b);
    out(0x2f8, 'z');
    assert_int_equal(in(0x2fd) & 1, 1);
    assert_int_equal(in(0x2f8), 'z');
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_chip_of_its_own),
        TEST(output_goes_nowhere),
        TEST(input_is_the_consoles),
        TEST(loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
