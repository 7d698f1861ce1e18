/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The way from gdb to the monitor: a TCP port of this machine alone, one connection at a time,
 * whose bytes pass unread. When a connection ends, however that is, the monitor is told by a packet
 * of the loader's own (plan.h) and lets the guest go; until it has said so, what it still sends is
 * dropped and nobody is let in. So the guest is never left standing by a gdb that is no more, and a
 * new one never reads an answer to another.
 */
#ifndef RING1_LOADER_GDBLINE_H
#define RING1_LOADER_GDBLINE_H

#include "loader/buffer.h"
#include "loader/problem.h"

#include <poll.h>

#define GDBLINE_POLLS 3

struct gdbline {
    int listens;    /* -1: no debugger is wanted */
    int client;     /* gdb; -1: none */
    int machine;    /* the monitor's side; -1: none yet, or it has ended */
    bool open;      /* .listens does; before, it has the port and no more */
    bool clean;     /* nobody may be let in before */
    bool leaves;    /* the client has hung up; what it said last is on its way yet */
    uint64_t again; /* when the monitor is told once more, as relay_now */
    struct buffer to_machine, to_client;
};

/* One that is not wanted, and takes part in nothing. */
void gdbline_none(struct gdbline *g);

/* Takes 127.0.0.1:PORT, to listen there when the monitor has said that it is there. False: P says
 * why not. */
bool gdbline_open(struct gdbline *g, unsigned port, struct problem *p);

/* Before a poll, what to ask for; behind it, what came. NOW is as from
 * relay_now. */
#define GDBLINE_MS 1000
void gdbline_prepare(const struct gdbline *g, struct pollfd pfd[GDBLINE_POLLS]);
void gdbline_serve(struct gdbline *g, const struct pollfd pfd[GDBLINE_POLLS], uint64_t now);

/* Does the monitor owe its word? Then somebody has to look every GDBLINE_MS. */
bool gdbline_waits(const struct gdbline *g);

/* The machine has ended: its last bytes go to gdb as far as it takes them now. */
void gdbline_finish(struct gdbline *g);

void gdbline_close(struct gdbline *g);

#endif
