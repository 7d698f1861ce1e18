/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A driver for the host machine's virtio block devices (virtio 1.2, section 5.2). One request at a
 * time is waited for by looking, while the guest stands still, as it does for a disk in memory;
 * beside it reads can be under way for which the guest does not wait, and whose end interrupts.
 * Each has a place of its own among the descriptors. A device that does not answer, or wrongly, is
 * switched off.
 */
#include "monitor/log.h"
#include "monitor/pc/disk.h"
#include "monitor/pc/line.h"
#include "monitor/pc/pc.h"
#include "monitor/pool.h"

#define PARTS        (HOST_SPANS + 2) /* a header, pieces, a status */
#define LEAST        4u               /* entries of a queue */
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

/* The place of the request that is waited for, and of the read that is called TAG. */
enum place { WAITED, READ, PLACES = READ + HOST_READS };
_Static_assert(PLACES *PARTS <= VQ_ENTRIES, "descriptors for all, if the device has them");

struct request {
    bool busy, over, ok;
    uint32_t type;
    uint64_t sector, until; /* the latest that it must be over */
};

static struct vblk {
    struct vq_device device;
    struct vq queue;
    volatile struct shared *shared; /* for each place */
    struct request request[PLACES];
    unsigned parts;   /* descriptors of a place ... */
    unsigned places;  /* ... and for how many the device's queue has room */
    uint32_t most[2]; /* sectors of a discard, of a zeroing */
    unsigned lines;
    bool line; /* it can interrupt */
    bool dead;
} devices[PLAN_DISKS];

static bool start(struct vblk *d)
{
    hfn_t f = pool_get_run(pc_cpu.pool, 1);
    if (!f.v || !vq_start(&d->device, &d->queue, 0, LEAST, false))
        return false;
    d->shared = host_frame_ptr(f);
    d->parts = d->queue.entries < PARTS ? d->queue.entries : PARTS;
    d->places = d->queue.entries / d->parts;
    vq_go(&d->device);
    d->line = line_listen(&d->device);
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

/* For good: what is under way has failed. */
static void die(struct vblk *d)
{
    d->dead = true;
    vq_stop(&d->device);
    for (unsigned i = 0; i < PLACES; i++)
        d->request[i].over = d->request[i].busy;
}

/* Takes back what the device is done with. */
static void collect(struct vblk *d)
{
    enum vq_answer answer;
    unsigned head;
    uint32_t len;
    while (!d->dead && (answer = vq_take(&d->queue, &head, &len)) != VQ_NONE) {
        struct request *r = &d->request[head / d->parts];
        if (answer == VQ_WRONG) {
            die(d);
            return;
        }
        r->over = true;
        r->ok = d->shared[head / d->parts].status == 0;
    }
}

/* With these pieces of data. */
static void submit(struct vblk *d, unsigned place, enum type type, uint64_t sector,
                   const struct host_span *data, unsigned spans)
{
    volatile struct shared *s = &d->shared[place];
    unsigned head = place * d->parts, parts = head;
    struct vq *q = &d->queue;
    d->request[place] = (struct request){
        .busy = true, .type = type, .sector = sector, .until = host_now_ns() + PATIENCE_NS};
    s->header.type = type;
    s->header.sector = sector;
    s->status = 0xff;
    vq_link(q, parts++, &s->header, sizeof s->header, false, false);
    for (unsigned i = 0; i < spans; i++)
        vq_link(q, parts++, data[i].at, data[i].sectors * HOST_SECTOR, type == T_IN, false);
    if (type == T_DISCARD || type == T_WRITE_ZEROES)
        vq_link(q, parts++, &s->range, sizeof s->range, false, false);
    vq_link(q, parts, &s->status, 1, true, true);
    vq_offer(q, head);
    vq_kick(q);
}

/* It is over. False: it was not done; the log says so. */
static bool finish(struct vblk *d, unsigned place)
{
    struct request *r = &d->request[place];
    r->busy = false;
    if (!r->ok && d->lines++ < MOST_LINES)
        log_line("ring1: the machine's block device in slot %u: request %u at sector %lu %s",
                 d->device.pci.slot, r->type, (unsigned long)r->sector,
                 d->dead ? "had no answer, or a wrong one" : "failed");
    return r->ok;
}

static bool request(struct vblk *d, enum type type, uint64_t sector, const struct host_span *data,
                    unsigned spans)
{
    struct request *r = &d->request[WAITED];
    if (d->dead)
        return false;
    submit(d, WAITED, type, sector, data, spans);
    while (collect(d), !r->over) {
        __asm__ volatile("pause" : : : "memory");
        if (host_now_ns() > r->until)
            die(d);
    }
    return finish(d, WAITED);
}

/* Without an interrupt the guest would wait for the next tick. */
bool vblk_begin(unsigned n, const struct pc_disk_call *c, unsigned tag)
{
    struct vblk *d = &devices[n];
    unsigned place = READ + tag;
    if (d->dead || !d->line || place >= d->places || d->request[place].busy ||
        c->spans > d->parts - 2)
        return false;
    vq_quiet(&d->queue, false);
    submit(d, place, T_IN, c->sector, c->s, c->spans);
    return true;
}

bool vblk_done(unsigned n, unsigned *tag, bool *ok)
{
    struct vblk *d = &devices[n];
    bool busy = false;
    collect(d);
    for (unsigned place = READ; place < PLACES; place++) {
        struct request *r = &d->request[place];
        if (r->busy && !r->over && host_now_ns() > r->until)
            die(d);
        busy |= r->busy;
        if (!r->busy || !r->over)
            continue;
        *tag = place - READ;
        *ok = finish(d, place);
        return true;
    }
    if (!busy && !d->dead)
        vq_quiet(&d->queue, true);
    return false;
}

/* In as many requests as the queue's length makes of it. */
static bool move(struct vblk *d, enum type type, const struct pc_disk_call *c)
{
    uint64_t sector = c->sector;
    for (unsigned done = 0, some; done < c->spans; done += some) {
        some = c->spans - done < d->parts - 2 ? c->spans - done : d->parts - 2;
        if (!request(d, type, sector, c->s + done, some))
            return false;
        for (unsigned i = 0; i < some; i++)
            sector += c->s[done + i].sectors;
    }
    return true;
}

static bool ranges(struct vblk *d, enum type type, const struct pc_disk_call *c, uint32_t most)
{
    for (uint32_t done = 0, some; done < c->count; done += some) {
        some = c->count - done < most ? c->count - done : most;
        d->shared[WAITED].range.sector = c->sector + done;
        d->shared[WAITED].range.count = some;
        d->shared[WAITED].range.flags = c->work == DISK_UNMAP;
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
        return move(d, T_IN, c);
    case DISK_WRITE:
        return move(d, T_OUT, c);
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
