/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * termios, and a state machine of one bit for the escape key.
 */
#include "loader/terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool in_foreground(int fd)
{
    return tcgetpgrp(fd) == getpgrp();
}

static void make_raw(struct terminal *t)
{
    struct termios raw = t->saved;
    cfmakeraw(&raw);
    t->raw = tcsetattr(t->fd, TCSADRAIN, &raw) == 0;
}

bool terminal_raw(struct terminal *t, int fd)
{
    *t = (struct terminal){.fd = fd};
    if (!isatty(fd) || !in_foreground(fd) || tcgetattr(fd, &t->saved) != 0)
        return false;
    make_raw(t);
    t->wanted = t->raw;
    return t->raw;
}

void terminal_resume(struct terminal *t)
{
    t->raw = false;
    if (t->wanted && in_foreground(t->fd))
        make_raw(t);
}

void terminal_restore(struct terminal *t)
{
    if (t->raw)
        tcsetattr(t->fd, TCSADRAIN, &t->saved);
    t->raw = false;
}

int terminal_reopen(int fd)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bool pipe = lseek(fd, 0, SEEK_CUR) < 0;
    int again = pipe ? open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    return again >= 0 ? again : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static enum chord_event second_key(uint8_t key)
{
    switch (key) {
    case 'x':
    case 'X':
        return CHORD_LEAVE;
    case 's':
    case 'S':
        return CHORD_SCREEN;
    case 'h':
    case 'H':
    case '?':
        return CHORD_HELP;
    case 't':
    case 'T':
        return CHORD_STATS;
    default:
        return CHORD_NONE;
    }
}

size_t chord_feed(struct chord *c, const uint8_t *in, size_t n, uint8_t *out,
                  enum chord_event *event)
{
    size_t made = 0;
    *event = CHORD_NONE;
    for (size_t i = 0; i < n && *event != CHORD_LEAVE; i++) {
        bool prefix = in[i] == CHORD_PREFIX;
        if (!c->pending) {
            c->pending = prefix;
            if (!prefix)
                out[made++] = in[i];
            continue;
        }
        c->pending = false;
        enum chord_event e = second_key(in[i]);
        if (e != CHORD_NONE) {
            *event = e;
            continue;
        }
        out[made++] = CHORD_PREFIX;
        if (!prefix)
            out[made++] = in[i];
    }
    return made;
}
