/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host machine's own PCI bus 0, by configuration mechanism #1 (PCI 3.0, section 3.2.2.3.2), and
 * the registers of its virtio devices, which are reached through configuration space as well
 * (virtio 1.2, section 4.1.4.9), so that no memory has to be mapped for them.
 */
#ifndef RING1_PC_PCI_H
#define RING1_PC_PCI_H

#include "monitor/types.h"

#define PC_PCI_SLOTS 32u

/* SIZE 1, 2 or 4 bytes at REG of the function 0 in SLOT. */
uint32_t pc_pci_read(unsigned slot, unsigned reg, unsigned size);
void pc_pci_write(unsigned slot, unsigned reg, unsigned size, uint32_t value);

/* Lets the function interrupt: the line, as the firmware has noted it. */
unsigned pc_pci_interrupt(unsigned slot);

/* A structure that a capability names (virtio 1.2, 4.1.4). */
struct pc_virtio_place {
    uint8_t bar;
    uint32_t offset;
};

struct pc_virtio {
    unsigned slot;
    uint8_t window; /* the capability that leads to the BARs */
    struct pc_virtio_place common, notify, isr, device;
    uint32_t notify_each; /* bytes for a queue */
};

/* False: what is in SLOT is no virtio device, or one without the interface of version 1.
 * It is switched on, but for its interrupt. */
bool pc_virtio_find(unsigned slot, struct pc_virtio *d);

uint32_t pc_virtio_read(const struct pc_virtio *d, struct pc_virtio_place p, uint32_t offset,
                        unsigned size);
void pc_virtio_write(const struct pc_virtio *d, struct pc_virtio_place p, uint32_t offset,
                     unsigned size, uint32_t value);

#endif
