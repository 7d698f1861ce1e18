/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A virtio device as a PCI function, transitional: the legacy interface in an I/O BAR, the
 * modern one in a memory BAR found by capabilities, and that through configuration space as well.
 * One interrupt pin, no MSI-X. Accesses come in by configuration offset or by BAR and offset; the
 * level of the pin goes out. Virtual I/O Device 1.2, section 4.1.
 */
#ifndef RING1_VIRTIO_PCI_H
#define RING1_VIRTIO_PCI_H

#include "devices/pci.h"
#include "devices/virtio.h"

/* The BARs: ports of the legacy interface, memory of the modern one. */
enum virtio_bar { VIRTIO_BAR_LEGACY, VIRTIO_BAR_MODERN };
#define VIRTIO_LEGACY_SIZE 0x80u
#define VIRTIO_MODERN_SIZE 0x1000u

struct virtio_pci {
    struct pci_function pci;
    uint32_t device_select, driver_select; /* halves of the features */
    uint16_t queue_select;
    uint8_t window_bar; /* of the capability that leads to a BAR through configuration space */
    uint32_t window_offset, window_length;
};

/* As after power-up, with its BARs where the "firmware" puts them. */
void virtio_pci_reset(const struct virtio_dev *d, struct virtio_pci *p, uint8_t line,
                      uint16_t legacy, uint32_t modern);

void virtio_pci_config(const struct virtio_dev *d, struct virtio_pci *p, struct virtio_access *a);

/* Which BAR is at an address, as pci_find_bar has it, and an access to one. */
int virtio_pci_find(const struct virtio_dev *d, const struct virtio_pci *p, bool io,
                    uint64_t address, unsigned size, uint32_t *offset);
void virtio_pci_bar(const struct virtio_dev *d, struct virtio_pci *p, unsigned bar,
                    struct virtio_access *a);

bool virtio_pci_irq(const struct virtio *v, const struct virtio_pci *p);

#endif
