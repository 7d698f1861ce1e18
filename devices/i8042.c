/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The controller (i8042.h). Its answers are ready at once and replace what stands in the
 * output buffer, so that a guest that asks reads what it asked for; the keyboard's bytes
 * wait for an empty buffer.
 */
#include "devices/i8042.h"

#include "monitor/mem.h"

enum status {
    ST_OUTPUT_FULL = 0x01,
    ST_SYSTEM = 0x04,
    ST_COMMAND = 0x08, /* the last write was to 64h */
    ST_UNLOCKED = 0x10,
    ST_AUX = 0x20,
    ST_TIMEOUT = 0x40,
    ST_OUTPUT = ST_OUTPUT_FULL | ST_AUX | ST_TIMEOUT, /* what describes the output buffer */
};

enum command_byte {
    CB_IRQ1 = 0x01,
    CB_SYSTEM = 0x04,
    CB_KEYBOARD_OFF = 0x10,
    CB_AUX_OFF = 0x20,
    CB_TRANSLATE = 0x40,
};

enum output_port { OP_NOT_RESET = 0x01, OP_A20 = 0x02, OP_IRQ1 = 0x10, OP_LINES = 0xcc };

enum command {
    CMD_READ_RAM = 0x20,  /* to 3F */
    CMD_WRITE_RAM = 0x60, /* to 7F */
    CMD_PASSWORD_TEST = 0xa4,
    CMD_AUX_DISABLE = 0xa7,
    CMD_AUX_ENABLE = 0xa8,
    CMD_AUX_TEST = 0xa9,
    CMD_SELF_TEST = 0xaa,
    CMD_KEYBOARD_TEST = 0xab,
    CMD_KEYBOARD_DISABLE = 0xad,
    CMD_KEYBOARD_ENABLE = 0xae,
    CMD_READ_INPUT_PORT = 0xc0,
    CMD_READ_OUTPUT_PORT = 0xd0,
    CMD_WRITE_OUTPUT_PORT = 0xd1,
    CMD_WRITE_KEYBOARD_OUTPUT = 0xd2,
    CMD_WRITE_AUX_OUTPUT = 0xd3,
    CMD_WRITE_AUX = 0xd4,
    CMD_READ_TEST_INPUTS = 0xe0,
    CMD_PULSE = 0xf0, /* to FF: pulls output port bits 3-0 low where the command has 0 */
};

enum answer {
    SELF_TEST_PASSED = 0x55,
    KEYBOARD_TEST_PASSED = 0x00,
    AUX_CLOCK_STUCK_HIGH = 0x02,
    NO_PASSWORD = 0xf1,
    NO_ANSWER = 0xfe,   /* with ST_TIMEOUT */
    INPUT_PORT = 0xb0,  /* not locked, colour display, no jumper */
    TEST_INPUTS = 0x03, /* both lines of the keyboard are high */
};

/* What the controller makes of scan set 2 (and of all else the keyboard says) when it
 * translates to set 1; 83h and 84h are in translate(), the rest above 7Fh is kept. */
static const uint8_t set1[128] = {
    /* clang-format off */
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
    0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
    0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
    0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
    0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
    0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
    0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
    0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
    /* clang-format on */
};

static uint8_t translate(uint8_t code)
{
    if (code == 0x83 || code == 0x84)
        return code == 0x83 ? 0x41 : 0x54;
    return code < sizeof set1 ? set1[code] : code;
}

void i8042_reset(struct i8042 *c)
{
    memset(c, 0, sizeof *c);
    keyboard_reset(&c->keyboard);
    c->ram[0] = CB_TRANSLATE | CB_SYSTEM | CB_IRQ1;
    c->status = ST_UNLOCKED;
    c->output_port = OP_LINES | OP_A20 | OP_NOT_RESET;
}

static void put(struct i8042 *c, uint8_t value, unsigned from)
{
    c->out = value;
    c->status = (uint8_t)((c->status & ~ST_OUTPUT) | ST_OUTPUT_FULL | from);
}

bool i8042_pump(struct i8042 *c)
{
    uint8_t value;
    if ((c->status & ST_OUTPUT_FULL) || (c->ram[0] & CB_KEYBOARD_OFF) ||
        !keyboard_next(&c->keyboard, &value))
        return false;
    put(c, c->ram[0] & CB_TRANSLATE ? translate(value) : value, 0);
    return true;
}

