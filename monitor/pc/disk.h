/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kinds of disk that a PC gives the guest: memory that came with the boot plan (ramdisk.c), and
 * the machine's own virtio block devices (vblk.c). disk.c chooses; each does as host_io.h says.
 */
#ifndef RING1_PC_DISK_H
#define RING1_PC_DISK_H

#include "monitor/host_io.h"
#include "monitor/plan.h"

enum pc_disk_work { DISK_READ, DISK_WRITE, DISK_FLUSH, DISK_DISCARD, DISK_ZERO, DISK_UNMAP };

/* One call of host_io.h. */
struct pc_disk_call {
    enum pc_disk_work work;
    uint64_t sector;
    uint32_t count;            /* sectors of a discard or a zeroing */
    const struct host_span *s; /* in the direct map or the monitor's image */
    unsigned spans;
};

/* Memory: the disk at BYTES. */
void ramdisk_do(uint8_t *bytes, const struct pc_disk_call *c);

/* The machine's block devices, numbered by their slots from 0 on. False: there is no Nth, or it
 * does not start. */
bool vblk_open(unsigned n, struct host_disk *out);
bool vblk_do(unsigned n, const struct pc_disk_call *c);
/* host_disk_begin and host_disk_done. */
bool vblk_begin(unsigned n, const struct pc_disk_call *c, unsigned tag);
bool vblk_done(unsigned n, unsigned *tag, bool *ok);

#endif
