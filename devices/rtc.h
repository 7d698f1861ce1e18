/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The MC146818 clock and its 114 bytes of CMOS memory. Port bytes and the time come in, the
 * level of IRQ 8 goes out. Its registers advance with the virtual clock; what the host's
 * wall clock said is told once, at reset. Motorola MC146818A data sheet; CMOS bytes as a
 * PC's BIOS leaves them.
 */
#ifndef RING1_RTC_H
#define RING1_RTC_H

#include "monitor/types.h"

#define RTC_CMOS_BYTES 128

struct rtc {
    uint8_t index;
    uint8_t cmos[RTC_CMOS_BYTES]; /* 0-13 the chip's registers, the rest memory */
    uint64_t base_ns;             /* at this virtual time ... */
    uint64_t base_tick;           /* ... the divider stood at this tick of 1/32768 s */
    uint64_t tick;                /* the divider as of the last rtc_advance */
};

/* Sets the clock to UNIX_SECONDS (0: the host has no clock; it becomes 2000-01-01) in BCD and 24
 * hours, and the memory-size bytes from RAM_BYTES. */
void rtc_reset(struct rtc *r, uint64_t unix_seconds, uint64_t ram_bytes, uint64_t now);

/* The divider stands at a whole second at NOW: for a clock whose time starts late. */
void rtc_start(struct rtc *r, uint64_t now);

/* OFFSET 0: index (write only), 1: data. Time must have been brought up to NOW by
 * rtc_advance. */
uint8_t rtc_read(struct rtc *r, unsigned offset);
void rtc_write(struct rtc *r, unsigned offset, uint8_t value, uint64_t now);

/* Runs to NOW: divider, periodic flag, update cycles, alarm. A flag that the guest did not
 * read in time is not counted: register C says that it happened, not how often. */
void rtc_advance(struct rtc *r, uint64_t now);

bool rtc_irq(const struct rtc *r);

/* Virtual time in ns at which IRQ 8 may rise; UINT64_MAX if it cannot by itself. */
uint64_t rtc_next_event(const struct rtc *r);

#endif
