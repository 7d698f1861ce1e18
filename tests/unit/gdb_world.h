/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For tests of the debugger's stub: the world of the top's tests with a stub in its VM, a debugger
 * that is a text of the test, and what the stub said. Included by one file of a test program.
 */
#ifndef RING1_GDB_WORLD_H
#define RING1_GDB_WORLD_H

#include "monitor/gdb/gdb.h"
#include "monitor/gdb/registers.h"
#include "monitor/gdb/state.h"
#include "monitor/request.h"
#include "monitor/run.h"
#include "tests/unit/top_world.h"

#include <stdio.h>

static inline void type(const char *bytes, size_t len)
{
    if (fake.debug_in_pos == fake.debug_in_len)
        fake.debug_in_pos = fake.debug_in_len = 0;
    assert_true(len <= sizeof fake.debug_in - fake.debug_in_len);
    memcpy(fake.debug_in + fake.debug_in_len, bytes, len);
    fake.debug_in_len += len;
}

static inline void packet_of(const char *data, size_t len)
{
    static char frame[GDB_FRAME_MAX];
    type(frame, gdb_line_frame(frame, data, len));
}

static inline void packet(const char *data)
{
    packet_of(data, strlen(data));
}

/* What was said since the last call, acknowledgements and framing dropped, a line a packet. */
static inline const char *said(void)
{
    static char text[sizeof fake.debug_out];
    static struct gdb_line line;
    size_t n = 0;
    gdb_line_reset(&line);
    for (size_t i = 0; i < fake.debug_out_len; i++) {
        enum gdb_input in = gdb_line_byte(&line, (uint8_t)fake.debug_out[i]);
        assert_int_not_equal(in, GDB_BROKEN);
        if (in == GDB_PACKET)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s\n", line.data);
    }
    text[n] = 0;
    fake.debug_out_len = 0;
    return text;
}

/* The debugger has no more to say: its connection ends. */
static inline void hang_up(void)
{
    type(PLAN_GDB_GONE_PACKET, strlen(PLAN_GDB_GONE_PACKET));
}

static inline int gdb_world(void **state)
{
    top_world(state);
    memset(&heard, 0, sizeof heard);
    assert_true(gdb_create(vm, true));
    fake.debug_wait = hang_up;
    return 0;
}

/* The answer to one packet, without the run loop. */
static inline const char *ask_of(const char *data, size_t len)
{
    packet_of(data, len);
    for (unsigned looks = 0; !vm->gdb->whole && looks < 20; looks++)
        gdb_poll(vm);
    assert_true(vm->gdb->whole);
    gdb_command(v);
    return said();
}

static inline const char *ask(const char *data)
{
    return ask_of(data, strlen(data));
}

#define ANSWERS(data, answer) assert_string_equal(ask(data), answer "\n")

#endif
