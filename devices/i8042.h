/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The 8042 keyboard controller with its keyboard: port bytes come in; the level of IRQ 1, the
 * A20 gate and the wish to reset the machine go out. There is no auxiliary port: its tests
 * fail. IBM PS/2 Technical Reference, "Keyboard and Auxiliary Device Controller".
 */
#ifndef RING1_I8042_H
#define RING1_I8042_H

#include "devices/keyboard.h"
#include "monitor/types.h"

#define I8042_RAM 32

struct i8042 {
    struct keyboard keyboard;
    uint8_t ram[I8042_RAM]; /* [0] is the command byte */
    uint8_t out;            /* the output buffer, */
    uint8_t status;         /* whether it is full and where from: as port 64h */
    uint8_t parameter;      /* the command whose parameter the next write to 60h is, or 0 */
    uint8_t output_port;
    bool reset_asked;
};

/* As a BIOS leaves it: self-tested, keyboard on, scan codes translated, A20 open. */
void i8042_reset(struct i8042 *c);

uint8_t i8042_read_data(struct i8042 *c);         /* port 60h */
uint8_t i8042_read_status(const struct i8042 *c); /* port 64h */
void i8042_write_data(struct i8042 *c, uint8_t value);
void i8042_write_command(struct i8042 *c, uint8_t value);

/* Moves the keyboard's next byte to the output buffer, if that is free. True if it did;
 * then IRQ 1 makes a new edge: the caller passes the line on before and after. */
bool i8042_pump(struct i8042 *c);

bool i8042_irq(const struct i8042 *c);
bool i8042_a20(const struct i8042 *c);

#endif
