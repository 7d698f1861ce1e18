/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Disks whose content came with the boot plan: the guest changes them in memory, where they last as
 * long as the monitor, over all the guests that it runs one after the other.
 */
#include "monitor/host_io.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/pc/pc.h"

static struct {
    uint8_t *bytes;
    uint64_t sectors;
    bool read_only;
} disks[PLAN_DISKS];
static unsigned count;

/* The plan is not to be trusted. */
bool pc_disk_init(const struct plan *plan)
{
    for (unsigned i = 0; i < plan->disks && i < PLAN_DISKS; i++) {
        const struct plan_disk *d = &plan->disk[i];
        if (d->sectors > plan->total_size / HOST_SECTOR ||
            d->file_offset + d->sectors * HOST_SECTOR > plan->total_size) {
            log_line("ring1: boot plan: disk %u leaves the plan", i);
            return false;
        }
        disks[i].bytes = (uint8_t *)(uintptr_t)plan + d->file_offset;
        disks[i].sectors = d->sectors;
        disks[i].read_only = d->flags & PLAN_DISK_READ;
        count = i + 1;
    }
    return true;
}

bool host_disk(unsigned n, struct host_disk *out)
{
    if (n >= count)
        return false;
    *out = (struct host_disk){disks[n].sectors, disks[n].read_only};
    return true;
}

static uint8_t *place(unsigned n, uint64_t sector)
{
    return disks[n].bytes + sector * HOST_SECTOR;
}

bool host_disk_read(unsigned n, uint64_t sector, void *buf, uint32_t sectors)
{
    memcpy(buf, place(n, sector), (size_t)sectors * HOST_SECTOR);
    return true;
}

bool host_disk_write(unsigned n, uint64_t sector, const void *buf, uint32_t sectors)
{
    memcpy(place(n, sector), buf, (size_t)sectors * HOST_SECTOR);
    return true;
}

bool host_disk_flush(unsigned n)
{
    (void)n;
    return true;
}

bool host_disk_discard(unsigned n, uint64_t sector, uint32_t sectors)
{
    (void)n, (void)sector, (void)sectors;
    return true;
}

bool host_disk_zero(unsigned n, uint64_t sector, uint32_t sectors, bool unmap)
{
    (void)unmap;
    memset(place(n, sector), 0, (size_t)sectors * HOST_SECTOR);
    return true;
}
