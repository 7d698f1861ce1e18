/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The block device: a disk of the host, read, written, flushed, discarded and zeroed in 512-byte
 * sectors. Requests are done when the driver's notification returns, but for reads that the host
 * does meanwhile: those are given back when it says that they are over. A driver that has accepted
 * FLUSH gets a write-back cache (what it wrote is safe after a flush), any other has each write
 * flushed before it is told of its end. What the host refuses is VIRTIO_BLK_S_IOERR for the guest.
 * Virtual I/O Device 1.2, section 5.2.
 */
#ifndef RING1_VIRTIO_BLK_H
#define RING1_VIRTIO_BLK_H

#include "devices/virtio.h"
#include "monitor/host_io.h"

/* A read that the host is at: what there is to tell of when it is over. */
struct virtio_blk_read {
    bool busy;
    uint16_t head, parts;
    uint64_t status; /* where it goes */
    struct virtq_part part[HOST_SPANS];
};

struct virtio_blk {
    struct virtio v;
    uint64_t sectors;
    uint8_t disk; /* its number at the host (host_io.h) */
    bool read_only;
    unsigned under_way;                      /* how many of these are busy */
    struct virtio_blk_read read[HOST_READS]; /* by their tags */
};

extern const struct virtio_class virtio_blk;

/* Makes B the host's disk number N; before its first reset. False: the host has no such disk. */
bool virtio_blk_attach(struct virtio_blk *b, unsigned n);

#endif
