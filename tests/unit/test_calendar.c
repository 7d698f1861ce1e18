/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calendar arithmetic against the C library's and against itself, and dates no calendar has.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "devices/calendar.h"

static void assert_like_libc(uint64_t unix_seconds)
{
    time_t t = (time_t)unix_seconds;
    struct tm tm;
    struct date d = calendar_date(CALENDAR_UNIX_EPOCH + unix_seconds);
    gmtime_r(&t, &tm);
    assert_int_equal(d.year, tm.tm_year + 1900);
    assert_int_equal(d.month, tm.tm_mon + 1);
    assert_int_equal(d.day, tm.tm_mday);
    assert_int_equal(d.hour, tm.tm_hour);
    assert_int_equal(d.minute, tm.tm_min);
    assert_int_equal(d.second, tm.tm_sec);
    assert_int_equal(calendar_weekday(CALENDAR_UNIX_EPOCH + unix_seconds), tm.tm_wday + 1);
    assert_int_equal(calendar_seconds(&d), CALENDAR_UNIX_EPOCH + unix_seconds);
}

static void as_the_library_has_it(void **state)
{
    (void)state;
    srand(1582);
    for (unsigned day = 0; day < 400 * 366; day++) /* a whole Gregorian cycle */
        assert_like_libc(day * 86400ull + (unsigned)rand() % 86400);
}

static void every_year_a_register_can_spell(void **state)
{
    (void)state;
    for (uint64_t days = 0; days < 6087000; days += 97) { /* to 16665 */
        struct date d = calendar_date(days * CALENDAR_DAY + 3661);
        assert_int_equal(calendar_seconds(&d), days * CALENDAR_DAY + 3661);
    }
}

static void impossible_dates(void **state)
{
    (void)state;
    const struct date zero = {.year = 0}, much = {255, 255, 255, 255, 255, 255};
    assert_int_equal(calendar_seconds(&zero), 0);
    struct date d = calendar_date(calendar_seconds(&much));
    assert_int_equal(d.year, 256);
    assert_int_equal(d.month, 8); /* December plus 254 days, and ten more by the hours */
    const struct date feb30 = {.year = 2024, .month = 2, .day = 30, .second = 90};
    d = calendar_date(calendar_seconds(&feb30));
    assert_int_equal(d.month, 3);
    assert_int_equal(d.day, 1);
    assert_int_equal(d.minute, 1);
    assert_int_equal(d.second, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_library_has_it),
        cmocka_unit_test(every_year_a_register_can_spell),
        cmocka_unit_test(impossible_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
