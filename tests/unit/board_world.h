/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For tests that reach a device as a guest does: a VM with a board, the virtual clock's time, and
 * accesses to the board's ports at that time. Included by one file of a test program.
 */
#ifndef RING1_BOARD_WORLD_H
#define RING1_BOARD_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "devices/board.h"
#include "tests/unit/fake_host.h"

#define SECOND 1000000000ull
#define MS     1000000ull

static struct vm *vm;
static uint64_t now;

static inline void board_world(uint64_t ram_bytes, uint64_t start)
{
    vm = fake_vm(ram_bytes);
    now = start;
    assert_true(board_create(vm));
}

static inline uint32_t in_wide(unsigned port, unsigned size)
{
    struct io_access io = {.size = (uint8_t)size, .address = port, .value = 0xdeadbeef};
    board_access(vm, &io, now);
    return io.value;
}

/* A write leaves its value alone; one byte to the statistics port is a mark. */
static inline void out_wide(unsigned port, unsigned size, uint32_t value)
{
    struct io_access io = {.write = true, .size = (uint8_t)size, .address = port, .value = value};
    board_access(vm, &io, now);
    assert_true(io.value == value && io.mark == (port == 0x502 && size == 1));
}

static inline unsigned in(unsigned port)
{
    return in_wide(port, 1);
}

static inline void out(unsigned port, unsigned value)
{
    out_wide(port, 1, value);
}

#endif
