/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The MC146818 (rtc.h). The divider is a count of 1/32768 s; a second of the clock and a
 * periodic tick are both "the count passed a multiple", so both agree with each other
 * and with the virtual clock for ever. The registers show the second that has begun.
 */
#include "devices/rtc.h"

#include "devices/calendar.h"
#include "monitor/mem.h"

#define HZ        32768u
#define SECOND_NS 1000000000u

/* Update in progress is shown from 244 us before the update until its end, 1984 us later;
 * here the end is when the second begins. 2228 us are 73 ticks. */
#define UIP_TICKS 73u

enum cmos {
    SECONDS = 0,
    SECONDS_ALARM,
    MINUTES,
    MINUTES_ALARM,
    HOURS,
    HOURS_ALARM,
    WEEKDAY,
    DAY,
    MONTH,
    YEAR,
    REG_A,
    REG_B,
    REG_C,
    REG_D,
    EQUIPMENT = 0x14,
    BASE_KB = 0x15,
    EXTENDED_KB = 0x17,
    CHECKSUM_FIRST = 0x10,
    CHECKSUM_LAST = 0x2d,
    CHECKSUM = 0x2e, /* big-endian, alone among these */
    EXTENDED_KB_FOUND = 0x30,
    CENTURY = 0x32,
    ABOVE_16M = 0x34, /* in 64 KiB */
    ABOVE_4G = 0x5b,  /* in 64 KiB, 24 bits */
};

enum reg_a { A_UIP = 0x80, A_DV = 0x70, A_DV_32768 = 0x20, A_RS = 0x0f };
enum reg_b {
    B_SET = 0x80,
    B_PIE = 0x40,
    B_AIE = 0x20,
    B_UIE = 0x10,
    B_BINARY = 0x04,
    B_24H = 0x02
};
enum reg_c { C_IRQF = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10, C_FLAGS = 0x70 };
enum reg_d { D_VRT = 0x80 };

#define HOUR_PM   0x80u
#define ALARM_ANY 0xc0u

/* ---- Fields -------------------------------------------------------------- */

static uint8_t encode(const struct rtc *r, unsigned n)
{
    return (uint8_t)(r->cmos[REG_B] & B_BINARY ? n : n / 10 % 10 << 4 | n % 10);
}

static uint8_t decode(const struct rtc *r, unsigned raw)
{
    return (uint8_t)(r->cmos[REG_B] & B_BINARY ? raw : (raw >> 4) * 10 + (raw & 15));
}

static uint8_t encode_hour(const struct rtc *r, unsigned hour)
{
    if (r->cmos[REG_B] & B_24H)
        return encode(r, hour);
    return (uint8_t)(encode(r, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? HOUR_PM : 0));
}

static uint8_t decode_hour(const struct rtc *r, unsigned raw)
{
    if (r->cmos[REG_B] & B_24H)
        return decode(r, raw);
    return (uint8_t)(decode(r, raw & ~HOUR_PM) % 12 + (raw & HOUR_PM ? 12 : 0));
}

/* The century is memory to the chip; PC firmware keeps it in BCD. */
static uint64_t read_clock(const struct rtc *r)
{
    const uint8_t *c = r->cmos;
    struct date d = {
        .year = ((c[CENTURY] >> 4) * 10u + (c[CENTURY] & 15u)) * 100u + decode(r, c[YEAR]),
        .month = decode(r, c[MONTH]),
        .day = decode(r, c[DAY]),
        .hour = decode_hour(r, c[HOURS]),
        .minute = decode(r, c[MINUTES]),
        .second = decode(r, c[SECONDS]),
    };
    return calendar_seconds(&d);
}

static void write_clock(struct rtc *r, uint64_t seconds)
{
    struct date d = calendar_date(seconds);
    unsigned century = d.year / 100 % 100;
    r->cmos[CENTURY] = (uint8_t)(century / 10 << 4 | century % 10);
    r->cmos[YEAR] = encode(r, d.year % 100);
    r->cmos[MONTH] = encode(r, d.month);
    r->cmos[DAY] = encode(r, d.day);
    r->cmos[HOURS] = encode_hour(r, d.hour);
    r->cmos[MINUTES] = encode(r, d.minute);
    r->cmos[SECONDS] = encode(r, d.second);
}

