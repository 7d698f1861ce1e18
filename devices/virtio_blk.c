/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See virtio_blk.h.
 */
#include "devices/virtio_blk.h"

#include "monitor/dma.h"
#include "monitor/host_io.h"
#include "monitor/mem.h"

/* Feature bits (5.2.3). */
#define F_SEG_MAX      (1ull << 2)
#define F_RO           (1ull << 5)
#define F_BLK_SIZE     (1ull << 6)
#define F_FLUSH        (1ull << 9)
#define F_DISCARD      (1ull << 13)
#define F_WRITE_ZEROES (1ull << 14)

enum request {
    T_IN = 0,
    T_OUT = 1,
    T_FLUSH = 4,
    T_GET_ID = 8,
    T_DISCARD = 11,
    T_WRITE_ZEROES = 13,
};
enum status { S_OK, S_IOERR, S_UNSUPPORTED };

struct header {
    uint32_t type, reserved;
    uint64_t sector;
};

/* A range to discard or to zero (5.2.6). */
struct range {
    uint64_t sector;
    uint32_t count, flags;
};
#define RANGE_UNMAP   1u
#define RANGES_MAX    16u
#define RANGE_LONGEST (1u << 22) /* sectors: 2 GiB */

#define QUEUE_SIZE 128
#define ID_SIZE    20u
#define SECTOR     HOST_SECTOR

static struct virtio_blk *blk(const struct virtio_dev *d)
{
    return (struct virtio_blk *)(void *)d->v;
}

bool virtio_blk_attach(struct virtio_blk *b, unsigned n)
{
    struct host_disk disk;
    if (!host_disk(n, &disk))
        return false;
    b->disk = (uint8_t)n;
    b->sectors = disk.sectors;
    b->read_only = disk.read_only;
    return true;
}

/* ---- Configuration (5.2.4) ------------------------------------------------- */

static uint64_t features(const struct virtio_dev *d)
{
    uint64_t all = F_SEG_MAX | F_BLK_SIZE | F_FLUSH;
    return all | (blk(d)->read_only ? F_RO : F_DISCARD | F_WRITE_ZEROES);
}

/* Every field that is not 0, SIZE bytes at OFFSET. */
static uint8_t read_config(const struct virtio_dev *d, unsigned offset)
{
    const struct {
        uint8_t at, size;
        uint64_t value;
    } fields[] = {
        {0, 8, blk(d)->sectors}, /* capacity */
        {12, 4, QUEUE_SIZE - 2}, /* seg_max: a chain has a header and a status, too */
        {20, 4, SECTOR},         /* blk_size */
        {34, 2, 1},              /* num_queues */
        {36, 4, RANGE_LONGEST},  /* max_discard_sectors */
        {40, 4, RANGES_MAX},     /* max_discard_seg */
        {44, 4, 1},              /* discard_sector_alignment */
        {48, 4, RANGE_LONGEST},  /* max_write_zeroes_sectors */
        {52, 4, RANGES_MAX},     /* max_write_zeroes_seg */
        {56, 1, 1},              /* write_zeroes_may_unmap */
    };
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
        if (offset >= fields[i].at && offset < (unsigned)fields[i].at + fields[i].size)
            return (uint8_t)(fields[i].value >> 8 * (offset - fields[i].at));
    }
    return 0;
}

/* ---- Reading and writing ---------------------------------------------------- */

/* Where a transfer is: SECTORS are left, from .sector of the disk and byte .offset of the buffers
 * on. */
struct transfer {
    bool write; /* the disk */
    uint64_t sector, left;
    size_t offset;
};

static bool move(const struct virtio_dev *d, const struct transfer *t, const struct host_span *s,
                 unsigned spans)
{
    return t->write ? host_disk_write(blk(d)->disk, t->sector, s, spans)
                    : host_disk_read(blk(d)->disk, t->sector, s, spans);
}

/* A sector of which no single buffer holds all. */
static uint32_t move_one(const struct virtio_dev *d, const struct transfer *t)
{
    uint8_t buf[SECTOR];
    const struct host_span s = {buf, 1};
    if (t->write)
        return virtq_read(d->vm, d->chain, t->offset, buf, SECTOR) == SECTOR && move(d, t, &s, 1);
    return move(d, t, &s, 1) && virtq_write(d->vm, d->chain, t->offset, buf, SECTOR) == SECTOR;
}

/* What lies in a row in the host's memory from byte OFFSET of the buffers on, in whole sectors. */
static struct host_span next_span(const struct virtio_dev *d, const struct transfer *t,
                                  size_t offset, uint64_t left)
{
    struct virtq_part p = virtq_piece(d->chain, !t->write, offset, left * SECTOR);
    size_t got = 0;
    void *at = p.len ? dma_lend(d->vm, gpa(p.at), p.len, &got) : NULL;
    return (struct host_span){at, at ? (uint32_t)(got / SECTOR) : 0};
}

