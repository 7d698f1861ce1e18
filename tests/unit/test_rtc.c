/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The MC146818: the time in its four notations, update cycles and UIP, setting the clock, the
 * three interrupts, CMOS memory, and the ways Linux reads and writes the time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devices/rtc.h"

#define SECOND 1000000000ull
#define MIB    (1ull << 20)
#define NOON   951825599ull /* 2000-02-29 11:59:59 UTC, a Tuesday */

enum { A = 10, B, C, D };

static uint8_t get(struct rtc *r, unsigned index)
{
    rtc_write(r, 0, (uint8_t)index, 0);
    return rtc_read(r, 1);
}

static void set(struct rtc *r, unsigned index, unsigned value, uint64_t now)
{
    rtc_write(r, 0, (uint8_t)index, now);
    rtc_write(r, 1, (uint8_t)value, now);
}

static void assert_time(struct rtc *r, unsigned hour, unsigned minute, unsigned second)
{
    assert_int_equal(get(r, 4), hour);
    assert_int_equal(get(r, 2), minute);
    assert_int_equal(get(r, 0), second);
}

static void assert_date(struct rtc *r, unsigned year, unsigned month, unsigned day, unsigned wday)
{
    assert_int_equal(get(r, 0x32) << 8 | get(r, 9), year);
    assert_int_equal(get(r, 8), month);
    assert_int_equal(get(r, 7), day);
    assert_int_equal(get(r, 6), wday);
}

static void wall_clock(void **state)
{
    (void)state;
    struct rtc r;
    rtc_reset(&r, NOON, 64 * MIB, 5 * SECOND);
    assert_time(&r, 0x11, 0x59, 0x59);
    assert_date(&r, 0x2000, 0x02, 0x29, 3);
    assert_int_equal(get(&r, A), 0x26);
    assert_int_equal(get(&r, B), 0x02);
    assert_int_equal(get(&r, D), 0x80);
    assert_int_equal(rtc_read(&r, 0), 0xff);
    rtc_reset(&r, 0, 64 * MIB, 0); /* no wall clock */
    assert_time(&r, 0, 0, 0);
    assert_date(&r, 0x2000, 0x01, 0x01, 7);
}

static void seconds_pass(void **state)
{
    (void)state;
    struct rtc r;
    rtc_reset(&r, NOON, 64 * MIB, 5 * SECOND);
    rtc_advance(&r, 6 * SECOND - 1);
    assert_time(&r, 0x11, 0x59, 0x59);
    rtc_advance(&r, 6 * SECOND);
    assert_time(&r, 0x12, 0, 0);
    rtc_advance(&r, 6 * SECOND + 12 * 3600 * SECOND);
    assert_time(&r, 0, 0, 0);
    assert_date(&r, 0x2000, 0x03, 0x01, 4);
    rtc_advance(&r, 0); /* not backwards */
    assert_time(&r, 0, 0, 0);
    rtc_reset(&r, 4102444799, 64 * MIB, 0); /* 2099-12-31 23:59:59 */
    rtc_advance(&r, SECOND);
    assert_date(&r, 0x2100, 0x01, 0x01, 6);
    rtc_advance(&r, UINT64_MAX / 2); /* 292 years at once */
    assert_int_equal(get(&r, 0x32), 0x23);
}

static void notations(void **state)
{
    (void)state;
    struct rtc r;
    /* Linux writes B first and the fields after it, all under SET. */
    static const struct {
        unsigned b, hour_in, minute_in, hour_out, minute_out;
    } rows[] = {
        {0x02, 0x23, 0x59, 0x00, 0x00}, /* BCD, 24 h */
        {0x06, 23, 59, 0, 0},           /* binary, 24 h */
        {0x00, 0x91, 0x59, 0x12, 0x00}, /* BCD, 12 h: 11 pm, then 12 am */
        {0x04, 0x8b, 59, 12, 0},        /* binary, 12 h */
        {0x00, 0x11, 0x59, 0x92, 0x00}, /* 11 am, then 12 pm */
        {0x00, 0x09, 0x59, 0x10, 0x00}, /* 9 am, then 10 am */
        {0x00, 0x92, 0x59, 0x81, 0x00}, /* 12 pm, then 1 pm */
        {0x00, 0x12, 0x08, 0x12, 0x09}, /* 12 am stays */
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rtc_reset(&r, NOON, 64 * MIB, 0);
        set(&r, B, 0x80 | rows[i].b, 0);
        set(&r, 4, rows[i].hour_in, 0);
        set(&r, 2, rows[i].minute_in, 0);
        set(&r, 0, rows[i].b & 4 ? 59 : 0x59, 0);
        set(&r, B, rows[i].b, 0);
        rtc_advance(&r, SECOND);
        assert_time(&r, rows[i].hour_out, rows[i].minute_out, 0);
    }
}

