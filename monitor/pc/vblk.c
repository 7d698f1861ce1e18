/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A driver for the host machine's virtio block devices (virtio 1.2, section 5.2), one request at a
 * time, waited for by looking: the guest stands still meanwhile, as it does for a disk in memory.
 * A device that does not answer, or wrongly, is not asked again.
 */
#include "monitor/log.h"
#include "monitor/pc/disk.h"
#include "monitor/pc/pc.h"
#include "monitor/pc/vq.h"
#include "monitor/pool.h"

#define PARTS        (HOST_SPANS + 2) /* a header, pieces, a status */
#define PATIENCE_NS  30000000000ull
#define MOST_LINES   20u
#define ZERO_SECTORS 64u

/* Feature bits. */
#define F_RO           (1ull << 5)
#define F_FLUSH        (1ull << 9)
#define F_DISCARD      (1ull << 13)
#define F_WRITE_ZEROES (1ull << 14)
#define WANTED         (F_RO | F_FLUSH | F_DISCARD | F_WRITE_ZEROES)

/* Fields of the device's configuration (5.2.4). */
enum config { CONFIG_CAPACITY = 0, CONFIG_MAX_DISCARD = 36, CONFIG_MAX_ZEROES = 48 };

static const struct vq_kind kind = {.device = 0x1042, .transitional = 0x1001};

/* What a request has beside its data. */
struct shared {
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header;
    struct {
        uint64_t sector;
        uint32_t count, flags;
    } range;
    uint8_t status;
};

static struct vblk {
    struct vq_device device;
    struct vq queue;
    volatile struct shared *shared;
    uint32_t most[2]; /* sectors of a discard, of a zeroing */
    unsigned lines;
    bool dead;
} devices[PLAN_DISKS];

static bool start(struct vblk *d)
{
    hfn_t f = pool_get_run(pc_cpu.pool, 1);
    if (!f.v || !vq_start(&d->device, &d->queue, 0, PARTS, false))
        return false;
    d->shared = host_frame_ptr(f);
    vq_go(&d->device);
    return true;
}

bool vblk_open(unsigned n, struct host_disk *out)
{
    struct vblk *d = &devices[n];
    if (!vq_open(&d->device, kind, n, WANTED) || !start(d))
        return false;
    out->sectors = vq_config(&d->device, CONFIG_CAPACITY) |
                   (uint64_t)vq_config(&d->device, CONFIG_CAPACITY + 4) << 32;
    out->read_only = d->device.features & F_RO;
    d->most[0] = vq_config(&d->device, CONFIG_MAX_DISCARD);
    d->most[1] = vq_config(&d->device, CONFIG_MAX_ZEROES);
    return true;
}

/* ---- Requests ---------------------------------------------------------------------- */

enum type { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_DISCARD = 11, T_WRITE_ZEROES = 13 };

/* False: not in time, or not as the device must. */
static bool answered(struct vblk *d)
{
    uint64_t until = host_now_ns() + PATIENCE_NS;
    enum vq_answer answer;
    unsigned head;
    uint32_t len;
    while ((answer = vq_take(&d->queue, &head, &len)) == VQ_NONE) {
        __asm__ volatile("pause" : : : "memory");
        if (host_now_ns() > until)
            return false;
    }
    return answer == VQ_GOT;
}

/* With these pieces of data. False: not done; the log says so. */
static bool request(struct vblk *d, enum type type, uint64_t sector, const struct host_span *data,
                    unsigned spans)
{
    volatile struct shared *s = d->shared;
    struct vq *q = &d->queue;
    unsigned parts = 0;
    if (d->dead)
        return false;
    s->header.type = type;
    s->header.sector = sector;
    s->status = 0xff;
    vq_link(q, parts++, &s->header, sizeof s->header, false, false);
    for (unsigned i = 0; i < spans; i++)
        vq_link(q, parts++, data[i].at, data[i].sectors * HOST_SECTOR, type == T_IN, false);
    if (type == T_DISCARD || type == T_WRITE_ZEROES)
        vq_link(q, parts++, &s->range, sizeof s->range, false, false);
    vq_link(q, parts, &s->status, 1, true, true);
    vq_offer(q, 0);
    vq_kick(q);
    d->dead = !answered(d);
    if (!d->dead && s->status == 0)
        return true;
    if (d->lines++ < MOST_LINES)
        log_line("ring1: the machine's block device in slot %u: request %u at sector %lu %s",
                 d->device.pci.slot, type, (unsigned long)sector,
                 d->dead ? "had no answer, or a wrong one" : "failed");
    return false;
}

static bool ranges(struct vblk *d, enum type type, const struct pc_disk_call *c, uint32_t most)
{
    for (uint32_t done = 0, some; done < c->count; done += some) {
        some = c->count - done < most ? c->count - done : most;
        d->shared->range.sector = c->sector + done;
        d->shared->range.count = some;
        d->shared->range.flags = c->work == DISK_UNMAP;
        if (!request(d, type, 0, NULL, 0))
            return false;
    }
    return true;
}

static bool write_zeros(struct vblk *d, const struct pc_disk_call *c)
{
    static const uint8_t zeros[ZERO_SECTORS * HOST_SECTOR];
    for (uint32_t done = 0; done < c->count;) {
        struct host_span s = {(void *)(uintptr_t)zeros, c->count - done};
        if (s.sectors > ZERO_SECTORS)
            s.sectors = ZERO_SECTORS;
        if (!request(d, T_OUT, c->sector + done, &s, 1))
            return false;
        done += s.sectors;
    }
    return true;
}

bool vblk_do(unsigned n, const struct pc_disk_call *c)
{
    struct vblk *d = &devices[n];
    switch (c->work) {
    case DISK_READ:
        return request(d, T_IN, c->sector, c->s, c->spans);
    case DISK_WRITE:
        return request(d, T_OUT, c->sector, c->s, c->spans);
    case DISK_FLUSH: /* without the feature each write is flushed */
        return !(d->device.features & F_FLUSH) || request(d, T_FLUSH, 0, NULL, 0);
    case DISK_DISCARD:
        return !(d->device.features & F_DISCARD) || !d->most[0] ||
               ranges(d, T_DISCARD, c, d->most[0]);
    case DISK_ZERO:
    case DISK_UNMAP:
        if ((d->device.features & F_WRITE_ZEROES) && d->most[1])
            return ranges(d, T_WRITE_ZEROES, c, d->most[1]);
        return write_zeros(d, c);
    }
    return false;
}
