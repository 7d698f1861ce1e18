/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calendar arithmetic (calendar.h), by counting leap days: a year Y is preceded by one
 * for each multiple of 4, less those of 100, plus those of 400, in 0 .. Y-1.
 */
#include "devices/calendar.h"

static bool leap(uint32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint64_t days_before_year(uint32_t year)
{
    return 365ull * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

static unsigned days_before_month(uint32_t year, unsigned month)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    return before[month - 1] + (month > 2 && leap(year));
}

uint64_t calendar_seconds(const struct date *d)
{
    unsigned month = d->month < 1 ? 1 : d->month > 12 ? 12 : d->month;
    uint64_t days = days_before_year(d->year) + days_before_month(d->year, month);
    if (d->day)
        days += d->day - 1u;
    return days * CALENDAR_DAY + d->hour * 3600u + d->minute * 60u + d->second;
}

struct date calendar_date(uint64_t seconds)
{
    uint64_t days = seconds / CALENDAR_DAY;
    uint32_t rest = seconds % CALENDAR_DAY;
    uint32_t year = (uint32_t)(days / 366); /* never too late: mended upwards, a year at a time */
    while (days_before_year(year + 1) <= days)
        year++;
    unsigned day = (unsigned)(days - days_before_year(year)), month = 12;
    while (days_before_month(year, month) > day)
        month--;
    return (struct date){
        .year = year,
        .month = (uint8_t)month,
        .day = (uint8_t)(day - days_before_month(year, month) + 1),
        .hour = (uint8_t)(rest / 3600),
        .minute = (uint8_t)(rest / 60 % 60),
        .second = (uint8_t)(rest % 60),
    };
}

unsigned calendar_weekday(uint64_t seconds)
{
    return (unsigned)((seconds / CALENDAR_DAY + 6) % 7) + 1; /* 0000-01-01 was a Saturday */
}
