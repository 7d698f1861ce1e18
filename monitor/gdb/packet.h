/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets on the line: $DATA#SUM, acknowledged by + or asked for again by -, and the interrupt byte
 * 03h between them (GDB manual E.1). Bytes in, one answer a byte out; no vcpu, no host. Whatever
 * comes in, a '$' begins anew and nothing leaves the buffer.
 */
#ifndef RING1_GDB_PACKET_H
#define RING1_GDB_PACKET_H

#include "monitor/types.h"

/* Bytes of a packet's data, escapes resolved; the debugger is told (PacketSize). */
#define GDB_PACKET_MAX 4096u
/* ... with all of them escaped, and $ # and the sum. */
#define GDB_FRAME_MAX (2 * GDB_PACKET_MAX + 4)

enum gdb_input {
    GDB_MORE,     /* nothing whole yet, or a byte that means nothing */
    GDB_PACKET,   /* one is in .data, with .length bytes and a NUL behind them */
    GDB_TOO_LONG, /* one was whole, but longer than GDB_PACKET_MAX: its data are lost */
    GDB_BROKEN,   /* one came with a wrong sum */
    GDB_BREAK,    /* 03h between packets */
    GDB_AGAIN,    /* - between packets: the other side wants the last one again */
};

struct gdb_line {
    enum { LINE_OUTSIDE, LINE_INSIDE, LINE_SUM_HIGH, LINE_SUM_LOW } state;
    bool escaped, too_long;
    uint8_t sum, wanted;
    size_t length;
    char data[GDB_PACKET_MAX + 1];
};

/* Starts outside of any packet. */
void gdb_line_reset(struct gdb_line *l);

/* The next byte from the line. After GDB_PACKET the data stay until the next byte. */
enum gdb_input gdb_line_byte(struct gdb_line *l, uint8_t c);

/* LENGTH bytes of DATA, at most GDB_PACKET_MAX, as a packet in OUT (GDB_FRAME_MAX bytes); returns
 * its length. */
size_t gdb_line_frame(char *out, const char *data, size_t length);

#endif
