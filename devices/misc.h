/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The board's odd latches: port B (61h), the POST code (80h), the fast A20 and reset port
 * (92h), the FPU's error (F0h), the reset control register (CF9h) and Ring1's debug exit (501h).
 * Port bytes come in; gate 2, A20, IRQ 13 and the wish to reset or stop the machine go out. 82371AB
 * data sheet (290562), "Port B", "Port 92" and "RC".
 */
#ifndef RING1_MISC_H
#define RING1_MISC_H

#include "monitor/types.h"

struct misc {
    uint8_t port61, post, port92, reset_control;
    bool fpu_error;
    bool reset_asked, off_asked;
};

void misc_reset(struct misc *m);

/* OUT2 is the timer's output; NOW drives the refresh bit, which toggles every 15085 ns. */
uint8_t misc_read_61(const struct misc *m, bool out2, uint64_t now);
void misc_write_61(struct misc *m, uint8_t value);
bool misc_gate2(const struct misc *m);

uint8_t misc_read_post(const struct misc *m);
void misc_write_post(struct misc *m, uint8_t value);

uint8_t misc_read_92(const struct misc *m);
void misc_write_92(struct misc *m, uint8_t value);
bool misc_a20(const struct misc *m);

/* FERR# of the CPU is latched until the guest writes any value to F0h; the latch is IRQ 13. */
void misc_fpu_error(struct misc *m);
void misc_write_fpu(struct misc *m);
bool misc_fpu_irq(const struct misc *m);

uint8_t misc_read_reset_control(const struct misc *m);
void misc_write_reset_control(struct misc *m, uint8_t value);

/* Any value: the guest is done. */
void misc_write_debug_exit(struct misc *m, uint8_t value);

#endif
