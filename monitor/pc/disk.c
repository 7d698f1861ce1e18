/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's disks on a PC: which of the plan's is what (disk.h).
 */
#include "monitor/pc/disk.h"

#include "monitor/log.h"
#include "monitor/pc/pc.h"

static struct {
    struct host_disk is;
    uint8_t *bytes;  /* in the plan; NULL: it is ... */
    unsigned device; /* ... the machine's */
} disks[PLAN_DISKS];
static unsigned count;

static bool in_plan(const struct plan *plan, const struct plan_disk *d)
{
    return d->sectors <= plan->total_size / HOST_SECTOR &&
           d->file_offset + d->sectors * HOST_SECTOR <= plan->total_size;
}

/* The guest sees as much of a device as the plan says, if that much is there. */
static bool open_device(unsigned n, unsigned device, uint64_t sectors)
{
    struct host_disk is;
    disks[n].device = device;
    if (vblk_open(device, &is) && is.sectors >= sectors) {
        disks[n].is.read_only |= is.read_only;
        return true;
    }
    log_line("ring1: disk %u: this machine has no block device for it that works", n);
    return false;
}

/* The plan is not to be trusted. */
bool pc_disk_init(const struct plan *plan)
{
    unsigned devices = 0;
    for (unsigned i = 0; i < plan->disks && i < PLAN_DISKS; i++) {
        const struct plan_disk *d = &plan->disk[i];
        disks[i].is = (struct host_disk){d->sectors, d->flags & PLAN_DISK_READ};
        if (d->file_offset)
            disks[i].bytes = (uint8_t *)(uintptr_t)plan + d->file_offset;
        if (d->file_offset && !in_plan(plan, d)) {
            log_line("ring1: boot plan: disk %u leaves the plan", i);
            return false;
        }
        if (!d->file_offset && !open_device(i, devices++, d->sectors))
            return false;
        count = i + 1;
    }
    return true;
}

bool host_disk(unsigned n, struct host_disk *out)
{
    if (n < count)
        *out = disks[n].is;
    return n < count;
}

static bool work(unsigned n, const struct pc_disk_call c)
{
    if (!disks[n].bytes)
        return vblk_do(disks[n].device, &c);
    ramdisk_do(disks[n].bytes, &c);
    return true;
}

bool host_disk_read(unsigned n, uint64_t sector, const struct host_span *to, unsigned spans)
{
    return work(n, (struct pc_disk_call){DISK_READ, sector, 0, to, spans});
}

bool host_disk_write(unsigned n, uint64_t sector, const struct host_span *from, unsigned spans)
{
    return work(n, (struct pc_disk_call){DISK_WRITE, sector, 0, from, spans});
}

bool host_disk_flush(unsigned n)
{
    return work(n, (struct pc_disk_call){DISK_FLUSH, 0, 0, NULL, 0});
}

bool host_disk_discard(unsigned n, uint64_t sector, uint32_t sectors)
{
    return work(n, (struct pc_disk_call){DISK_DISCARD, sector, sectors, NULL, 0});
}

bool host_disk_zero(unsigned n, uint64_t sector, uint32_t sectors, bool unmap)
{
    return work(n, (struct pc_disk_call){unmap ? DISK_UNMAP : DISK_ZERO, sector, sectors, NULL, 0});
}

bool host_disk_begin(unsigned n, uint64_t sector, const struct host_span *to, unsigned spans,
                     unsigned tag)
{
    const struct pc_disk_call c = {DISK_READ, sector, 0, to, spans};
    return !disks[n].bytes && vblk_begin(disks[n].device, &c, tag);
}

bool host_disk_done(unsigned n, unsigned *tag, bool *ok)
{
    return !disks[n].bytes && vblk_done(disks[n].device, tag, ok);
}
