/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The 8254 as the PC wires it (pit.h). Time is turned to clock pulses exactly, by whole
 * numbers, so that no rounding adds up however often the guest looks.
 */
#include "devices/pit.h"

#include "monitor/mem.h"

/* 105/88 MHz: 105 pulses take 88000 ns. */
#define PULSES            105u
#define PULSES_NS         88000u
#define PULSES_PER_SECOND 1193182u

enum control { CONTROL_SELECT_SHIFT = 6, CONTROL_RW = 0x30 };

/* Read-back command, SELECT = 3; both latch bits are active low. */
enum read_back { READ_BACK = 3, READ_BACK_NO_COUNT = 0x20, READ_BACK_NO_STATUS = 0x10 };

static uint64_t pulses_at(uint64_t ns)
{
    return ns / PULSES_NS * PULSES + ns % PULSES_NS * PULSES / PULSES_NS;
}

/* The first ns at which PULSE has passed. */
static uint64_t time_of(uint64_t pulse)
{
    return pulse / PULSES * PULSES_NS + (pulse % PULSES * PULSES_NS + PULSES - 1) / PULSES;
}

void pit_reset(struct pit *p, uint64_t now)
{
    memset(p, 0, sizeof *p);
    for (unsigned i = 0; i < PIT_COUNTERS; i++)
        pit_counter_reset(&p->counter[i], i != 2);
    p->pulse = pulses_at(now);
}

uint8_t pit_read(struct pit *p, unsigned offset)
{
    return offset < PIT_COUNTERS ? pit_counter_read(&p->counter[offset]) : 0xff;
}

static void read_back(struct pit *p, uint8_t word)
{
    for (unsigned i = 0; i < PIT_COUNTERS; i++) {
        if (word >> (i + 1) & 1)
            pit_counter_latch(&p->counter[i], !(word & READ_BACK_NO_COUNT),
                              !(word & READ_BACK_NO_STATUS));
    }
}

static void write_control(struct pit *p, uint8_t word)
{
    unsigned select = word >> CONTROL_SELECT_SHIFT;
    if (select == READ_BACK) {
        read_back(p, word);
    } else if (!(word & CONTROL_RW)) {
        pit_counter_latch(&p->counter[select], true, false);
    } else {
        pit_counter_control(&p->counter[select], word);
        if (select == 0)
            p->owed = 0;
    }
}

void pit_write(struct pit *p, unsigned offset, uint8_t value)
{
    if (offset < PIT_COUNTERS)
        pit_counter_write(&p->counter[offset], value);
    else
        write_control(p, value);
}

void pit_set_gate2(struct pit *p, bool level)
{
    pit_counter_gate(&p->counter[2], level);
}

bool pit_out2(const struct pit *p)
{
    return p->counter[2].out;
}

static void owe(struct pit *p, uint64_t ticks)
{
    uint32_t period = pit_counter_period(&p->counter[0]);
    uint64_t most = period ? PULSES_PER_SECOND / period : 1;
    uint64_t total = p->owed + ticks;
    if (total > most) {
        p->dropped += total - most;
        total = most;
    }
    p->owed = (uint32_t)total;
}

bool pit_advance(struct pit *p, uint64_t now)
{
    uint64_t pulse = pulses_at(now), ticks = 0;
    if (pulse <= p->pulse)
        return false;
    for (unsigned i = 0; i < PIT_COUNTERS; i++) {
        uint64_t rises = pit_counter_run(&p->counter[i], pulse - p->pulse);
        if (i == 0)
            ticks = rises;
    }
    p->pulse = pulse;
    if (ticks)
        owe(p, ticks);
    return ticks != 0;
}

bool pit_irq(const struct pit *p)
{
    return p->owed != 0;
}

void pit_tick_taken(struct pit *p)
{
    if (p->owed)
        p->owed--;
}

void pit_forget_backlog(struct pit *p)
{
    if (p->owed > 1) {
        p->dropped += p->owed - 1;
        p->owed = 1;
    }
}

uint64_t pit_next_event(const struct pit *p)
{
    uint64_t pulses = pit_counter_next_rise(&p->counter[0]);
    return pulses == UINT64_MAX ? UINT64_MAX : time_of(p->pulse + pulses);
}
