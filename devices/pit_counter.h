/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One counter of an 8254: port bytes, its gate and a number of clock pulses come in; the
 * OUT pin and counts go out. Any number of pulses is counted in constant time. It does
 * not know how long a pulse is, or what its OUT is wired to. Intel 8254 data sheet
 * (231164), "Mode Definitions".
 */
#ifndef RING1_PIT_COUNTER_H
#define RING1_PIT_COUNTER_H

#include "monitor/types.h"

struct pit_counter {
    uint8_t control; /* control word bits 5-0: RW1 RW0 M2 M1 M0 BCD */
    bool gate, out;
    bool written;     /* a whole count was written since the control word */
    bool loaded;      /* and has reached the counting element */
    bool load;        /* the next pulse moves it there */
    bool halted;      /* mode 0, between the two bytes of a new count */
    bool fired;       /* modes 4 and 5: the strobe of this count is over or on */
    bool odd;         /* mode 3: the count loaded was odd */
    bool null_count;  /* status bit 6 */
    uint32_t reload;  /* the count register as a number, 1 - 65536 */
    uint32_t count;   /* the counting element, 0 - 65536 */
    uint8_t low_byte; /* first byte of a two-byte write */
    bool write_high, read_high;
    bool count_latched, status_latched;
    uint16_t latched_count;
    uint8_t latched_status;
};

/* Idle, OUT low, with the gate at GATE. */
void pit_counter_reset(struct pit_counter *c, bool gate);

/* A control word with RW != 0; the latch commands; a data byte in either direction. */
void pit_counter_control(struct pit_counter *c, uint8_t word);
void pit_counter_latch(struct pit_counter *c, bool count, bool status);
void pit_counter_write(struct pit_counter *c, uint8_t value);
uint8_t pit_counter_read(struct pit_counter *c);

void pit_counter_gate(struct pit_counter *c, bool level);

/* PULSES clock pulses pass. Returns how often OUT rose. */
uint64_t pit_counter_run(struct pit_counter *c, uint64_t pulses);

/* Pulses until OUT rises next, if nobody touches the counter; UINT64_MAX if never. */
uint64_t pit_counter_next_rise(const struct pit_counter *c);

/* Pulses from rise to rise in modes 2 and 3, 0 in the others. */
uint32_t pit_counter_period(const struct pit_counter *c);

#endif
