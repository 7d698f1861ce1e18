/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Virtio devices on PCI against a hostile driver (virtio.h): registers of both interfaces and of
 * the bus.
 */
#include "tests/fuzz/virtio.h"

static uint32_t modern(unsigned slot, unsigned reg)
{
    return PCI_MEMORY_START + slot * VIRTIO_MODERN_SIZE + reg;
}

static uint8_t status(unsigned slot)
{
    return (uint8_t)access(true, false, 1, modern(slot, 0x14), 0);
}

static void start(unsigned slot, uint32_t features)
{
    access(true, true, 1, modern(slot, 0x14), 0);
    access(true, true, 1, modern(slot, 0x14), 3);
    access(true, true, 4, modern(slot, 0x08), 0);
    access(true, true, 4, modern(slot, 0x0c), features);
    access(true, true, 4, modern(slot, 0x08), 1);
    access(true, true, 4, modern(slot, 0x0c), 1);
    access(true, true, 1, modern(slot, 0x14), 11);
    for (unsigned n = 0; n < VIRTIO_QUEUES; n++) {
        access(true, true, 2, modern(slot, 0x16), n);
        access(true, true, 2, modern(slot, 0x18), ENTRIES);
        access(true, true, 4, modern(slot, 0x20), QUEUES + n * 0x1000);
        access(true, true, 4, modern(slot, 0x28), QUEUES + n * 0x1000 + 0x400);
        access(true, true, 4, modern(slot, 0x30), QUEUES + n * 0x1000 + 0x800);
        access(true, true, 2, modern(slot, 0x1c), 1);
    }
    access(true, true, 1, modern(slot, 0x14), 15);
}

static void notify(unsigned slot, unsigned queue)
{
    access(true, true, 2, modern(slot, 0x200 + 4 * queue), 0);
}

static void any_register(unsigned slot, struct input *in)
{
    static const uint8_t sizes[4] = {1, 2, 4, 4};
    uint8_t how = take8(in);
    uint16_t at = take16(in);
    uint32_t value = take8(in) | (how & 0x80 ? (uint32_t)take16(in) << 16 : 0);
    bool write = how & 1;
    unsigned size = sizes[how >> 1 & 3];
    switch (how >> 3 & 3) {
    case 0:
        access(true, write, size, modern(slot, at % 0x600), value);
        break;
    case 1:
        access(false, write, size, PCI_PORTS_START + slot * VIRTIO_LEGACY_SIZE + at % 0x80, value);
        break;
    default:
        access(false, true, 4, PCI_ADDRESS_PORT, 0x80000000u | slot << 11 | (at & 0xfc));
        access(false, write, size, PCI_DATA_PORT + at % 4, value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_virtio((struct way){false, status, start, notify, any_register}, data, size);
}