/* ---- Divider ------------------------------------------------------------- */

static bool running(const struct rtc *r)
{
    return (r->cmos[REG_A] & A_DV) == A_DV_32768;
}

static uint64_t ticks_in(uint64_t ns)
{
    return ns / SECOND_NS * HZ + ns % SECOND_NS * HZ / SECOND_NS;
}

/* The first ns by which TICKS have passed. */
static uint64_t time_for(uint64_t ticks)
{
    return ticks / HZ * SECOND_NS + (ticks % HZ * SECOND_NS + HZ - 1) / HZ;
}

/* Ticks between periodic interrupts, 0 for none (data sheet, table 5). */
static uint32_t period(const struct rtc *r)
{
    unsigned rate = r->cmos[REG_A] & A_RS;
    if (rate == 0)
        return 0;
    return 1u << (rate < 3 ? rate + 6 : rate - 1);
}

static bool updating(const struct rtc *r)
{
    return running(r) && !(r->cmos[REG_B] & B_SET) && r->tick % HZ >= HZ - UIP_TICKS;
}

/* ---- Interrupts ---------------------------------------------------------- */

static void recompute_irq(struct rtc *r)
{
    bool irq = r->cmos[REG_C] & r->cmos[REG_B] & C_FLAGS;
    r->cmos[REG_C] = (uint8_t)((r->cmos[REG_C] & C_FLAGS) | (irq ? C_IRQF : 0));
}

bool rtc_irq(const struct rtc *r)
{
    return r->cmos[REG_C] & C_IRQF;
}

static bool alarm_field(uint8_t alarm, uint8_t now)
{
    return (alarm & ALARM_ANY) == ALARM_ANY || alarm == now;
}

static bool alarm_at(const struct rtc *r, uint32_t second_of_day)
{
    return alarm_field(r->cmos[SECONDS_ALARM], encode(r, second_of_day % 60)) &&
           alarm_field(r->cmos[MINUTES_ALARM], encode(r, second_of_day / 60 % 60)) &&
           alarm_field(r->cmos[HOURS_ALARM], encode_hour(r, second_of_day / 3600));
}

/* COUNT update cycles at once. An alarm that lies among them is noticed. */
static void update(struct rtc *r, uint64_t count)
{
    uint64_t from = read_clock(r), to = from + count;
    uint64_t checks = count < CALENDAR_DAY ? count : CALENDAR_DAY;
    for (uint64_t i = 1; i <= checks && !(r->cmos[REG_C] & C_AF); i++) {
        if (alarm_at(r, (uint32_t)((from + i) % CALENDAR_DAY)))
            r->cmos[REG_C] |= C_AF;
    }
    uint64_t midnights = to / CALENDAR_DAY - from / CALENDAR_DAY;
    if (midnights)
        r->cmos[WEEKDAY] = (uint8_t)((r->cmos[WEEKDAY] + 6 + midnights) % 7 + 1);
    write_clock(r, to);
    r->cmos[REG_C] |= C_UF;
}

void rtc_advance(struct rtc *r, uint64_t now)
{
    uint64_t tick = now > r->base_ns ? r->base_tick + ticks_in(now - r->base_ns) : r->base_tick;
    if (!running(r) || tick <= r->tick)
        return;
    uint64_t seconds = tick / HZ - r->tick / HZ;
    if (period(r) && tick / period(r) != r->tick / period(r))
        r->cmos[REG_C] |= C_PF;
    if (seconds && !(r->cmos[REG_B] & B_SET))
        update(r, seconds);
    r->tick = tick;
    recompute_irq(r);
}

uint64_t rtc_next_event(const struct rtc *r)
{
    uint64_t tick = UINT64_MAX;
    if (!running(r) || rtc_irq(r))
        return UINT64_MAX; /* a line that is high cannot rise */
    if ((r->cmos[REG_B] & B_PIE) && period(r))
        tick = (r->tick / period(r) + 1) * period(r);
    uint64_t second = (r->tick / HZ + 1) * HZ;
    if ((r->cmos[REG_B] & (B_AIE | B_UIE)) && !(r->cmos[REG_B] & B_SET) && second < tick)
        tick = second;
    return tick == UINT64_MAX ? tick : r->base_ns + time_for(tick - r->base_tick);
}

