/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The registers of acpi_pm.h. The timer counts 315/88 MHz, three times what the 8254 counts, by
 * whole numbers from the same origin, so that the two never drift apart.
 */
#include "devices/acpi_pm.h"

#include "monitor/mem.h"

/* 315 ticks take 88000 ns. */
#define TICKS    315u
#define TICKS_NS 88000u
#define HALF     (1ull << 31) /* TMR_STS: the top bit of 32 has changed (4.7.3.3) */

enum offset { STATUS = 0, ENABLE = 2, CONTROL = 4, TIMER = 8, END = 12 };

/* PM1 status and enable share their bits (4.7.3.1.1, 4.7.3.1.2). */
enum pm1_event { TMR = 0x0001, GBL = 0x0020, PWRBTN = 0x0100, SLPBTN = 0x0200, RTC = 0x0400 };
#define ENABLE_KEPT (TMR | GBL | PWRBTN | SLPBTN | RTC)

/* 4.7.3.2.1. GBL_RLS and SLP_EN are written only. */
enum pm1_control { SCI_EN = 0x0001, BM_RLD = 0x0002, SLP_TYP = 0x1c00, SLP_EN = 0x2000 };
#define CONTROL_KEPT  (BM_RLD | SLP_TYP)
#define SLP_TYP_SHIFT 10

static uint64_t ticks_at(uint64_t ns)
{
    return ns / TICKS_NS * TICKS + ns % TICKS_NS * TICKS / TICKS_NS;
}

/* The first ns at which TICK has passed. */
static uint64_t time_of(uint64_t tick)
{
    return tick / TICKS * TICKS_NS + (tick % TICKS * TICKS_NS + TICKS - 1) / TICKS;
}

void acpi_pm_reset(struct acpi_pm *p)
{
    memset(p, 0, sizeof *p);
    p->control = SCI_EN;
}

static uint8_t byte_of(uint32_t value, unsigned n)
{
    return (uint8_t)(value >> 8 * n);
}

uint8_t acpi_pm_read(const struct acpi_pm *p, unsigned offset)
{
    if (offset < ENABLE)
        return byte_of(p->status, offset - STATUS);
    if (offset < CONTROL)
        return byte_of(p->enable, offset - ENABLE);
    if (offset < CONTROL + 2)
        return byte_of(p->control, offset - CONTROL);
    if (offset >= TIMER && offset < END)
        return byte_of((uint32_t)p->tick, offset - TIMER);
    return 0xff;
}

static void set_byte(uint16_t *reg, unsigned n, uint8_t value, uint16_t kept, uint16_t always)
{
    unsigned mask = 0xffu << 8 * n;
    *reg = (uint16_t)(((*reg & ~mask) | (unsigned)value << 8 * n) & kept) | always;
}

/* Other sleep types than soft-off do nothing: no table offers them. */
static void write_control(struct acpi_pm *p, unsigned n, uint8_t value)
{
    set_byte(&p->control, n, value, CONTROL_KEPT, SCI_EN);
    bool sleep = (unsigned)value << 8 * n & SLP_EN;
    if (sleep && (p->control & SLP_TYP) >> SLP_TYP_SHIFT == ACPI_S5_TYPE)
        p->off_asked = true;
}

void acpi_pm_write(struct acpi_pm *p, unsigned offset, uint8_t value)
{
    if (offset < ENABLE)
        p->status &= (uint16_t) ~((unsigned)value << 8 * offset);
    else if (offset < CONTROL)
        set_byte(&p->enable, offset - ENABLE, value, ENABLE_KEPT, 0);
    else if (offset < CONTROL + 2)
        write_control(p, offset - CONTROL, value);
}

void acpi_pm_advance(struct acpi_pm *p, uint64_t now)
{
    uint64_t tick = ticks_at(now);
    if (tick <= p->tick)
        return;
    if (tick / HALF != p->tick / HALF)
        p->status |= TMR;
    p->tick = tick;
}

bool acpi_pm_irq(const struct acpi_pm *p)
{
    return p->status & p->enable;
}

uint64_t acpi_pm_next_event(const struct acpi_pm *p)
{
    if (!(p->enable & TMR) || (p->status & TMR))
        return UINT64_MAX;
    return time_of((p->tick / HALF + 1) * HALF);
}