bool i8042_irq(const struct i8042 *c)
{
    return (c->ram[0] & CB_IRQ1) && (c->status & (ST_OUTPUT_FULL | ST_AUX)) == ST_OUTPUT_FULL;
}

bool i8042_a20(const struct i8042 *c)
{
    return c->output_port & OP_A20;
}

uint8_t i8042_read_data(struct i8042 *c)
{
    c->status &= (uint8_t)~ST_OUTPUT;
    return c->out;
}

uint8_t i8042_read_status(const struct i8042 *c)
{
    return (uint8_t)(c->status | (c->ram[0] & CB_SYSTEM ? ST_SYSTEM : 0));
}

static void write_output_port(struct i8042 *c, uint8_t value)
{
    if (!(value & OP_NOT_RESET))
        c->reset_asked = true;
    c->output_port = value | OP_NOT_RESET;
}

static uint8_t read_output_port(const struct i8042 *c)
{
    return (uint8_t)((c->output_port & ~OP_IRQ1) | (i8042_irq(c) ? OP_IRQ1 : 0));
}

static void write_parameter(struct i8042 *c, uint8_t command, uint8_t value)
{
    switch (command) {
    case CMD_WRITE_OUTPUT_PORT:
        write_output_port(c, value);
        break;
    case CMD_WRITE_KEYBOARD_OUTPUT:
        put(c, value, 0);
        break;
    case CMD_WRITE_AUX_OUTPUT: /* a controller with a port would echo VALUE, marked ST_AUX */
        put(c, NO_ANSWER, ST_TIMEOUT);
        break;
    case CMD_WRITE_AUX:
        put(c, NO_ANSWER, ST_TIMEOUT | ST_AUX);
        break;
    default:
        c->ram[command % I8042_RAM] = value;
    }
}

void i8042_write_data(struct i8042 *c, uint8_t value)
{
    uint8_t command = c->parameter;
    c->status &= (uint8_t)~ST_COMMAND;
    c->parameter = 0;
    if (command)
        write_parameter(c, command, value);
    else
        keyboard_write(&c->keyboard, value);
}

static void set_off(struct i8042 *c, uint8_t bit, bool off)
{
    c->ram[0] = (uint8_t)((c->ram[0] & ~bit) | (off ? bit : 0));
}

/* Commands with one number that say what they do. */
static void run_command(struct i8042 *c, uint8_t command)
{
    switch (command) {
    case CMD_AUX_DISABLE:
    case CMD_AUX_ENABLE:
        set_off(c, CB_AUX_OFF, command == CMD_AUX_DISABLE);
        break;
    case CMD_KEYBOARD_DISABLE:
    case CMD_KEYBOARD_ENABLE:
        set_off(c, CB_KEYBOARD_OFF, command == CMD_KEYBOARD_DISABLE);
        break;
    case CMD_SELF_TEST:
        c->ram[0] |= CB_SYSTEM;
        put(c, SELF_TEST_PASSED, 0);
        break;
    case CMD_PASSWORD_TEST:
        put(c, NO_PASSWORD, 0);
        break;
    case CMD_AUX_TEST:
        put(c, AUX_CLOCK_STUCK_HIGH, 0);
        break;
    case CMD_KEYBOARD_TEST:
        put(c, KEYBOARD_TEST_PASSED, 0);
        break;
    case CMD_READ_INPUT_PORT:
        put(c, INPUT_PORT, 0);
        break;
    case CMD_READ_OUTPUT_PORT:
        put(c, read_output_port(c), 0);
        break;
    case CMD_READ_TEST_INPUTS:
        put(c, TEST_INPUTS, 0);
        break;
    case CMD_WRITE_OUTPUT_PORT:
    case CMD_WRITE_KEYBOARD_OUTPUT:
    case CMD_WRITE_AUX_OUTPUT:
    case CMD_WRITE_AUX:
        c->parameter = command;
        break;
    default: /* not a command: ignored, as the controller's program does */
        break;
    }
}

void i8042_write_command(struct i8042 *c, uint8_t value)
{
    c->status |= ST_COMMAND;
    c->parameter = 0;
    if (value >= CMD_PULSE)
        c->reset_asked |= !(value & OP_NOT_RESET);
    else if (value / I8042_RAM == CMD_READ_RAM / I8042_RAM)
        put(c, c->ram[value % I8042_RAM], 0);
    else if (value / I8042_RAM == CMD_WRITE_RAM / I8042_RAM)
        c->parameter = value;
    else
        run_command(c, value);
}
