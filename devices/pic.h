/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two 8259A interrupt controllers cascaded as in a PC: levels of 16 request lines and
 * port bytes come in, the level of the CPU's INT pin and vectors go out. Knows neither
 * who drives a line nor who reads a vector. Intel 8259A data sheet (231468); ELCR as
 * in the 82371AB, which therefore ignores LTIM of ICW1.
 */
#ifndef RING1_PIC_H
#define RING1_PIC_H

#include "monitor/types.h"

enum pic_chip { PIC_MASTER, PIC_SLAVE };

/* Input of the master that the slave's INT drives. */
#define PIC_CASCADE 2u

struct pic {
    uint8_t lines;    /* levels at the inputs now */
    uint8_t latch;    /* rising edges that are neither acknowledged nor withdrawn */
    uint8_t isr;      /* in service */
    uint8_t imr;      /* masked */
    uint8_t level;    /* ELCR: inputs that are level-triggered */
    uint8_t level_ok; /* wired: inputs that may be */
    uint8_t slaves;   /* wired: inputs that a slave drives */
    uint8_t icw1, icw2, icw4;
    uint8_t step;   /* enum pic_step: what the next write with A0 = 1 is */
    bool ready;     /* an initialisation sequence was completed */
    uint8_t lowest; /* the level of lowest priority */
    bool read_isr;  /* A0 = 0 reads ISR, not IRR */
    bool poll;      /* the next read is an acknowledge */
    bool special_mask;
    bool rotate_aeoi;
    uint8_t acked; /* levels acknowledged since pics_take_acked */
};

struct pics {
    struct pic chip[2]; /* by enum pic_chip */
};

/* As after power-up: no INT until the guest has sent ICW1-ICW2 (ICW3, ICW4). */
void pics_reset(struct pics *p);

/* Registers: A0 is the address line, 0 at 20h/A0h, 1 at 21h/A1h. */
uint8_t pics_read(struct pics *p, enum pic_chip which, unsigned a0);
void pics_write(struct pics *p, enum pic_chip which, unsigned a0, uint8_t value);
uint8_t pics_read_elcr(const struct pics *p, enum pic_chip which);
void pics_write_elcr(struct pics *p, enum pic_chip which, uint8_t value);

/* Line IRQ (0-15, not 2) is at LEVEL now. An edge-triggered request is withdrawn if its
 * line falls before the acknowledge, as on the chip. */
void pics_set_line(struct pics *p, unsigned irq, bool level);

/* The INT pin, and the acknowledge cycle: a vector. Without a request it is that of the
 * spurious interrupt (level 7 of the chip asked) and nothing goes in service. */
bool pics_int(const struct pics *p);
uint8_t pics_ack(struct pics *p);

bool pics_masked(const struct pics *p, unsigned irq);

/* The IRQs acknowledged (also by poll) since the last call, as bits; forgets them. */
uint16_t pics_take_acked(struct pics *p);

#endif
