/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Virtio devices in memory against a hostile driver (virtio.h): every register of their pages, by
 * accesses of any width. What a device must not say, it never says.
 */
#include "tests/fuzz/virtio.h"

static uint32_t at(unsigned slot, unsigned reg)
{
    return SLOTS_MMIO(slot) + reg;
}

static void set(unsigned slot, unsigned reg, uint32_t value)
{
    access(true, true, 4, at(slot, reg), value);
}

static uint8_t status(unsigned slot)
{
    return (uint8_t)access(true, false, 4, at(slot, 0x070), 0);
}

static void set_up_queue(unsigned slot, unsigned n)
{
    set(slot, 0x030, n);
    set(slot, 0x038, ENTRIES);
    for (unsigned ring = 0; ring < 3; ring++) {
        set(slot, 0x080 + 0x10 * ring, QUEUES + n * 0x1000 + 0x400 * ring);
        set(slot, 0x084 + 0x10 * ring, 0);
    }
    set(slot, 0x044, 1);
}

static void start(unsigned slot, uint32_t features)
{
    set(slot, 0x070, 0);
    set(slot, 0x070, 3);
    set(slot, 0x024, 0);
    set(slot, 0x020, features);
    set(slot, 0x024, 1);
    set(slot, 0x020, 1);
    set(slot, 0x070, 11);
    for (unsigned n = 0; n < VIRTIO_QUEUES; n++)
        set_up_queue(slot, n);
    set(slot, 0x070, 15);
}

static void notify(unsigned slot, unsigned queue)
{
    set(slot, 0x050, queue);
}

static void check(unsigned slot)
{
    uint32_t magic = access(true, false, 4, at(slot, 0x000), 0);
    uint32_t isr = access(true, false, 4, at(slot, 0x060), 0);
    must(magic == 0x74726976 || magic == UINT32_MAX, "magic value %x", magic);
    must(magic == UINT32_MAX || isr <= 3, "interrupt status %x", isr);
}

static void any_register(unsigned slot, struct input *in)
{
    static const uint8_t sizes[4] = {4, 4, 2, 1};
    uint8_t how = take8(in);
    uint16_t reg = take16(in);
    uint32_t value = take8(in) | (how & 0x80 ? (uint32_t)take16(in) << 16 : 0);
    unsigned size = sizes[how >> 1 & 3];
    uint32_t offset = how & 0x40 ? reg % 0x200u : reg % 0x1004u; /* over the end of a page, too */
    if (!(how & 0x20))
        offset &= ~(size - 1);
    access(true, how & 1, size, at(slot, offset), value);
    check(slot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_virtio((struct way){true, status, start, notify, any_register}, data, size);
}