/* A new rate leaves the phase of the seconds alone. */
static void rate_changes(void **state)
{
    (void)state;
    struct rtc r;
    rtc_reset(&r, NOON, 64 * MIB, 0);
    rtc_advance(&r, SECOND / 4);
    set(&r, A, 0x2a, SECOND / 4);
    rtc_advance(&r, SECOND - 1);
    assert_time(&r, 0x11, 0x59, 0x59);
    rtc_advance(&r, SECOND);
    assert_time(&r, 0x12, 0x00, 0x00);
}

static void update_in_progress(void **state)
{
    (void)state;
    struct rtc r;
    rtc_reset(&r, NOON, 64 * MIB, 0);
    assert_int_equal(get(&r, A) & 0x80, 0);
    rtc_advance(&r, SECOND - 2300000);
    assert_int_equal(get(&r, A) & 0x80, 0);
    rtc_advance(&r, SECOND - 2200000); /* 244 us warning and 1984 us update */
    assert_int_equal(get(&r, A) & 0x80, 0x80);
    assert_time(&r, 0x11, 0x59, 0x59);
    set(&r, A, 0xa6, SECOND - 2200000); /* UIP cannot be written */
    assert_int_equal(r.cmos[A], 0x26);
    set(&r, B, 0x82, SECOND - 2200000); /* SET stops the update */
    assert_int_equal(get(&r, A) & 0x80, 0);
    rtc_advance(&r, 3 * SECOND);
    assert_time(&r, 0x11, 0x59, 0x59);
    set(&r, B, 0x02, 3 * SECOND);
    rtc_advance(&r, 4 * SECOND);
    assert_time(&r, 0x12, 0x00, 0x00);
}

/* Linux's mc146818_get_time: read while UIP is low, and again if the second changed. */
static void linux_reads_the_time(void **state)
{
    (void)state;
    struct rtc r;
    uint64_t now = 0;
    unsigned seen = 0, last = 0x58;
    rtc_reset(&r, NOON - 1, 64 * MIB, 0);
    for (now = 0; now < 10 * SECOND; now += 250000) {
        rtc_advance(&r, now);
        if (get(&r, A) & 0x80)
            continue;
        unsigned s = get(&r, 0);
        if (s != last) {
            assert_int_equal(s, last == 0x59 ? 0 : last + 1);
            assert_true(now % SECOND < 250000);
            seen++;
        }
        last = s;
    }
    assert_int_equal(seen, 9);
}

/* Linux's mc146818_set_time: SET, divider reset, fields, both back. The next second begins
 * half a second later. */
static void linux_sets_the_time(void **state)
{
    (void)state;
    struct rtc r;
    uint64_t now = 700000000;
    rtc_reset(&r, NOON, 64 * MIB, 0);
    rtc_advance(&r, now);
    set(&r, B, 0x82, now);
    set(&r, A, 0x76, now);
    static const uint8_t fields[][2] = {{9, 0x24}, {8, 0x12}, {7, 0x31}, {4, 0x23},
                                        {2, 0x59}, {0, 0x59}, {6, 0x03}, {0x32, 0x20}};
    for (unsigned i = 0; i < 8; i++)
        set(&r, fields[i][0], fields[i][1], now);
    rtc_advance(&r, now += 5 * SECOND);
    set(&r, B, 0x02, now);
    set(&r, A, 0x26, now);
    rtc_advance(&r, now + SECOND / 2 - 1);
    assert_time(&r, 0x23, 0x59, 0x59);
    rtc_advance(&r, now + SECOND / 2);
    assert_time(&r, 0, 0, 0);
    assert_date(&r, 0x2025, 0x01, 0x01, 4);
}

