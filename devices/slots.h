/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The virtio devices of the board: which is in which slot, on which interrupt line, and where its
 * registers lie (slots.c has the table). Slots are PCI's, bus 0: accesses by ports CF8h and CFCh,
 * and to where the BARs lie now, come in (PCI Local Bus Specification 3.0, section 3.2.2.3.2,
 * configuration mechanism #1); or there is no PCI, and a slot is a page of registers at its place
 * in memory. Interrupt levels go out.
 */
#ifndef RING1_SLOTS_H
#define RING1_SLOTS_H

#include "devices/board.h"
#include "devices/virtio_balloon.h"
#include "devices/virtio_blk.h"
#include "devices/virtio_console.h"
#include "devices/virtio_mmio.h"
#include "devices/virtio_net.h"
#include "devices/virtio_pci.h"
#include "devices/virtio_rng.h"

#define SLOTS 16u

#define PCI_ADDRESS_PORT 0xcf8u /* 32-bit accesses only */
#define PCI_DATA_PORT    0xcfcu /* to CFFh */

/* Where the BARs are put before the guest starts, in windows that the DSDT describes too. */
#define PCI_PORTS_START  0xc000u
#define PCI_MEMORY_START 0xfe000000u
#define PCI_MEMORY_END   0xfec00000u

/* Where slot N's registers lie in a machine without PCI. */
#define SLOTS_MMIO_START 0xfe000000u
#define SLOTS_MMIO(n)    (SLOTS_MMIO_START + (n)*VIRTIO_MMIO_SIZE)

/* The interrupt lines that functions share; level-triggered. */
#define SLOTS_IRQ_EVEN 10u
#define SLOTS_IRQ_ODD  11u
/* The line of the one pin of slot N; the DSDT says the same. */
#define SLOTS_IRQ(n) ((n) % 2 ? SLOTS_IRQ_ODD : SLOTS_IRQ_EVEN)

struct slots {
    bool mmio;        /* there is no PCI */
    uint32_t address; /* of the configuration space: port CF8h */
    uint32_t present; /* slots that hold something, as bits */
    uint16_t lines;   /* the levels of the lines, as bits */
    struct pci_function bridge;
    struct virtio_pci port[SLOTS];
    struct virtio_mmio page[SLOTS]; /* instead */
    struct virtio_rng rng;
    struct virtio_console console;
    struct virtio_balloon balloon;
    struct virtio_net net;
    struct virtio_blk disk[PLAN_DISKS];
    struct virtq_chain chain; /* room for the one that is worked on */
};

void slots_reset(struct vm *vm, struct slots *s);

/* False: nobody's here. Accesses that cross the end of a register or BAR are not. */
bool slots_access(struct vm *vm, struct slots *s, struct io_access *io);

/* The VM ends: the host does nothing for its devices any more. */
void slots_end(struct vm *vm, struct slots *s);

/* Looks what the host has for the devices. */
void slots_poll(struct vm *vm, struct slots *s);

/* The level of line SLOTS_IRQ_EVEN or SLOTS_IRQ_ODD. */
static inline bool slots_irq(const struct slots *s, unsigned irq)
{
    return s->lines >> irq & 1;
}

#endif
