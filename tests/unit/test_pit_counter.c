/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The 8254 counter against its data sheet: first the wave forms of "Mode Definitions" as drawn
 * there, then random programs against a second model that takes one clock pulse at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/pit_counter.h"

#define LOW_ONLY 0x10u
#define BOTH     0x30u
#define MODE(m)  ((m) << 1)

static unsigned count_now(const struct pit_counter *c)
{
    struct pit_counter copy = *c;
    copy.count_latched = copy.status_latched = copy.read_high = false;
    copy.control = (uint8_t)(copy.control | BOTH);
    unsigned low = pit_counter_read(&copy);
    return low | (unsigned)pit_counter_read(&copy) << 8;
}

static struct pit_counter start(unsigned control, unsigned count, bool gate)
{
    struct pit_counter c;
    pit_counter_reset(&c, gate);
    pit_counter_control(&c, (uint8_t)control);
    pit_counter_write(&c, (uint8_t)count);
    if ((control & BOTH) == BOTH)
        pit_counter_write(&c, (uint8_t)(count >> 8));
    return c;
}

/* One pulse for each character of WAVE: '-' OUT high after it, '_' low; DIGITS the count. */
static void expect(struct pit_counter *c, const char *wave, const char *digits)
{
    for (unsigned i = 0; wave[i]; i++) {
        pit_counter_run(c, 1);
        assert_int_equal(c->out, wave[i] == '-');
        if (digits)
            assert_int_equal(count_now(c) & 15, digits[i] - (digits[i] > '9' ? 'a' - 10 : '0'));
    }
}

static void mode0(void **state)
{
    (void)state;
    struct pit_counter c = start(LOW_ONLY | MODE(0), 4, true);
    assert_false(c.out);
    expect(&c, "____-----", "43210fedc");
    /* A new count takes OUT low at once and is loaded with the next pulse. */
    pit_counter_write(&c, 2);
    assert_false(c.out);
    expect(&c, "__-", "210");
    /* The gate stops counting but not loading. */
    pit_counter_write(&c, 3);
    pit_counter_gate(&c, false);
    expect(&c, "___", "333");
    pit_counter_gate(&c, true);
    expect(&c, "__-", "210");
}

static void mode0_first_byte_stops(void **state)
{
    (void)state;
    struct pit_counter c = start(BOTH | MODE(0), 5, true);
    expect(&c, "__", "54");
    pit_counter_write(&c, 3);
    expect(&c, "___", "444");
    pit_counter_write(&c, 0);
    expect(&c, "___-", "3210");
}

static void mode1(void **state)
{
    (void)state;
    struct pit_counter c = start(LOW_ONLY | MODE(1), 3, false);
    expect(&c, "---", NULL);
    pit_counter_gate(&c, true);
    assert_true(c.out);
    expect(&c, "___--", "3210f");
    pit_counter_gate(&c, false);
    pit_counter_gate(&c, true);
    expect(&c, "__", "32");
    pit_counter_gate(&c, false); /* retriggered, with a new count */
    pit_counter_write(&c, 2);
    expect(&c, "_", "1");
    pit_counter_gate(&c, true);
    expect(&c, "__-", "210");
}

static void mode2(void **state)
{
    (void)state;
    struct pit_counter c = start(LOW_ONLY | MODE(2), 3, true);
    expect(&c, "--_--_-", "3213213");
    pit_counter_write(&c, 4); /* counts only from the next cycle on */
    expect(&c, "-_---_", "214321");
    pit_counter_gate(&c, false); /* OUT goes high at once */
    assert_true(c.out);
    expect(&c, "--", "11");
    pit_counter_gate(&c, true);
    expect(&c, "---_-", "43214");
}

static void mode3(void **state)
{
    (void)state;
    struct pit_counter c = start(LOW_ONLY | MODE(3), 4, true);
    expect(&c, "--__--__", "42424242");
    c = start(LOW_ONLY | MODE(3), 5, true);
    expect(&c, "---__---__", "4204242042");
    c = start(LOW_ONLY | MODE(7), 4, true); /* M2 does not matter */
    expect(&c, "--_", "424");
    pit_counter_gate(&c, false);
    expect(&c, "--", NULL);
    pit_counter_gate(&c, true);
    expect(&c, "--__", "4242");
}

static void mode4(void **state)
{
    (void)state;
    struct pit_counter c = start(LOW_ONLY | MODE(4), 3, true);
    expect(&c, "---_---", "3210fed");
    pit_counter_write(&c, 2);
    expect(&c, "--_--", "210fe");
    pit_counter_write(&c, 3);
    expect(&c, "-", "3");
    pit_counter_gate(&c, false);
    expect(&c, "--", "33");
    pit_counter_gate(&c, true);
    expect(&c, "--_", "210");
    pit_counter_gate(&c, false); /* the gate does not hold the strobe */
    expect(&c, "-", "0");
}