static void update_interrupt(void **state)
{
    (void)state;
    struct rtc r;
    rtc_reset(&r, NOON, 64 * MIB, 0);
    assert_int_equal(rtc_next_event(&r), UINT64_MAX);
    set(&r, B, 0x12, 0);
    assert_int_equal(rtc_next_event(&r), SECOND);
    rtc_advance(&r, SECOND - 1);
    assert_false(rtc_irq(&r));
    rtc_advance(&r, SECOND);
    assert_true(rtc_irq(&r));
    assert_int_equal(rtc_next_event(&r), UINT64_MAX);
    rtc_advance(&r, 2 * SECOND);
    assert_int_equal(get(&r, C) & 0xb0, 0x90);
    assert_false(rtc_irq(&r)); /* reading C clears it */
    assert_int_equal(get(&r, C), 0);
    assert_int_equal(rtc_next_event(&r), 3 * SECOND);
    set(&r, B, 0x92, 0); /* SET clears UIE */
    assert_int_equal(get(&r, B), 0x82);
    assert_int_equal(rtc_next_event(&r), UINT64_MAX);
}

static void flags_without_enable(void **state)
{
    (void)state;
    struct rtc r;
    rtc_reset(&r, NOON, 64 * MIB, 0);
    rtc_advance(&r, SECOND);
    assert_int_equal(r.cmos[C], 0x50);
    assert_false(rtc_irq(&r));
    set(&r, B, 0x12, SECOND); /* enabling shows a flag that is already there */
    assert_true(rtc_irq(&r));
    set(&r, B, 0x02, SECOND);
    assert_false(rtc_irq(&r));
    set(&r, C, 0xff, SECOND); /* C and D are read-only */
    set(&r, D, 0, SECOND);
    assert_int_equal(get(&r, C), 0x50);
    assert_int_equal(get(&r, D), 0x80);
}

static void periodic_rates(void **state)
{
    (void)state;
    /* Data sheet table 5, for a 32768 Hz time base. */
    static const unsigned hz[16] = {0,   256, 128, 8192, 4096, 2048, 1024, 512,
                                    256, 128, 64,  32,   16,   8,    4,    2};
    for (unsigned rate = 0; rate < 16; rate++) {
        struct rtc r;
        unsigned seen = 0;
        rtc_reset(&r, NOON, 64 * MIB, 0);
        set(&r, A, 0x20 | rate, 0);
        set(&r, B, 0x42, 0);
        for (uint64_t due = 0; due <= SECOND;) {
            due = rtc_next_event(&r);
            if (due == UINT64_MAX)
                break;
            rtc_advance(&r, due - 1);
            assert_false(rtc_irq(&r));
            rtc_advance(&r, due);
            assert_true(rtc_irq(&r));
            get(&r, C);
            seen += due <= SECOND;
        }
        assert_int_equal(seen, hz[rate]);
    }
}

static void alarms(void **state)
{
    (void)state;
    static const struct {
        uint8_t hour, minute, second;
        unsigned after; /* seconds from 11:59:59 */
    } rows[] = {
        {0x12, 0x00, 0x00, 1},    {0x12, 0x00, 0x05, 6}, {0xff, 0x10, 0x00, 601},
        {0xc0, 0xff, 0x30, 31},   {0xff, 0xff, 0xff, 1}, {0x11, 0x59, 0x59, 86400},
        {0x13, 0xff, 0xc5, 3601},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned leap = 0; leap < 2; leap++) {
            struct rtc r;
            rtc_reset(&r, NOON, 64 * MIB, 0);
            set(&r, 5, rows[i].hour, 0);
            set(&r, 3, rows[i].minute, 0);
            set(&r, 1, rows[i].second, 0);
            set(&r, B, 0x22, 0);
            assert_int_equal(rtc_next_event(&r), SECOND);
            for (unsigned s = 1; s < rows[i].after && !leap; s++) {
                rtc_advance(&r, s * SECOND);
                assert_false(rtc_irq(&r));
            }
            rtc_advance(&r, rows[i].after * SECOND + leap * SECOND); /* or over it in one go */
            assert_true(rtc_irq(&r));
            assert_int_equal(get(&r, C) & 0xa0, 0xa0);
        }
    }
    struct rtc r;
    rtc_reset(&r, NOON, 64 * MIB, 0);
    set(&r, 5, 0x7f, 0); /* no such hour */
    rtc_advance(&r, 200000 * SECOND);
    assert_int_equal(get(&r, C) & 0x20, 0);
}