/* What was read into the buffers from OFFSET on is told of. */
static void tell(const struct virtio_dev *d, size_t offset, uint64_t bytes)
{
    while (bytes) {
        struct virtq_part p = virtq_piece(d->chain, true, offset, bytes);
        dma_wrote(d->vm, gpa(p.at), p.len);
        offset += p.len;
        bytes -= p.len;
    }
}

/* As many sectors as there are spans for; how many (0: an error). */
static uint32_t move_some(const struct virtio_dev *d, const struct transfer *t)
{
    struct host_span s[HOST_SPANS];
    unsigned n = 0;
    uint32_t sectors = 0;
    while (n < HOST_SPANS && sectors < t->left) {
        s[n] = next_span(d, t, t->offset + (size_t)sectors * SECTOR, t->left - sectors);
        if (!s[n].sectors)
            break;
        sectors += s[n++].sectors;
    }
    if (!n)
        return move_one(d, t);
    bool ok = move(d, t, s, n);
    if (!t->write)
        tell(d, t->offset, (uint64_t)sectors * SECTOR);
    return ok ? sectors : 0;
}

static bool in_disk(const struct virtio_dev *d, uint64_t sector, uint64_t count)
{
    return sector <= blk(d)->sectors && count <= blk(d)->sectors - sector;
}

static bool flushed(const struct virtio_dev *d)
{
    return (d->v->features & F_FLUSH) || host_disk_flush(blk(d)->disk);
}

/* BYTES from OFFSET of the buffers on, and the disk from SECTOR on. */
static enum status transfer(const struct virtio_dev *d, bool write, uint64_t sector, size_t offset,
                            uint32_t bytes)
{
    struct transfer t = {write, sector, bytes / SECTOR, offset};
    if (bytes % SECTOR || !in_disk(d, sector, t.left) || (write && blk(d)->read_only))
        return S_IOERR;
    while (t.left) {
        uint32_t n = move_some(d, &t);
        if (!n)
            return S_IOERR;
        t.left -= n;
        t.sector += n;
        t.offset += (size_t)n * SECTOR;
    }
    return !write || flushed(d) ? S_OK : S_IOERR;
}

/* ---- Reads that the host does meanwhile ---------------------------------------- */

/* One that is over: its end is the driver's to know, if the device still works. */
static void complete(const struct virtio_dev *d, unsigned tag, bool ok)
{
    struct virtio_blk_read *r = &blk(d)->read[tag];
    uint8_t status = ok ? S_OK : S_IOERR;
    uint32_t bytes = 0;
    for (unsigned i = 0; i < r->parts; i++) {
        dma_wrote(d->vm, gpa(r->part[i].at), r->part[i].len);
        bytes += r->part[i].len;
    }
    r->busy = false;
    blk(d)->under_way--;
    if (!d->v->queue[0].ready || !virtio_runs(d))
        return;
    dma_write(d->vm, gpa(r->status), &status, 1);
    d->chain->head = r->head;
    virtio_give(d, 0, ok ? bytes + 1 : 0);
}

static void poll(const struct virtio_dev *d)
{
    unsigned tag;
    bool ok;
    while (blk(d)->under_way && host_disk_done(blk(d)->disk, &tag, &ok))
        complete(d, tag, ok);
}

/* The host may not write to memory that has become something else. */
static void settle(const struct virtio_dev *d)
{
    while (blk(d)->under_way)
        poll(d);
}

/* The chain's buffers for the device but the last byte, which is the status's, as pieces of host
 * memory in whole sectors; how many. 0: there are too many, or some are not whole sectors. */
static unsigned lay_out(const struct virtio_dev *d, struct virtio_blk_read *r, uint32_t bytes,
                        struct host_span *s)
{
    const struct transfer t = {.write = false};
    unsigned n = 0;
    r->parts = 0;
    for (uint32_t at = 0; at < bytes; at += s[n++].sectors * SECTOR) {
        if (n == HOST_SPANS)
            return 0;
        s[n] = next_span(d, &t, at, (bytes - at) / SECTOR);
        if (!s[n].sectors)
            return 0;
        r->part[r->parts++] = virtq_piece(d->chain, true, at, s[n].sectors * SECTOR);
    }
    return n;
}

