/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The user's terminal while a guest's console is on it: raw mode and back, and the escape
 * key Ctrl-A that reaches the loader instead of the guest.
 */
#ifndef RING1_LOADER_TERMINAL_H
#define RING1_LOADER_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct terminal {
    int fd;
    bool wanted; /* it is to be raw whenever the loader is in the foreground */
    bool raw;    /* terminal_restore has something to undo */
    struct termios saved;
};

/* Puts FD into raw mode. False, with nothing changed, if FD is no terminal or the loader runs in
 * the background of it. */
bool terminal_raw(struct terminal *t, int fd);
void terminal_restore(struct terminal *t);

/* After a stop the terminal may be as the shell likes it, or the shell's: raw again if it was to be
 * raw and the loader is in the foreground. */
void terminal_resume(struct terminal *t);

/* A descriptor for the same terminal or pipe as FD that does not block, without making FD
 * itself (which the shell shares) non-blocking; where that is impossible, a duplicate. */
int terminal_reopen(int fd);

/* Ctrl-A x leaves, Ctrl-A s asks for the screen to be written, Ctrl-A t for the monitor's counters,
 * Ctrl-A h for help, Ctrl-A Ctrl-A is one Ctrl-A for the guest; before any other key Ctrl-A goes to
 * the guest with it. */
#define CHORD_PREFIX 0x01
#define CHORD_HELP_TEXT                                                                            \
    "\r\n[Ctrl-A x: leave   Ctrl-A s: write --screen's file   Ctrl-A t: statistics\r\n"            \
    " Ctrl-A Ctrl-A: send Ctrl-A   "                                                               \
    "Ctrl-A h: this help]\r\n"

struct chord {
    bool pending; /* Ctrl-A was the last key */
};
/* From CHORD_STATS on: requests to the monitor. */
enum chord_event { CHORD_NONE, CHORD_LEAVE, CHORD_HELP, CHORD_SCREEN, CHORD_STATS };

/* Takes N typed bytes and writes those for the guest to OUT (room for 2*N + 2). Returns their
 * number; *EVENT is what the user asked for, CHORD_LEAVE above all. */
size_t chord_feed(struct chord *c, const uint8_t *in, size_t n, uint8_t *out,
                  enum chord_event *event);

#endif
