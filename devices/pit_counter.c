/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The 8254 counter (pit_counter.h). What a mode does when a count is written, loaded,
 * triggered or run out of is spread over small functions with the mode's number in
 * them, because the data sheet describes the modes in those terms. Counts are kept
 * as plain numbers, also in BCD mode, where they wrap at 10000.
 */
#include "devices/pit_counter.h"

#include "monitor/mem.h"

enum rw { RW_LOW = 1, RW_HIGH = 2, RW_BOTH = 3 };

static unsigned mode(const struct pit_counter *c)
{
    unsigned m = c->control >> 1 & 7;
    return m > 5 ? m - 4 : m; /* M2 is a don't-care in modes 2 and 3 */
}

static unsigned rw(const struct pit_counter *c)
{
    return c->control >> 4 & 3;
}

static bool bcd(const struct pit_counter *c)
{
    return c->control & 1;
}

static uint32_t modulus(const struct pit_counter *c)
{
    return bcd(c) ? 10000 : 65536;
}

/* The count as modes 2 and 3 use it: 1 is not allowed there and acts as 2. */
static uint32_t cycle(const struct pit_counter *c)
{
    return c->reload < 2 ? 2 : c->reload;
}

/* Modes whose counting the gate's level enables; in 1 and 5 its edge triggers. */
static bool gate_is_level(const struct pit_counter *c)
{
    return mode(c) != 1 && mode(c) != 5;
}

static uint32_t count_from_register(const struct pit_counter *c, unsigned raw)
{
    uint32_t n = raw;
    if (bcd(c))
        n = (raw >> 12) * 1000 + (raw >> 8 & 15) * 100 + (raw >> 4 & 15) * 10 + (raw & 15);
    n %= modulus(c);
    return n ? n : modulus(c);
}

static uint16_t count_to_register(const struct pit_counter *c)
{
    uint32_t n = c->count % modulus(c);
    if (bcd(c))
        n = n / 1000 << 12 | n / 100 % 10 << 8 | n / 10 % 10 << 4 | n % 10;
    return (uint16_t)n;
}

void pit_counter_reset(struct pit_counter *c, bool gate)
{
    memset(c, 0, sizeof *c);
    c->control = RW_BOTH << 4;
    c->gate = gate;
    c->null_count = true;
    c->reload = 65536;
}

void pit_counter_control(struct pit_counter *c, uint8_t word)
{
    bool gate = c->gate;
    uint32_t count = c->count;
    pit_counter_reset(c, gate);
    c->control = word & 0x3f;
    c->count = count;
    c->out = mode(c) != 0;
}

void pit_counter_latch(struct pit_counter *c, bool count, bool status)
{
    if (count && !c->count_latched) {
        c->count_latched = true;
        c->latched_count = count_to_register(c);
    }
    if (status && !c->status_latched) {
        c->status_latched = true;
        c->latched_status =
            (uint8_t)((unsigned)c->out << 7 | (unsigned)c->null_count << 6 | c->control);
    }
}

/* A whole count has arrived. */
static void accept_count(struct pit_counter *c, unsigned raw)
{
    c->reload = count_from_register(c, raw);
    c->null_count = true;
    c->written = true;
    c->halted = false;
    if (!c->loaded) /* undefined on the chip; Linux, when faster than a pulse, wants this */
        c->count = c->reload;
    if (mode(c) == 0)
        c->out = false;
    if (mode(c) == 0 || mode(c) == 4)
        c->load = true;
    if ((mode(c) == 2 || mode(c) == 3) && !c->loaded)
        c->load = true; /* later counts wait for the end of the (half) cycle */
}

void pit_counter_write(struct pit_counter *c, uint8_t value)
{
    if (rw(c) == RW_LOW) {
        accept_count(c, value);
    } else if (rw(c) == RW_HIGH) {
        accept_count(c, (unsigned)value << 8);
    } else if (c->write_high) {
        c->write_high = false;
        accept_count(c, (unsigned)value << 8 | c->low_byte);
    } else {
        c->write_high = true;
        c->low_byte = value;
        c->halted = mode(c) == 0;
        if (mode(c) == 0)
            c->out = false;
    }
}

uint8_t pit_counter_read(struct pit_counter *c)
{
    if (c->status_latched) {
        c->status_latched = false;
        return c->latched_status;
    }
    uint16_t n = c->count_latched ? c->latched_count : count_to_register(c);
    bool high = rw(c) == RW_HIGH || (rw(c) == RW_BOTH && c->read_high);
    c->read_high = rw(c) == RW_BOTH && !high;
    if (!c->read_high)
        c->count_latched = false;
    return (uint8_t)(high ? n >> 8 : n);
}