static void stopped_divider(void **state)
{
    (void)state;
    for (unsigned dv = 0; dv < 8; dv++) {
        struct rtc r;
        rtc_reset(&r, NOON, 64 * MIB, 0);
        set(&r, A, dv << 4 | 6, 0);
        set(&r, B, 0x52, 0);
        rtc_advance(&r, SECOND);
        assert_int_equal(rtc_irq(&r), dv == 2);
        assert_int_equal(get(&r, 0), dv == 2 ? 0x00 : 0x59);
        if (dv != 2)
            assert_int_equal(rtc_next_event(&r), UINT64_MAX);
    }
}

static unsigned word(struct rtc *r, unsigned at)
{
    return get(r, at) | (unsigned)get(r, at + 1) << 8;
}

static void memory_sizes(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        unsigned base, extended, above16, above4g;
    } rows[] = {
        {512 * 1024, 512, 0, 0, 0},
        {1 * MIB, 640, 0, 0, 0},
        {16 * MIB, 640, 15 * 1024, 0, 0},
        {64 * MIB, 640, 63 * 1024, 768, 0},
        {256 * MIB, 640, 0xffff, 3840, 0},
        {4096 * MIB, 640, 0xffff, 0xff00, 0},
        {5120 * MIB, 640, 0xffff, 0xffff, 0x4000},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rtc r;
        rtc_reset(&r, NOON, rows[i].bytes, 0);
        assert_int_equal(word(&r, 0x15), rows[i].base);
        assert_int_equal(word(&r, 0x17), rows[i].extended);
        assert_int_equal(word(&r, 0x30), rows[i].extended);
        assert_int_equal(word(&r, 0x34), rows[i].above16);
        assert_int_equal(word(&r, 0x5b), rows[i].above4g & 0xffff);
        assert_int_equal(get(&r, 0x5d), rows[i].above4g >> 16);
        unsigned sum = 0;
        for (unsigned at = 0x10; at <= 0x2d; at++)
            sum += get(&r, at);
        assert_int_equal(get(&r, 0x2e) << 8 | get(&r, 0x2f), sum);
    }
}

static void cmos_is_kept(void **state)
{
    (void)state;
    struct rtc r;
    rtc_reset(&r, NOON, 64 * MIB, 0);
    for (unsigned at = 14; at < 128; at++)
        set(&r, at, at ^ 0x5a, 0);
    for (unsigned at = 14; at < 128; at++)
        assert_int_equal(get(&r, at | 0x80), at ^ 0x5a); /* bit 7 is the NMI gate */
    set(&r, 0, 0xd9, 0);
    assert_int_equal(get(&r, 0), 0x59); /* bit 7 of the seconds does not exist */
}

/* Registers full of nonsense: the clock goes on from some valid date. */
static void nonsense(void **state)
{
    (void)state;
    srand(146818);
    for (unsigned i = 0; i < 1500; i++) {
        struct rtc r;
        rtc_reset(&r, NOON, 64 * MIB, 0);
        for (unsigned at = 0; at < 14; at++)
            set(&r, at, (unsigned)rand(), 0);
        set(&r, 0x32, (unsigned)rand(), 0);
        set(&r, A, 0x2f, 0);
        set(&r, B, (unsigned)rand() & 0x7f, 0);
        rtc_advance(&r, (uint64_t)rand() * SECOND / (i % 2 ? 1 : 1000000000));
        rtc_advance(&r, UINT64_MAX / 2);
        bool binary = get(&r, B) & 4;
        assert_in_range(get(&r, 8), 1, binary ? 12 : 0x12);
        assert_in_range(get(&r, 7), 1, binary ? 31 : 0x31);
        assert_in_range(get(&r, 6), 1, 7);
        assert_in_range(get(&r, 2), 0, binary ? 59 : 0x59);
        rtc_next_event(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_clock),
        cmocka_unit_test(seconds_pass),
        cmocka_unit_test(notations),
        cmocka_unit_test(rate_changes),
        cmocka_unit_test(update_in_progress),
        cmocka_unit_test(linux_reads_the_time),
        cmocka_unit_test(linux_sets_the_time),
        cmocka_unit_test(update_interrupt),
        cmocka_unit_test(flags_without_enable),
        cmocka_unit_test(periodic_rates),
        cmocka_unit_test(alarms),
        cmocka_unit_test(stopped_divider),
        cmocka_unit_test(memory_sizes),
        cmocka_unit_test(cmos_is_kept),
        cmocka_unit_test(nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