/* ---- Reset and ports ----------------------------------------------------- */

static void set_word(struct rtc *r, unsigned at, uint64_t value)
{
    uint16_t capped = value > 0xffff ? 0xffff : (uint16_t)value;
    r->cmos[at] = (uint8_t)capped;
    r->cmos[at + 1] = (uint8_t)(capped >> 8);
}

static uint64_t above(uint64_t bytes, uint64_t start)
{
    return bytes > start ? bytes - start : 0;
}

static void set_memory_size(struct rtc *r, uint64_t bytes)
{
    uint64_t high = above(bytes, 1ull << 32) >> 16;
    set_word(r, BASE_KB, bytes >> 10 < 640 ? bytes >> 10 : 640);
    set_word(r, EXTENDED_KB, above(bytes, 1u << 20) >> 10);
    set_word(r, EXTENDED_KB_FOUND, above(bytes, 1u << 20) >> 10);
    set_word(r, ABOVE_16M, above(bytes, 16u << 20) >> 16);
    for (unsigned i = 0; i < 3; i++)
        r->cmos[ABOVE_4G + i] = (uint8_t)(high >> 8 * i);
}

static void set_checksum(struct rtc *r)
{
    unsigned sum = 0;
    for (unsigned i = CHECKSUM_FIRST; i <= CHECKSUM_LAST; i++)
        sum += r->cmos[i];
    r->cmos[CHECKSUM] = (uint8_t)(sum >> 8);
    r->cmos[CHECKSUM + 1] = (uint8_t)sum;
}

void rtc_start(struct rtc *r, uint64_t now)
{
    r->base_ns = now;
    r->base_tick = r->tick = 0;
}

void rtc_reset(struct rtc *r, uint64_t unix_seconds, uint64_t ram_bytes, uint64_t now)
{
    static const struct date fallback = {.year = 2000, .month = 1, .day = 1};
    uint64_t seconds = CALENDAR_UNIX_EPOCH + unix_seconds;
    if (!unix_seconds)
        seconds = calendar_seconds(&fallback);
    memset(r, 0, sizeof *r);
    r->cmos[REG_A] = A_DV_32768 | 6; /* 1024 Hz, what a BIOS leaves */
    r->cmos[REG_B] = B_24H;
    r->cmos[EQUIPMENT] = 0x02; /* an FPU; no floppy, no display */
    set_memory_size(r, ram_bytes);
    set_checksum(r);
    write_clock(r, seconds);
    r->cmos[WEEKDAY] = (uint8_t)calendar_weekday(seconds);
    rtc_start(r, now);
}

uint8_t rtc_read(struct rtc *r, unsigned offset)
{
    if (offset == 0)
        return 0xff;
    uint8_t value = r->cmos[r->index];
    if (r->index == REG_A)
        return (uint8_t)(value | (updating(r) ? A_UIP : 0));
    if (r->index == REG_D)
        return D_VRT;
    if (r->index == REG_C)
        r->cmos[REG_C] = 0;
    return value;
}

/* The divider leaves its reset half a second before the first update (data sheet,
 * "Divider control"). */
static void write_reg_a(struct rtc *r, uint8_t value, uint64_t now)
{
    bool was_running = running(r);
    r->cmos[REG_A] = value & ~A_UIP;
    if (running(r) && !was_running) {
        r->base_ns = now;
        r->base_tick = r->tick = HZ / 2;
    }
}

static void write_reg_b(struct rtc *r, uint8_t value)
{
    if (value & B_SET)
        value &= (uint8_t)~B_UIE;
    r->cmos[REG_B] = value;
    recompute_irq(r);
}

void rtc_write(struct rtc *r, unsigned offset, uint8_t value, uint64_t now)
{
    if (offset == 0) {
        r->index = value % RTC_CMOS_BYTES; /* bit 7 is the NMI gate, and there is no NMI */
        return;
    }
    switch (r->index) {
    case REG_A:
        write_reg_a(r, value, now);
        break;
    case REG_B:
        write_reg_b(r, value);
        break;
    case REG_C:
    case REG_D:
        break;
    case SECONDS:
        r->cmos[SECONDS] = value & 0x7f;
        break;
    default:
        r->cmos[r->index] = value;
    }
}