void pit_counter_gate(struct pit_counter *c, bool level)
{
    bool rising = level && !c->gate;
    c->gate = level;
    if (mode(c) == 0 || mode(c) == 4)
        return;
    if (rising && c->written)
        c->load = true;
    if (!level && gate_is_level(c))
        c->out = true;
}

/* The pulse that moves the count register to the counting element. */
static void load(struct pit_counter *c)
{
    c->load = false;
    c->loaded = true;
    c->fired = false;
    c->null_count = false;
    c->out = mode(c) > 1;
    c->count = c->reload;
    if (mode(c) == 2 || mode(c) == 3)
        c->count = cycle(c);
    c->odd = c->count & 1;
    if (mode(c) == 3)
        c->count &= ~1u;
}

static void count_down(struct pit_counter *c, uint64_t pulses)
{
    uint32_t m = modulus(c);
    c->count = (c->count + m - (uint32_t)(pulses % m)) % m;
}

/* Modes 0 and 1: OUT rises when the count comes to zero, and stays. */
static uint64_t run_once(struct pit_counter *c, uint64_t pulses)
{
    bool rises = !c->out && pulses >= c->count;
    count_down(c, pulses);
    if (rises)
        c->out = true;
    return rises;
}

/* Mode 2: OUT is low for the one pulse in which the count is 1. */
static uint64_t run_rate(struct pit_counter *c, uint64_t pulses)
{
    uint64_t rises = 0;
    if (pulses < c->count) {
        c->count -= (uint32_t)pulses;
    } else {
        pulses -= c->count;
        rises = 1 + pulses / cycle(c);
        c->count = cycle(c) - (uint32_t)(pulses % cycle(c));
        c->null_count = false;
    }
    c->out = c->count != 1;
    return rises;
}

/* Mode 3: pulses left of this half. An odd count makes the high half one longer. */
static uint32_t half_left(const struct pit_counter *c)
{
    return c->count / 2 + (c->odd && c->out);
}

static uint64_t run_square(struct pit_counter *c, uint64_t pulses)
{
    uint64_t rises = 0;
    while (pulses >= half_left(c)) { /* whole cycles are taken out below: three turns at most */
        pulses -= half_left(c);
        c->out = !c->out;
        c->count = cycle(c) & ~1u;
        c->odd = cycle(c) & 1;
        c->null_count = false;
        if (c->out) {
            rises += 1 + pulses / cycle(c);
            pulses %= cycle(c);
        }
    }
    c->count -= 2 * (uint32_t)pulses;
    return rises;
}

/* Modes 4 and 5: OUT is low for one pulse when the count comes to zero. */
static uint64_t run_strobe(struct pit_counter *c, uint64_t pulses)
{
    bool fires = !c->fired && pulses >= c->count;
    bool rises = fires && pulses > c->count;
    count_down(c, pulses);
    if (fires) {
        c->fired = true;
        c->out = rises;
    }
    return rises;
}

static bool counting(const struct pit_counter *c)
{
    return (c->loaded || c->load) && !c->halted && (c->gate || !gate_is_level(c));
}

uint64_t pit_counter_run(struct pit_counter *c, uint64_t pulses)
{
    static uint64_t (*const run[])(struct pit_counter *, uint64_t) = {
        run_once, run_once, run_rate, run_square, run_strobe, run_strobe};
    uint64_t rises = 0;
    if (pulses && mode(c) > 3 && !c->out) { /* a strobe ends whatever the gate says */
        c->out = true;
        rises = 1;
    }
    if (pulses && c->load) {
        load(c);
        pulses--;
    }
    if (pulses && counting(c))
        rises += run[mode(c)](c, pulses);
    return rises;
}

uint64_t pit_counter_next_rise(const struct pit_counter *c)
{
    if (mode(c) > 3 && !c->out)
        return 1;
    if (!counting(c))
        return UINT64_MAX;
    bool strobe = mode(c) > 3;
    if (c->load)
        return 1 + (mode(c) == 2 || mode(c) == 3 ? cycle(c) : c->reload) + strobe;
    switch (mode(c)) {
    case 2:
        return c->count;
    case 3:
        return half_left(c) + (c->out ? cycle(c) / 2 : 0);
    case 4:
    case 5:
        return c->fired ? UINT64_MAX : c->count + 1;
    default:
        return c->out ? UINT64_MAX : c->count;
    }
}

uint32_t pit_counter_period(const struct pit_counter *c)
{
    return mode(c) == 2 || mode(c) == 3 ? cycle(c) : 0;
}
