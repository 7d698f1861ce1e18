/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Disks whose content came with the boot plan: the guest changes them in memory, where they last as
 * long as the monitor, over all the guests that it runs one after the other.
 */
#include "monitor/mem.h"
#include "monitor/pc/disk.h"

void ramdisk_do(uint8_t *bytes, const struct pc_disk_call *c)
{
    uint8_t *at = bytes + c->sector * HOST_SECTOR;
    size_t size = (size_t)c->count * HOST_SECTOR;
    switch (c->work) {
    case DISK_READ:
        memcpy(c->buf, at, size);
        break;
    case DISK_WRITE:
        memcpy(at, c->buf, size);
        break;
    case DISK_ZERO:
    case DISK_UNMAP:
        memset(at, 0, size);
        break;
    case DISK_FLUSH:
    case DISK_DISCARD:
        break;
    }
}