/* False: it is to be done at once instead. */
static bool begin(const struct virtio_dev *d, const struct header *h, uint32_t room)
{
    struct virtio_blk *b = blk(d);
    struct host_span s[HOST_SPANS];
    unsigned tag = 0;
    while (tag < HOST_READS && b->read[tag].busy)
        tag++;
    if (h->type != T_IN || !room || room % SECTOR || tag == HOST_READS ||
        !in_disk(d, h->sector, room / SECTOR))
        return false;
    struct virtio_blk_read *r = &b->read[tag];
    unsigned spans = lay_out(d, r, room, s);
    if (!spans || !host_disk_begin(b->disk, h->sector, s, spans, tag))
        return false;
    r->busy = true;
    r->head = d->chain->head;
    r->status = virtq_piece(d->chain, true, room, 1).at;
    b->under_way++;
    return true;
}

/* ---- Other requests ---------------------------------------------------------- */

static enum status get_id(const struct virtio_dev *d, uint32_t room)
{
    char id[ID_SIZE] = "ring1-disk-";
    id[11] = (char)('0' + blk(d)->disk);
    return virtq_write(d->vm, d->chain, 0, id, room < ID_SIZE ? room : ID_SIZE) ? S_OK : S_IOERR;
}

/* Ranges that are not right do nothing, as if all were looked at first (5.2.6.2). */
static enum status check_range(const struct virtio_dev *d, bool zero, const struct range *r)
{
    if (r->flags & (zero ? ~RANGE_UNMAP : ~0u))
        return S_UNSUPPORTED;
    return in_disk(d, r->sector, r->count) && r->count <= RANGE_LONGEST ? S_OK : S_IOERR;
}

static enum status ranges(const struct virtio_dev *d, bool zero)
{
    struct range r[RANGES_MAX];
    uint32_t bytes = d->chain->read_bytes - (uint32_t)sizeof(struct header);
    unsigned n = bytes / sizeof *r, disk = blk(d)->disk;
    if (blk(d)->read_only || !n || n > RANGES_MAX || bytes % sizeof *r ||
        virtq_read(d->vm, d->chain, sizeof(struct header), r, bytes) != bytes)
        return S_IOERR;
    for (unsigned i = 0; i < n; i++) {
        enum status s = check_range(d, zero, &r[i]);
        if (s != S_OK)
            return s;
    }
    for (unsigned i = 0; i < n; i++) {
        bool ok = zero ? host_disk_zero(disk, r[i].sector, r[i].count, r[i].flags & RANGE_UNMAP)
                       : host_disk_discard(disk, r[i].sector, r[i].count);
        if (!ok)
            return S_IOERR;
    }
    return flushed(d) ? S_OK : S_IOERR;
}

/* ---- Requests ----------------------------------------------------------------- */

/* ROOM: bytes that can be written before the status. *WRITTEN: how many of them were. */
static enum status perform(const struct virtio_dev *d, const struct header *h, uint32_t room,
                           uint32_t *written)
{
    enum status s;
    switch (h->type) {
    case T_IN:
        s = transfer(d, false, h->sector, 0, room);
        *written = s == S_OK ? room : 0;
        return s;
    case T_OUT:
        return transfer(d, true, h->sector, sizeof *h, d->chain->read_bytes - (uint32_t)sizeof *h);
    case T_FLUSH:
        return host_disk_flush(blk(d)->disk) ? S_OK : S_IOERR;
    case T_GET_ID:
        *written = room < ID_SIZE ? room : ID_SIZE;
        return get_id(d, room);
    case T_DISCARD:
    case T_WRITE_ZEROES:
        return ranges(d, h->type == T_WRITE_ZEROES);
    default:
        return S_UNSUPPORTED;
    }
}

static void one(const struct virtio_dev *d, unsigned queue)
{
    struct header h;
    uint32_t written = 0;
    if (virtq_read(d->vm, d->chain, 0, &h, sizeof h) != sizeof h) {
        virtio_break(d, queue, "a request without a header");
        return;
    }
    if (!d->chain->write_bytes) {
        virtio_break(d, queue, "a request without a byte for its status");
        return;
    }
    uint32_t room = d->chain->write_bytes - 1;
    if (begin(d, &h, room))
        return;
    uint8_t status = (uint8_t)perform(d, &h, room, &written);
    virtq_write(d->vm, d->chain, room, &status, 1);
    virtio_give(d, queue, written == room ? room + 1 : written); /* without a gap (2.7.8.2) */
}

static void run(const struct virtio_dev *d, unsigned queue)
{
    while (virtio_take(d, queue))
        one(d, queue);
}

const struct virtio_class virtio_blk = {
    .name = "virtio-blk",
    .id = 2,
    .pci_id = 0x1001,
    .pci_class = 0x010000,
    .queues = 1,
    .queue_size = {QUEUE_SIZE},
    .config_size = 60,
    .features = features,
    .read_config = read_config,
    .run = run,
    .poll = poll,
    .settle = settle,
};
