/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the files of this room share: the state of one debugger's session.
 */
#ifndef RING1_GDB_STATE_H
#define RING1_GDB_STATE_H

#include "monitor/gdb/breaks.h"
#include "monitor/gdb/fpu.h"
#include "monitor/gdb/gdb.h"
#include "monitor/gdb/packet.h"
#include "monitor/gdb/text.h"

/* Signals, as Linux numbers them, that say why the guest stands still. */
enum gdb_signal { SIGNAL_INT = 2, SIGNAL_TRAP = 5, SIGNAL_ABORT = 6 };

/* What packets answer that cannot be done: Linux's error numbers. */
enum gdb_error {
    ERROR_NONE,
    ERROR_TOO_LONG = 7,
    ERROR_MEMORY = 14,
    ERROR_BAD = 22,
    ERROR_FULL = 28
};

/* Memory in one packet, two digits a byte. gdb asks again for the rest. */
#define GDB_BYTES_MAX (GDB_PACKET_MAX / 2)

/* Why the guest stands still. */
struct gdb_stop {
    enum gdb_signal signal;
    const struct gdb_break *at; /* NULL: not for a breakpoint */
};

struct gdb {
    struct gdb_line line;
    bool whole;    /* a packet is in .line and is not answered yet ... */
    bool too_long; /* ... but was longer than can be */
    bool quiet;    /* ... and is to have no answer now */
    bool no_acks;
    bool talked;   /* a packet came since the debugger is there */
    bool expects;  /* it waits to hear that the guest stands still */
    bool told_why; /* it understands for which kind of breakpoint */

    bool stop;       /* the guest is to stand still before its next instruction, ... */
    bool wait;       /* ... as it has not begun yet */
    bool interrupt;  /* ... as the debugger has sent 03h */
    bool halted;     /* it does ... */
    bool go;         /* ... and is to go on */
    bool fresh;      /* nothing has run since the last halt */
    bool first;      /* the instruction at .from, where the halt was, is not over yet */
    bool step;       /* halt behind it */
    bool was_halted; /* the CPU, then */
    uint32_t from;   /* linear */

    struct gdb_stop last;
    struct gdb_break last_break;
    struct gdb_breaks breaks;
    struct gdb_fpu fpu;
    struct gdb_answer answer; /* over .text, to the packet at hand */
    char text[GDB_PACKET_MAX];
    char frame[GDB_FRAME_MAX]; /* the last one sent */
    size_t frame_length;
    uint8_t bytes[GDB_BYTES_MAX];
};

/* session.c */
void gdb_send(struct gdb *g); /* .answer as a packet; empties it */
void gdb_error(struct gdb *g, enum gdb_error e);
void gdb_add_stop(struct gdb *g); /* .last, as ? and a halt tell it */
void gdb_console(struct gdb *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
void gdb_resume(struct vcpu *v, bool step);
void gdb_detach(struct vcpu *v);

/* command.c: does what the packet in .line says, and answers. */
void gdb_command(struct vcpu *v);

/* query.c: what stands behind q and behind Q. */
void gdb_query(struct vcpu *v, struct gdb_words *w);
void gdb_set(struct vcpu *v, struct gdb_words *w);

/* ask.c: what `monitor LINE' prints. */
void gdb_ask(struct vcpu *v, const char *line);

#endif
