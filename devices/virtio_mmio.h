/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A virtio device whose registers lie in memory and on no bus: a page of them and an interrupt
 * line, which ACPI tells the guest of (acpi_tables.c). Accesses come in by offset; the level of the
 * line goes out. Version 2, without the legacy interface. Virtual I/O Device 1.2, section 4.2.
 */
#ifndef RING1_VIRTIO_MMIO_H
#define RING1_VIRTIO_MMIO_H

#include "devices/virtio.h"

#define VIRTIO_MMIO_SIZE 0x1000u

/* What the driver has selected. */
struct virtio_mmio {
    uint32_t device_select, driver_select; /* words of the features */
    uint32_t queue_select;
};

/* As after power-up. */
void virtio_mmio_reset(const struct virtio_dev *d, struct virtio_mmio *m);

/* Registers are 32 bits wide and take accesses of that width alone, aligned (4.2.2.2); others read
 * 0 and write nothing. The device's own configuration, from 100h on, takes any. */
void virtio_mmio_access(const struct virtio_dev *d, struct virtio_mmio *m, struct virtio_access *a);

/* It is high until the driver has acknowledged all that happened. */
bool virtio_mmio_irq(const struct virtio *v);

#endif
