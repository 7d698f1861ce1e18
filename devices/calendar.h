/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The Gregorian calendar: dates to seconds and back, as pure functions. Knows no clock chip
 * and no time zone. Seconds count from the start of the year 0, so that every date
 * that a chip's registers can spell is a positive number.
 */
#ifndef RING1_CALENDAR_H
#define RING1_CALENDAR_H

#include "monitor/types.h"

#define CALENDAR_DAY 86400u

struct date {
    uint32_t year;
    uint8_t month, day; /* from 1 */
    uint8_t hour, minute, second;
};

/* Seconds from the year 0 to the start of 1970. */
#define CALENDAR_UNIX_EPOCH (719528ull * CALENDAR_DAY)

/* Fields out of their range carry over into the next one; a month is taken as 1 to 12. */
uint64_t calendar_seconds(const struct date *d);
struct date calendar_date(uint64_t seconds);

/* 1 (Sunday) to 7. */
unsigned calendar_weekday(uint64_t seconds);

#endif
