/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The 8254 as wired in a PC: exact time, ticks that are owed, the control word's commands,
 * and the way Linux measures the TSC with counter 2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devices/pit.h"

#define SECOND 1000000000ull

static void program(struct pit *p, unsigned counter, unsigned mode, unsigned count)
{
    pit_write(p, 3, (uint8_t)(counter << 6 | 0x30 | mode << 1));
    pit_write(p, counter, (uint8_t)count);
    pit_write(p, counter, (uint8_t)(count >> 8));
}

static unsigned count_ticks(struct pit *p)
{
    unsigned n = 0;
    for (; pit_irq(p); n++)
        pit_tick_taken(p);
    return n;
}

static void exact_rate(void **state)
{
    (void)state;
    struct pit p;
    pit_reset(&p, 0);
    program(&p, 0, 2, 11932);
    unsigned ticks = 0;
    for (uint64_t ms = 1; ms <= 100000; ms++) {
        pit_advance(&p, ms * 1000000);
        ticks += count_ticks(&p);
    }
    /* 100 s at 105/88 MHz are 119318181.8 pulses; one is spent on loading. */
    assert_int_equal(ticks, 119318180 / 11932);
    assert_int_equal(p.pulse, 119318181);
    assert_int_equal(p.dropped, 0);
}

static void event_time_is_exact(void **state)
{
    (void)state;
    srand(88);
    for (unsigned i = 0; i < 2000; i++) {
        struct pit p;
        uint64_t now = ((uint64_t)rand() << 20) ^ (uint64_t)rand();
        pit_reset(&p, now);
        assert_int_equal(pit_next_event(&p), UINT64_MAX);
        static const unsigned modes[] = {0, 2, 3, 4};
        program(&p, 0, modes[i % 4], (unsigned)rand() & 0xffff);
        uint64_t due = pit_next_event(&p);
        assert_true(due > now);
        assert_false(pit_advance(&p, due - 1));
        assert_false(pit_irq(&p));
        assert_int_equal(pit_next_event(&p), due);
        assert_true(pit_advance(&p, due));
        assert_true(pit_irq(&p));
        assert_true(pit_next_event(&p) > due);
    }
}

static void late_ticks_are_owed(void **state)
{
    (void)state;
    struct pit p;
    pit_reset(&p, 0);
    program(&p, 0, 2, 1193); /* 1000.15 Hz */
    assert_true(pit_advance(&p, SECOND / 4));
    assert_int_equal(count_ticks(&p), 250);
    assert_false(pit_advance(&p, SECOND / 4));
    assert_false(pit_irq(&p));
}

static void no_more_than_a_second(void **state)
{
    (void)state;
    struct pit p;
    pit_reset(&p, 0);
    program(&p, 0, 3, 11932);
    pit_advance(&p, 3600 * SECOND);
    assert_int_equal(p.owed, 99);
    assert_int_equal(p.owed + p.dropped, (3600ull * 1193181818 / 1000 - 1) / 11932);
    assert_int_equal(count_ticks(&p), 99);
    program(&p, 0, 2, 0); /* 18.2 Hz */
    pit_advance(&p, 1000000 * SECOND);
    assert_int_equal(count_ticks(&p), 18);
}

static void backlog_is_forgotten(void **state)
{
    (void)state;
    struct pit p;
    pit_reset(&p, 0);
    program(&p, 0, 2, 1193);
    pit_advance(&p, SECOND / 10);
    pit_forget_backlog(&p);
    assert_int_equal(p.dropped, 99);
    assert_int_equal(count_ticks(&p), 1);
    pit_forget_backlog(&p);
    assert_int_equal(p.dropped, 99);
    pit_advance(&p, SECOND / 5);
    assert_true(pit_irq(&p));
    program(&p, 0, 0, 1000); /* a control word cancels what was owed */
    assert_false(pit_irq(&p));
    program(&p, 1, 2, 100);
    program(&p, 2, 2, 100);
    assert_false(pit_advance(&p, SECOND / 5 + 1000)); /* only counter 0 makes ticks */
    assert_false(pit_irq(&p));
}

static void one_shot_once(void **state)
{
    (void)state;
    struct pit p;
    pit_reset(&p, 0);
    program(&p, 0, 4, 11932);
    assert_true(pit_advance(&p, SECOND));
    assert_int_equal(count_ticks(&p), 1);
    assert_int_equal(pit_next_event(&p), UINT64_MAX);
    assert_false(pit_advance(&p, 2 * SECOND));
    pit_write(&p, 0, 0x9c); /* Linux arms it again by a count alone */
    pit_write(&p, 0, 0x2e);
    assert_int_equal(pit_next_event(&p), 2 * SECOND + 10001296); /* 11934 pulses after 2386363 */
    assert_true(pit_advance(&p, 3 * SECOND));
    assert_int_equal(count_ticks(&p), 1);
}

