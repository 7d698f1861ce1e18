/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Late timer ticks and the mask of IRQ 0: a handler that masks its line while it runs, as Linux's
 * does for the 8259, loses none of those owed; a guest that gives the timer up keeps one.
 */
#include "tests/unit/board_world.h"

static void out_all(const uint8_t (*pairs)[2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        out(pairs[i][0], pairs[i][1]);
}

/* The 8259s with IRQ 0 alone unmasked, and a tick of 1 ms. */
static int set_up(void **state)
{
    (void)state;
    static const uint8_t init[][2] = {{0x20, 0x11}, {0x21, 0x30}, {0x21, 4},    {0x21, 1},
                                      {0x21, 0xfe}, {0x43, 0x34}, {0x40, 0xa9}, {0x40, 0x04}};
    board_world(16u << 20, 1000 * MS);
    out_all(init, ARRAY_SIZE(init));
    return 0;
}

/* Mask and acknowledge, work, unmask: handle_level_irq of Linux. */
static unsigned handle_all(uint64_t work)
{
    unsigned n = 0;
    for (; board_pending(vm) && n < 5000; n++) {
        assert_int_equal(board_ack(vm), 0x30);
        out(0x21, 0xff);
        out(0x20, 0x60);
        now += work;
        out(0x21, 0xfe);
    }
    return n;
}

static void handlers_that_mask_lose_none(void **state)
{
    (void)state;
    now += 250 * MS; /* the guest had interrupts off */
    board_advance(vm, now);
    assert_in_range(handle_all(MS / 100), 252, 253); /* and those of the 2.5 ms of work */
}

static void a_slow_handler_loses_none(void **state)
{
    (void)state;
    now += 20 * MS;
    board_advance(vm, now);
    board_ack(vm);
    out(0x21, 0xff);
    out(0x20, 0x60);
    now += 50 * MS;
    out(0x21, 0xfe);
    assert_in_range(handle_all(0), 68, 70);
}

static void masked_for_good(void **state)
{
    (void)state;
    now += 20 * MS;
    board_advance(vm, now);
    out(0x21, 0xff);
    now += 101 * MS;
    board_advance(vm, now);
    out(0x21, 0xfe);
    assert_int_equal(handle_all(0), 1);
    now += 3 * MS; /* and from then on all count again */
    board_advance(vm, now);
    assert_int_equal(handle_all(0), 3);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(handlers_that_mask_lose_none),
        TEST(a_slow_handler_loses_none),
        TEST(masked_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
