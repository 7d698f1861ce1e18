/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The driver's half of a virtqueue of the host machine's devices, and how such a device is started
 * (virtio 1.2, sections 2.7, 3.1.1). A driver lays descriptors out, offers the first of a chain,
 * and takes back what the device has used. What the device says is checked: it names a chain that
 * it was given, and no more of them than there are.
 */
#ifndef RING1_PC_VQ_H
#define RING1_PC_VQ_H

#include "monitor/pc/pci.h"
#include "monitor/types.h"

#define VQ_ENTRIES 512u /* the most */

/* A kind of device: its PCI device numbers (4.1.2). */
struct vq_kind {
    uint16_t device, transitional;
};

struct vq_device {
    struct pc_virtio pci;
    uint64_t features; /* those of version 1 and of what was wanted that it has */
};

/* Finds the machine's Nth device of KIND, and brings it up to FEATURES_OK with those of WANTED that
 * it has. False: there is none, or none that has the interface of version 1. */
bool vq_open(struct vq_device *d, struct vq_kind kind, unsigned n, uint64_t wanted);

/* 32 bits of its own configuration at OFFSET. */
uint32_t vq_config(const struct vq_device *d, uint32_t offset);

/* Behind vq_start of its queues: it may work. */
void vq_go(const struct vq_device *d);

/* For good: it does nothing more, and touches no memory. */
void vq_stop(const struct vq_device *d);

/* Reading it takes the device's interrupt back. */
uint32_t vq_take_isr(const struct vq_device *d);

struct vq {
    const struct pc_virtio *pci;
    struct pc_virtio_place doorbell;
    volatile struct vq_ring *ring;
    uint16_t number;    /* of the device's queues */
    uint16_t entries;   /* a power of two up to VQ_ENTRIES */
    uint16_t next_used; /* of the used ring, of all time */
    bool offered[VQ_ENTRIES];
};

/* Makes queue N of D, of at least LEAST entries. The device interrupts for it or does not. False:
 * it has no such queue, or there is no memory. */
bool vq_start(const struct vq_device *d, struct vq *q, unsigned n, unsigned least, bool interrupts);

/* Descriptor I: LEN bytes at AT, which the device shall WRITE or read; unless it is the LAST of its
 * chain, I + 1 follows. AT lies in the direct map or the monitor's image. */
void vq_link(struct vq *q, unsigned i, const volatile void *at, uint32_t len, bool write,
             bool last);

/* The chain that begins at HEAD is the device's from here on, and vq_kick tells it so. */
void vq_offer(struct vq *q, unsigned head);
void vq_kick(struct vq *q);

enum vq_answer { VQ_NONE, VQ_GOT, VQ_WRONG };

/* The next chain that the device is done with: its HEAD, and how many bytes (LEN) it says it wrote,
 * which may be any number. VQ_WRONG: it names a chain that it was not given, or too many. */
enum vq_answer vq_take(struct vq *q, unsigned *head, uint32_t *len);

/* The device need not interrupt for Q, or must again: what came meanwhile is to be looked for. */
void vq_quiet(struct vq *q, bool quiet);

/* Is there something to take? */
bool vq_waits(const struct vq *q);

#endif