static void time_never_goes_back(void **state)
{
    (void)state;
    struct pit p;
    pit_reset(&p, SECOND);
    program(&p, 0, 2, 1193);
    assert_false(pit_advance(&p, 0));
    assert_int_equal(count_ticks(&p), 0);
    pit_advance(&p, UINT64_MAX);
    assert_int_equal(p.owed, 1000);
}

static void commands(void **state)
{
    (void)state;
    struct pit p;
    pit_reset(&p, 0);
    program(&p, 0, 2, 0x4000);
    program(&p, 1, 3, 0x8000);
    pit_advance(&p, 88000); /* 105 pulses */
    pit_write(&p, 3, 0x00); /* counter latch, counter 0 */
    pit_advance(&p, 880000);
    assert_int_equal(pit_read(&p, 0), (0x4000 - 104) & 0xff);
    assert_int_equal(pit_read(&p, 0), (0x4000 - 104) >> 8);
    pit_write(&p, 3, 0xc0 | 0x0e); /* read-back: count and status of all three */
    pit_advance(&p, 8800000);
    assert_int_equal(pit_read(&p, 0), 0xb4);
    assert_int_equal(pit_read(&p, 0), (0x4000 - 1049) & 0xff);
    assert_int_equal(pit_read(&p, 0), (0x4000 - 1049) >> 8);
    assert_int_equal(pit_read(&p, 1), 0xb6);
    assert_int_equal(pit_read(&p, 1), (0x8000 - 2 * 1049) & 0xff);
    assert_int_equal(pit_read(&p, 1), (0x8000 - 2 * 1049) >> 8);
    assert_int_equal(pit_read(&p, 2) & 0x40, 0x40); /* never written: null count */
    pit_write(&p, 3, 0xe2);                         /* read-back: status of counter 0 only */
    assert_true(p.counter[0].status_latched);
    assert_false(p.counter[0].count_latched);
    assert_false(p.counter[1].status_latched);
    assert_int_equal(pit_read(&p, 3), 0xff);
}

/* arch/x86/kernel/tsc.c measures 50 ms (pit_calibrate_tsc) by waiting for OUT 2 ... */
static void linux_waits_for_out2(void **state)
{
    (void)state;
    struct pit p;
    uint64_t now = 12345678;
    pit_reset(&p, now);
    pit_set_gate2(&p, true);
    program(&p, 2, 0, 1193182 / 20);
    uint64_t start = now;
    assert_false(pit_out2(&p));
    for (; !pit_out2(&p); now += 100)
        pit_advance(&p, now);
    assert_in_range(now - start, 49999000, 50002000);
    pit_set_gate2(&p, false); /* it stays high */
    assert_true(pit_out2(&p));
}

/* ... or watches the high byte of the running count (quick_pit_calibrate). */
static void linux_watches_the_high_byte(void **state)
{
    (void)state;
    struct pit p;
    uint64_t now = 0, changed = 0;
    pit_reset(&p, now);
    pit_set_gate2(&p, true);
    program(&p, 2, 0, 0xffff);
    pit_read(&p, 2);
    assert_int_equal(pit_read(&p, 2), 0xff); /* also before the first pulse */
    for (unsigned expected = 0xff; expected > 0xf0; expected--) {
        for (;;) {
            pit_advance(&p, now += 700);
            pit_read(&p, 2);
            if (pit_read(&p, 2) != expected)
                break;
        }
        if (changed)
            assert_in_range(now - changed, 214552 - 1400, 214552 + 1400); /* 256 pulses */
        changed = now;
    }
}

static void gate2_stops_counter2(void **state)
{
    (void)state;
    struct pit p;
    pit_reset(&p, 0);
    program(&p, 2, 0, 100);
    pit_advance(&p, SECOND);
    assert_false(pit_out2(&p)); /* the gate is low after reset */
    pit_set_gate2(&p, true);
    pit_advance(&p, SECOND + 83000);
    assert_false(pit_out2(&p));
    pit_advance(&p, SECOND + 85000);
    assert_true(pit_out2(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_rate),           cmocka_unit_test(event_time_is_exact),
        cmocka_unit_test(late_ticks_are_owed),  cmocka_unit_test(no_more_than_a_second),
        cmocka_unit_test(backlog_is_forgotten), cmocka_unit_test(one_shot_once),
        cmocka_unit_test(time_never_goes_back), cmocka_unit_test(commands),
        cmocka_unit_test(linux_waits_for_out2), cmocka_unit_test(linux_watches_the_high_byte),
        cmocka_unit_test(gate2_stops_counter2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