static void mode5(void **state)
{
    (void)state;
    struct pit_counter c = start(LOW_ONLY | MODE(5), 3, false);
    expect(&c, "-----", NULL);
    pit_counter_gate(&c, true);
    expect(&c, "---_-", "3210f");
    pit_counter_gate(&c, false);
    pit_counter_gate(&c, true);
    expect(&c, "--", "32");
    pit_counter_gate(&c, false);
    pit_counter_gate(&c, true);
    expect(&c, "---_-", "3210f");
}

static void bcd_counts(void **state)
{
    (void)state;
    struct pit_counter c = start(BOTH | MODE(2) | 1, 0x1000, true);
    pit_counter_run(&c, 2);
    assert_int_equal(count_now(&c), 0x0999);
    c = start(BOTH | MODE(0) | 1, 0, true); /* 0 is 10000 */
    assert_int_equal(pit_counter_next_rise(&c), 10001);
    pit_counter_run(&c, 2);
    assert_int_equal(count_now(&c), 0x9999);
    pit_counter_run(&c, 9998);
    assert_false(c.out);
    pit_counter_run(&c, 1);
    assert_true(c.out);
    pit_counter_run(&c, 1);
    assert_int_equal(count_now(&c), 0x9999);
    c = start(BOTH | MODE(2) | 1, 0xffff, true); /* not digits: some count, and no harm */
    pit_counter_run(&c, 1u << 20);
    assert_in_range(c.count, 1, 10000);
}

static void reads_and_latches(void **state)
{
    (void)state;
    struct pit_counter c = start(BOTH | MODE(2), 0x1234, true);
    pit_counter_latch(&c, false, true);
    assert_int_equal(pit_counter_read(&c), 0xc0 | BOTH | MODE(2)); /* OUT high, null count */
    pit_counter_latch(&c, false, true); /* the first latch stays until it is read */
    pit_counter_run(&c, 1);
    pit_counter_latch(&c, false, true);
    assert_int_equal(pit_counter_read(&c), 0xc0 | BOTH | MODE(2));
    pit_counter_latch(&c, true, true);
    pit_counter_run(&c, 0x100);
    pit_counter_latch(&c, true, true);                             /* so does that of a count */
    assert_int_equal(pit_counter_read(&c), 0x80 | BOTH | MODE(2)); /* status first */
    assert_int_equal(pit_counter_read(&c), 0x34);
    assert_int_equal(pit_counter_read(&c), 0x12);
    assert_int_equal(pit_counter_read(&c), 0x34); /* unlatched: low, then high byte */
    assert_int_equal(pit_counter_read(&c), 0x11);
    c = start(0x20 | MODE(2), 0x12, true); /* high byte only */
    pit_counter_run(&c, 1);
    assert_int_equal(count_now(&c), 0x1200);
    assert_int_equal(pit_counter_read(&c), 0x12);
    assert_int_equal(pit_counter_read(&c), 0x12);
}

static void count_of_one(void **state)
{
    (void)state;
    for (unsigned m = 2; m <= 3; m++) {
        struct pit_counter c = start(LOW_ONLY | MODE(m), 1, true);
        assert_int_equal(pit_counter_period(&c), 2);
        assert_int_equal(pit_counter_run(&c, 1 + (1ull << 40)), 1ull << 39);
    }
    struct pit_counter c = start(LOW_ONLY | MODE(0), 1, true);
    assert_int_equal(pit_counter_period(&c), 0);
    expect(&c, "_-", "10");
}

/* ---- The model that counts pulse by pulse -------------------------------- */

struct slow {
    unsigned mode, modulus, reload, count;
    bool gate, out, written, loaded, load, halted, fired, odd, null_count;
};

static void slow_load(struct slow *s)
{
    bool cyclic = s->mode == 2 || s->mode == 3;
    s->load = false;
    s->loaded = true;
    s->fired = false;
    s->null_count = false;
    s->count = cyclic && s->reload == 1 ? 2 : s->reload;
    s->odd = s->count % 2;
    if (s->mode == 3)
        s->count -= s->odd;
}

static void slow_down(struct slow *s)
{
    s->count = s->count ? s->count - 1 : s->modulus - 1;
}

static void slow_count(struct slow *s)
{
    switch (s->mode) {
    case 0:
    case 1:
        slow_down(s);
        if (s->count == 0)
            s->out = true;
        break;
    case 2:
        if (s->count == 1)
            slow_load(s);
        else
            slow_down(s);
        s->out = s->count != 1;
        break;
    case 3:
        if (s->count == 2 && !(s->odd && s->out))
            s->count = 0;
        else if (s->count)
            s->count -= 2;
        else
            s->count = 1; /* the extra pulse of an odd high half is over */
        if (s->count == 0 && s->odd && s->out)
            break;
        if (s->count < 2) {
            s->out = !s->out;
            slow_load(s);
        }
        break;
    default:
        slow_down(s);
        if (s->count == 0 && !s->fired) {
            s->fired = true;
            s->out = false;
        }
    }
}

