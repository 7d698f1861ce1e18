/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Disks whose content came with the boot plan: the guest changes them in memory, where they last as
 * long as the monitor, over all the guests that it runs one after the other.
 */
#include "monitor/mem.h"
#include "monitor/pc/disk.h"

static void move(uint8_t *at, const struct pc_disk_call *c)
{
    for (unsigned i = 0; i < c->spans; i++) {
        size_t size = (size_t)c->s[i].sectors * HOST_SECTOR;
        if (c->work == DISK_READ)
            memcpy(c->s[i].at, at, size);
        else
            memcpy(at, c->s[i].at, size);
        at += size;
    }
}

void ramdisk_do(uint8_t *bytes, const struct pc_disk_call *c)
{
    uint8_t *at = bytes + c->sector * HOST_SECTOR;
    switch (c->work) {
    case DISK_READ:
    case DISK_WRITE:
        move(at, c);
        break;
    case DISK_ZERO:
    case DISK_UNMAP:
        memset(at, 0, (size_t)c->count * HOST_SECTOR);
        break;
    case DISK_FLUSH:
    case DISK_DISCARD:
        break;
    }
}
