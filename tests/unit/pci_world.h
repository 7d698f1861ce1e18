/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For tests that reach a PCI device as a guest does: configuration space, memory BARs, and guest
 * RAM. Included by one file of a test program.
 */
#ifndef RING1_PCI_WORLD_H
#define RING1_PCI_WORLD_H

#include "monitor/guestmem.h"
#include "tests/unit/board_world.h"

static inline uint32_t config_at(unsigned slot, unsigned reg)
{
    return 0x80000000u | slot << 11 | (reg & 0xfcu);
}

static inline uint32_t config_read(unsigned slot, unsigned reg, unsigned size)
{
    out_wide(0xcf8, 4, config_at(slot, reg));
    return in_wide(0xcfc + (reg & 3), size);
}

static inline void config_write(unsigned slot, unsigned reg, unsigned size, uint32_t value)
{
    out_wide(0xcf8, 4, config_at(slot, reg));
    out_wide(0xcfc + (reg & 3), size, value);
}

static inline uint32_t mem_read(uint32_t address, unsigned size)
{
    struct io_access io = {.mmio = true, .size = (uint8_t)size, .address = address};
    board_access(vm, &io, now);
    return io.value;
}

static inline void mem_write(uint32_t address, unsigned size, uint32_t value)
{
    struct io_access io = {
        .mmio = true, .write = true, .size = (uint8_t)size, .address = address, .value = value};
    board_access(vm, &io, now);
}

static inline void put(uint32_t where, const void *bytes, size_t len)
{
    assert_true(guest_write(vm, gpa(where), bytes, len));
}

static inline void put16(uint32_t where, uint16_t value)
{
    put(where, &value, 2);
}

static inline uint64_t get(uint32_t where, size_t len)
{
    uint64_t value = 0;
    assert_true(guest_read(vm, gpa(where), &value, len));
    return value;
}

#endif
