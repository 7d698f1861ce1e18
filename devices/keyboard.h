/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An AT keyboard as its cable shows it: command bytes come in, answers go out. Nobody types
 * on it, so answers are all it ever sends. IBM PS/2 Technical Reference, "Keyboards (101-
 * and 102-key)". It does not know the controller at the other end of the cable.
 */
#ifndef RING1_KEYBOARD_H
#define RING1_KEYBOARD_H

#include "monitor/types.h"

#define KEYBOARD_QUEUE 4

struct keyboard {
    uint8_t queue[KEYBOARD_QUEUE]; /* the answer to the last command */
    uint8_t queued, sent;
    uint8_t last;      /* what FE repeats */
    uint8_t parameter; /* the command that waits for its parameter, or 0 */
    uint8_t scan_set;  /* 1-3 */
    uint8_t leds, rate;
    bool scanning;
};

void keyboard_reset(struct keyboard *k);

/* A byte from the host. What of an earlier answer was not fetched is dropped. */
void keyboard_write(struct keyboard *k, uint8_t value);

/* The next byte to the host; false if there is none. */
bool keyboard_next(struct keyboard *k, uint8_t *value);

#endif
