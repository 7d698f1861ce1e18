/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See pci.h.
 */
#include "monitor/pc/pci.h"

#include "monitor/pc/hw.h"

#define ADDRESS 0xcf8
#define DATA    0xcfc
#define ENABLE  0x80000000u

#define VENDOR_VIRTIO 0x1af4u
#define CAPS_POINTER  0x34u
#define STATUS        0x06u
#define STATUS_CAPS   0x10u
#define COMMAND       0x04u
#define COMMAND_ON    0x07u  /* ports, memory, bus mastering */
#define COMMAND_MUTE  0x400u /* no interrupt */
#define LINE          0x3cu
#define CAP_VENDOR    9u
#define MOST_CAPS     48u

/* Types and fields of virtio's capabilities. */
enum type { TYPE_COMMON = 1, TYPE_NOTIFY = 2, TYPE_ISR = 3, TYPE_DEVICE = 4, TYPE_WINDOW = 5 };
enum field { F_NEXT = 1, F_TYPE = 3, F_BAR = 4, F_OFFSET = 8, F_LENGTH = 12, F_DATA = 16 };

static void select(unsigned slot, unsigned reg)
{
    out32(ADDRESS, ENABLE | slot << 11 | (reg & 0xfc));
}

uint32_t pc_pci_read(unsigned slot, unsigned reg, unsigned size)
{
    select(slot, reg);
    uint32_t dword = in32(DATA) >> 8 * (reg & 3);
    return size == 4 ? dword : dword & ((1u << 8 * size) - 1);
}

void pc_pci_write(unsigned slot, unsigned reg, unsigned size, uint32_t value)
{
    uint16_t port = (uint16_t)(DATA + (reg & 3));
    select(slot, reg);
    if (size == 4)
        out32(port, value);
    else if (size == 2)
        out16(port, (uint16_t)value);
    else
        out8(port, (uint8_t)value);
}

unsigned pc_pci_interrupt(unsigned slot)
{
    pc_pci_write(slot, COMMAND, 2, pc_pci_read(slot, COMMAND, 2) & ~COMMAND_MUTE);
    return pc_pci_read(slot, LINE, 1);
}

static void note_place(unsigned slot, unsigned cap, struct pc_virtio_place *p)
{
    p->bar = (uint8_t)pc_pci_read(slot, cap + F_BAR, 1);
    p->offset = pc_pci_read(slot, cap + F_OFFSET, 4);
}

static void note_cap(struct pc_virtio *d, unsigned cap)
{
    switch (pc_pci_read(d->slot, cap + F_TYPE, 1)) {
    case TYPE_COMMON:
        note_place(d->slot, cap, &d->common);
        break;
    case TYPE_NOTIFY:
        note_place(d->slot, cap, &d->notify);
        d->notify_each = pc_pci_read(d->slot, cap + F_DATA, 4);
        break;
    case TYPE_ISR:
        note_place(d->slot, cap, &d->isr);
        break;
    case TYPE_DEVICE:
        note_place(d->slot, cap, &d->device);
        break;
    case TYPE_WINDOW:
        d->window = (uint8_t)cap;
        break;
    default:
        break;
    }
}

bool pc_virtio_find(unsigned slot, struct pc_virtio *d)
{
    *d = (struct pc_virtio){.slot = slot};
    if (pc_pci_read(slot, 0, 2) != VENDOR_VIRTIO || !(pc_pci_read(slot, STATUS, 2) & STATUS_CAPS))
        return false;
    unsigned cap = pc_pci_read(slot, CAPS_POINTER, 1), n = 0;
    for (; cap >= 0x40 && n < MOST_CAPS; cap = pc_pci_read(slot, cap + F_NEXT, 1), n++) {
        if (pc_pci_read(slot, cap, 1) == CAP_VENDOR)
            note_cap(d, cap);
    }
    pc_pci_write(slot, COMMAND, 2, pc_pci_read(slot, COMMAND, 2) | COMMAND_ON | COMMAND_MUTE);
    return d->window && d->notify_each;
}

static void aim(const struct pc_virtio *d, struct pc_virtio_place p, uint32_t offset, unsigned size)
{
    pc_pci_write(d->slot, d->window + F_BAR, 1, p.bar);
    pc_pci_write(d->slot, d->window + F_OFFSET, 4, p.offset + offset);
    pc_pci_write(d->slot, d->window + F_LENGTH, 4, size);
}

uint32_t pc_virtio_read(const struct pc_virtio *d, struct pc_virtio_place p, uint32_t offset,
                        unsigned size)
{
    aim(d, p, offset, size);
    return pc_pci_read(d->slot, d->window + F_DATA, size);
}

void pc_virtio_write(const struct pc_virtio *d, struct pc_virtio_place p, uint32_t offset,
                     unsigned size, uint32_t value)
{
    aim(d, p, offset, size);
    pc_pci_write(d->slot, d->window + F_DATA, size, value);
}
