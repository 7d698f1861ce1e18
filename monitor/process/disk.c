/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Disks of the process host: files that the loader has opened, reached by system calls that return
 * when the work is done. A file that the guest writes holds it at once as far as other programs
 * see; on the medium it is after a flush (fdatasync). What the system refuses is said in the log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/falloc.h>

#include "monitor/host_io.h"
#include "monitor/log.h"
#include "monitor/process/process.h"
#include "monitor/process/sys.h"

#define ZEROS      (64u << 10)
#define MOST_LINES 20u /* of trouble, a disk: a guest tries again and again */

static struct {
    int fd;
    uint64_t sectors;
    bool read_only;
    unsigned lines;
} disks[PLAN_DISKS];
static unsigned count;

void process_disk_init(const struct plan *plan, const struct process_io *io)
{
    count = plan->disks < io->disks ? plan->disks : io->disks;
    for (unsigned i = 0; i < count; i++) {
        disks[i].fd = io->disk[i];
        disks[i].sectors = plan->disk[i].sectors;
        disks[i].read_only = plan->disk[i].flags & PLAN_DISK_READ;
    }
}

bool host_disk(unsigned n, struct host_disk *out)
{
    if (n >= count)
        return false;
    *out = (struct host_disk){disks[n].sectors, disks[n].read_only};
    return true;
}

/* RESULT is what a system call gave. */
static bool trouble(unsigned n, const char *what, uint64_t sector, int64_t result)
{
    if (disks[n].lines++ < MOST_LINES)
        log_line("ring1: disk %u: %s at sector %lu: %s (error %d)", n, what, (unsigned long)sector,
                 result == 0         ? "the file has become shorter"
                 : result == -ENOSPC ? "no space is left on the host"
                 : result == -EFBIG  ? "the file would become too large"
                 : result == -EIO    ? "input/output error"
                                     : "refused",
                 (int)-result);
    return false;
}

/* NUMBER is pread64 or pwrite64. */
static bool move(unsigned n, int64_t number, const char *what, uint64_t sector, const void *buf,
                 uint64_t bytes)
{
    uint64_t at = sector * HOST_SECTOR;
    for (const uint8_t *p = buf; bytes;) {
        int64_t got = sys_call6(number, (uint64_t)disks[n].fd, (uint64_t)p, bytes, at, 0, 0);
        if (got == -EINTR)
            continue;
        if (got <= 0)
            return trouble(n, what, at / HOST_SECTOR, got);
        p += got;
        at += (uint64_t)got;
        bytes -= (uint64_t)got;
    }
    return true;
}

static bool move_all(unsigned n, int64_t number, const char *what, uint64_t sector,
                     const struct host_span *s, unsigned spans)
{
    for (unsigned i = 0; i < spans; sector += s[i++].sectors) {
        if (!move(n, number, what, sector, s[i].at, (uint64_t)s[i].sectors * HOST_SECTOR))
            return false;
    }
    return true;
}

bool host_disk_read(unsigned n, uint64_t sector, const struct host_span *to, unsigned spans)
{
    return move_all(n, __NR_pread64, "read", sector, to, spans);
}

bool host_disk_write(unsigned n, uint64_t sector, const struct host_span *from, unsigned spans)
{
    return move_all(n, __NR_pwrite64, "write", sector, from, spans);
}

bool host_disk_flush(unsigned n)
{
    int64_t result = 0;
    if (disks[n].read_only)
        return true;
    do
        result = sys_call6(__NR_fdatasync, (uint64_t)disks[n].fd, 0, 0, 0, 0, 0);
    while (result == -EINTR);
    return result == 0 || trouble(n, "flush", 0, result);
}

static int64_t allocate(unsigned n, int mode, uint64_t sector, uint64_t sectors)
{
    int64_t result;
    do
        result = sys_call6(__NR_fallocate, (uint64_t)disks[n].fd, (uint64_t)mode,
                           sector * HOST_SECTOR, sectors * HOST_SECTOR, 0, 0);
    while (result == -EINTR);
    return result;
}

bool host_disk_discard(unsigned n, uint64_t sector, uint32_t sectors)
{
    if (sectors) /* a file system that cannot is no trouble */
        allocate(n, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, sector, sectors);
    return true;
}

static bool write_zeros(unsigned n, uint64_t sector, uint64_t sectors)
{
    static const uint8_t zeros[ZEROS];
    while (sectors) {
        uint64_t some = sectors < ZEROS / HOST_SECTOR ? sectors : ZEROS / HOST_SECTOR;
        if (!move(n, __NR_pwrite64, "write", sector, zeros, some * HOST_SECTOR))
            return false;
        sector += some;
        sectors -= some;
    }
    return true;
}

bool host_disk_zero(unsigned n, uint64_t sector, uint32_t sectors, bool unmap)
{
    int mode = (unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE) | FALLOC_FL_KEEP_SIZE;
    return !sectors || allocate(n, mode, sector, sectors) == 0 || write_zeros(n, sector, sectors);
}

/* A file is read from memory, as a rule, sooner than somebody else could be asked to. */
bool host_disk_begin(unsigned n, uint64_t sector, const struct host_span *to, unsigned spans,
                     unsigned tag)
{
    (void)n, (void)sector, (void)to, (void)spans, (void)tag;
    return false;
}

bool host_disk_done(unsigned n, unsigned *tag, bool *ok)
{
    (void)n, (void)tag, (void)ok;
    return false;
}
