/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The 8254 timer: three counters clocked at 105/88 MHz of the virtual clock. Port bytes and
 * the time come in, the level of IRQ 0 and of OUT 2 go out. It does not know the
 * interrupt controller. The counters are in pit_counter.h.
 *
 * Ticks are delivered late, not lost: a guest that did not run over several periods is
 * owed one interrupt for each. IRQ 0 is high while a tick is owed; the board calls
 * pit_tick_taken at each acknowledge and shows the PIC an edge for the next. At most one
 * second's worth is owed; what exceeds it is counted in .dropped. A control word for
 * counter 0 cancels what is owed, and when the guest has masked IRQ 0 for long
 * (pit_forget_backlog) no more than the one tick that the PIC would hold is kept. Edges of OUT 0
 * that come from programming, not from counting, make no tick.
 */
#ifndef RING1_PIT_H
#define RING1_PIT_H

#include "devices/pit_counter.h"
#include "monitor/types.h"

#define PIT_COUNTERS 3

struct pit {
    struct pit_counter counter[PIT_COUNTERS];
    uint64_t pulse;   /* clock pulses counted so far, of all time */
    uint32_t owed;    /* ticks of counter 0 that were not acknowledged */
    uint64_t dropped; /* ticks given up because too many were owed */
};

/* Nothing counts until programmed; gates 0 and 1 are high, gate 2 is low. */
void pit_reset(struct pit *p, uint64_t now);

/* OFFSET 0-2: the counters; 3: control word (reads as all ones). Time must have been
 * brought up to date by pit_advance. */
uint8_t pit_read(struct pit *p, unsigned offset);
void pit_write(struct pit *p, unsigned offset, uint8_t value);

void pit_set_gate2(struct pit *p, bool level);
bool pit_out2(const struct pit *p);

/* Counts up to NOW (a time before the last one is taken as the last one). True if
 * counter 0 made a tick. */
bool pit_advance(struct pit *p, uint64_t now);

bool pit_irq(const struct pit *p);
void pit_tick_taken(struct pit *p);
void pit_forget_backlog(struct pit *p);

/* Virtual time in ns of the next tick, UINT64_MAX if there is none. */
uint64_t pit_next_event(const struct pit *p);

#endif
