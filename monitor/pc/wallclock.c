/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The date from the PC's own CMOS clock, read once for the guest's. MC146818 data sheet;
 * the century is taken to be the 21st.
 */
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"

static uint8_t cmos(uint8_t reg)
{
    out8(0x70, reg);
    return in8(0x71);
}

static unsigned number(uint8_t raw, bool binary)
{
    return binary ? raw : (raw >> 4) * 10u + (raw & 15);
}

/* Days from 1970-01-01 to YEAR-MONTH-DAY (2000 - 2099: every fourth year is a leap year). */
static uint64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
    static const uint16_t before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    unsigned y = year - 2000;
    unsigned leap_days = (y + 3) / 4 + (y % 4 == 0 && month > 2);
    return 10957u + y * 365u + leap_days + before[month - 1] + day - 1;
}

uint64_t host_wallclock_s(void)
{
    uint8_t first = 0, raw[7] = {0};
    static const uint8_t regs[7] = {0, 2, 4, 7, 8, 9, 0};
    for (unsigned tries = 0; tries < 3; tries++) {
        for (unsigned wait = 0; wait < 100000 && (cmos(10) & 0x80); wait++)
            ;
        for (unsigned i = 0; i < 7; i++)
            raw[i] = cmos(regs[i]);
        first = raw[0];
        if (first == raw[6])
            break;
    }
    uint8_t b = cmos(11);
    bool binary = b & 4;
    unsigned hour = number(raw[2] & 0x7f, binary);
    if (!(b & 2))
        hour = hour % 12 + (raw[2] & 0x80 ? 12 : 0);
    unsigned month = number(raw[4], binary), day = number(raw[3], binary);
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return 0;
    uint64_t days = days_since_1970(2000 + number(raw[5], binary) % 100, month, day);
    return ((days * 24 + hour) * 60 + number(raw[1], binary)) * 60 + number(raw[0], binary);
}