static unsigned slow_pulse(struct slow *s)
{
    bool was = s->out, gated = s->mode != 1 && s->mode != 5;
    if (s->mode > 3)
        s->out = true;
    if (s->load) {
        slow_load(s);
        s->out = s->mode > 1;
    } else if (s->loaded && !s->halted && (s->gate || !gated)) {
        slow_count(s);
    }
    return s->out && !was;
}

static void slow_control(struct slow *s, unsigned m, bool bcd)
{
    *s = (struct slow){.mode = m,
                       .modulus = bcd ? 10000 : 65536,
                       .count = s->count,
                       .gate = s->gate,
                       .out = m != 0,
                       .null_count = true,
                       .reload = 65536};
}

static void slow_write(struct slow *s, unsigned count)
{
    s->reload = count ? count : s->modulus;
    s->written = s->null_count = true;
    s->halted = false;
    if (s->mode == 0)
        s->out = false;
    if (s->mode == 0 || s->mode == 4 || (!s->loaded && (s->mode == 2 || s->mode == 3)))
        s->load = true;
}

static void slow_gate(struct slow *s, bool level)
{
    if (level && !s->gate && s->written && s->mode != 0 && s->mode != 4)
        s->load = true;
    s->gate = level;
    if (!level && (s->mode == 2 || s->mode == 3))
        s->out = true;
}

static unsigned to_bcd(unsigned n)
{
    return n / 1000 << 12 | n / 100 % 10 << 8 | n / 10 % 10 << 4 | n % 10;
}

static unsigned random_count(void)
{
    unsigned kind = (unsigned)rand() % 8;
    return (unsigned)rand() % (kind < 5 ? 12 : kind < 7 ? 300 : 10000);
}

static unsigned random_pulses(void)
{
    unsigned kind = (unsigned)rand() % 16;
    return (unsigned)rand() % (kind < 10 ? 8 : kind < 15 ? 400 : 70000);
}

static void random_action(struct pit_counter *c, struct slow *s)
{
    unsigned what = (unsigned)rand() % 10, count = random_count();
    bool bcd = s->modulus == 10000;
    if (what < 2) {
        unsigned m = (unsigned)rand() % 6;
        bcd = rand() % 4 == 0;
        pit_counter_control(c, (uint8_t)(BOTH | MODE(m) | bcd));
        slow_control(s, m, bcd);
    }
    if (what < 6) {
        unsigned raw = bcd ? to_bcd(count) : count;
        pit_counter_write(c, (uint8_t)raw);
        pit_counter_write(c, (uint8_t)(raw >> 8));
        slow_write(s, count);
    } else if (what < 9) {
        pit_counter_gate(c, what == 6);
        slow_gate(s, what == 6);
    }
}

static void assert_same(const struct pit_counter *c, const struct slow *s)
{
    unsigned count = s->count % s->modulus;
    assert_int_equal(c->out, s->out);
    assert_int_equal(c->null_count, s->null_count);
    if (s->loaded)
        assert_int_equal(count_now(c), s->modulus == 10000 ? to_bcd(count) : count);
}

static void random_programs(void **state)
{
    (void)state;
    struct pit_counter c;
    struct slow s = {.gate = true};
    srand(8254);
    pit_counter_reset(&c, true);
    pit_counter_control(&c, BOTH);
    slow_control(&s, 0, false);
    for (unsigned turn = 0; turn < 20000; turn++) {
        random_action(&c, &s);
        assert_same(&c, &s);
        unsigned pulses = random_pulses(), rises = 0;
        uint64_t first = UINT64_MAX, predicted = pit_counter_next_rise(&c);
        for (unsigned i = 1; i <= pulses; i++) {
            unsigned rose = slow_pulse(&s);
            rises += rose;
            if (rose && first == UINT64_MAX)
                first = i;
        }
        if (predicted <= pulses || first != UINT64_MAX)
            assert_int_equal(predicted, first);
        assert_int_equal(pit_counter_run(&c, pulses), rises);
        assert_same(&c, &s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mode0),
        cmocka_unit_test(mode0_first_byte_stops),
        cmocka_unit_test(mode1),
        cmocka_unit_test(mode2),
        cmocka_unit_test(mode3),
        cmocka_unit_test(mode4),
        cmocka_unit_test(mode5),
        cmocka_unit_test(bcd_counts),
        cmocka_unit_test(reads_and_latches),
        cmocka_unit_test(count_of_one),
        cmocka_unit_test(random_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
