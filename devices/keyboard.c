/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The keyboard's commands (keyboard.h): one table of what each is answered with, and
 * small functions for those that change something.
 */
#include "devices/keyboard.h"

#include "monitor/mem.h"

enum answer { ACK = 0xfa, RESEND = 0xfe, ECHO = 0xee, SELF_TEST_PASSED = 0xaa };

#define FIRST_COMMAND 0xedu
#define RATE_DEFAULT  0x2bu /* 10.9 characters a second after 500 ms */

enum command {
    CMD_LEDS = 0xed,
    CMD_ECHO = 0xee,
    CMD_SCAN_SET = 0xf0,
    CMD_ID = 0xf2,
    CMD_RATE = 0xf3,
    CMD_ENABLE = 0xf4,
    CMD_DISABLE = 0xf5,
    CMD_DEFAULTS = 0xf6,
    CMD_KEY_FIRST = 0xfb, /* FB-FD: key types of scan set 3, a list of keys follows */
    CMD_KEY_LAST = 0xfd,
    CMD_RESEND = 0xfe,
    CMD_RESET = 0xff,
};

static const struct reply {
    uint8_t length;
    uint8_t bytes[3];
    bool parameter; /* bytes below FIRST_COMMAND that follow belong to it */
} replies[0x100 - FIRST_COMMAND] = {
    /* clang-format off */
    [CMD_LEDS - FIRST_COMMAND]     = {1, {ACK}, true},
    [CMD_ECHO - FIRST_COMMAND]     = {1, {ECHO}, false},
    [0xef - FIRST_COMMAND]         = {1, {RESEND}, false},
    [CMD_SCAN_SET - FIRST_COMMAND] = {1, {ACK}, true},
    [0xf1 - FIRST_COMMAND]         = {1, {RESEND}, false},
    [CMD_ID - FIRST_COMMAND]       = {3, {ACK, 0xab, 0x83}, false},
    [CMD_RATE - FIRST_COMMAND]     = {1, {ACK}, true},
    [CMD_ENABLE - FIRST_COMMAND]   = {1, {ACK}, false},
    [CMD_DISABLE - FIRST_COMMAND]  = {1, {ACK}, false},
    [CMD_DEFAULTS - FIRST_COMMAND] = {1, {ACK}, false},
    [0xf7 - FIRST_COMMAND]         = {1, {ACK}, false}, /* F7-FA: all keys of set 3 */
    [0xf8 - FIRST_COMMAND]         = {1, {ACK}, false},
    [0xf9 - FIRST_COMMAND]         = {1, {ACK}, false},
    [0xfa - FIRST_COMMAND]         = {1, {ACK}, false},
    [0xfb - FIRST_COMMAND]         = {1, {ACK}, true},
    [0xfc - FIRST_COMMAND]         = {1, {ACK}, true},
    [0xfd - FIRST_COMMAND]         = {1, {ACK}, true},
    [CMD_RESEND - FIRST_COMMAND]   = {0, {0}, false}, /* repeats k->last */
    [CMD_RESET - FIRST_COMMAND]    = {2, {ACK, SELF_TEST_PASSED}, false},
    /* clang-format on */
};

static void answer(struct keyboard *k, const uint8_t *bytes, unsigned length)
{
    memcpy(k->queue, bytes, length);
    k->queued = (uint8_t)length;
    k->sent = 0;
}

static void answer_byte(struct keyboard *k, uint8_t value)
{
    answer(k, &value, 1);
}

static void set_defaults(struct keyboard *k)
{
    k->scan_set = 2;
    k->rate = RATE_DEFAULT;
    k->scanning = true;
}

void keyboard_reset(struct keyboard *k)
{
    memset(k, 0, sizeof *k);
    set_defaults(k);
}

static void apply(struct keyboard *k, uint8_t command)
{
    switch (command) {
    case CMD_ENABLE:
        k->scanning = true;
        break;
    case CMD_RESET:
        k->leds = 0;
        set_defaults(k);
        break;
    case CMD_DEFAULTS:
        set_defaults(k);
        break;
    case CMD_DISABLE:
        set_defaults(k);
        k->scanning = false;
        break;
    default: /* sets a mode of keys that nobody presses, or only answers */
        break;
    }
}

static void write_command(struct keyboard *k, uint8_t command)
{
    const struct reply *r = &replies[command - FIRST_COMMAND];
    if (command == CMD_RESEND) {
        answer_byte(k, k->last);
        return;
    }
    k->parameter = r->parameter ? command : 0;
    apply(k, command);
    answer(k, r->bytes, r->length);
}

static void write_scan_set(struct keyboard *k, uint8_t value)
{
    const uint8_t current[] = {ACK, k->scan_set};
    if (value == 0) {
        answer(k, current, 2);
    } else if (value <= 3) {
        k->scan_set = value;
        answer_byte(k, ACK);
    } else {
        answer_byte(k, RESEND);
    }
}

static void write_parameter(struct keyboard *k, uint8_t value)
{
    uint8_t command = k->parameter;
    if (command >= CMD_KEY_FIRST && command <= CMD_KEY_LAST) {
        answer_byte(k, ACK); /* the list goes on until the next command */
        return;
    }
    k->parameter = 0;
    if (command == CMD_SCAN_SET) {
        write_scan_set(k, value);
        return;
    }
    if (command == CMD_LEDS)
        k->leds = value & 7;
    else
        k->rate = value & 0x7f;
    answer_byte(k, ACK);
}

void keyboard_write(struct keyboard *k, uint8_t value)
{
    if (value >= FIRST_COMMAND)
        write_command(k, value);
    else if (k->parameter)
        write_parameter(k, value);
    else
        answer_byte(k, RESEND);
}

bool keyboard_next(struct keyboard *k, uint8_t *value)
{
    if (k->sent == k->queued)
        return false;
    k->last = *value = k->queue[k->sent++];
    return true;
}
