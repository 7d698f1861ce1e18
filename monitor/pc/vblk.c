/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A driver for the host machine's virtio block devices (virtio 1.2, section 5.2), one request at a
 * time, waited for by looking: the guest stands still meanwhile, as it does for a disk in memory.
 * Each device has a queue of four entries, of which the three descriptors of a request are the same
 * each time. A device that does not answer is not asked again.
 */
#include "monitor/layout.h"
#include "monitor/log.h"
#include "monitor/pc/disk.h"
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"
#include "monitor/pc/pci.h"
#include "monitor/pool.h"

#define DEVICE_OLD   0x1001u /* PCI device of a transitional one */
#define DEVICE       0x1042u
#define MONITOR_PHYS 0x200000u
#define ENTRIES      64u /* a header, HOST_SPANS pieces, a status; a power of two */
#define PATIENCE_NS  30000000000ull
#define MOST_LINES   20u
#define ZERO_SECTORS 64u

/* Feature bits. */
#define F_RO           (1ull << 5)
#define F_FLUSH        (1ull << 9)
#define F_DISCARD      (1ull << 13)
#define F_WRITE_ZEROES (1ull << 14)
#define F_VERSION_1    (1ull << 32)
#define WANTED         (F_RO | F_FLUSH | F_DISCARD | F_WRITE_ZEROES | F_VERSION_1)

/* Registers of the common configuration (4.1.4.3) and fields of the device's own (5.2.4). */
enum common {
    C_DEVICE_SELECT = 0x00,
    C_DEVICE_FEATURES = 0x04,
    C_DRIVER_SELECT = 0x08,
    C_DRIVER_FEATURES = 0x0c,
    C_STATUS = 0x14,
    C_QUEUE_SELECT = 0x16,
    C_QUEUE_SIZE = 0x18,
    C_QUEUE_ENABLE = 0x1c,
    C_QUEUE_NOTIFY = 0x1e,
    C_QUEUE_DESCRIPTORS = 0x20,
    C_QUEUE_DRIVER = 0x28,
    C_QUEUE_DEVICE = 0x30,
};
enum config { CONFIG_CAPACITY = 0, CONFIG_MAX_DISCARD = 36, CONFIG_MAX_ZEROES = 48 };
enum status { S_ACKNOWLEDGE = 1, S_DRIVER = 2, S_DRIVER_OK = 4, S_FEATURES_OK = 8 };
enum descriptor_flags { D_NEXT = 1, D_WRITE = 2 };

struct descriptor {
    uint64_t address;
    uint32_t len;
    uint16_t flags, next;
};

/* All that the device reads and writes, but for the data: one page. */
struct shared {
    struct descriptor table[ENTRIES];
    struct {
        uint16_t flags, index, ring[ENTRIES];
    } avail;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t id, len;
        } ring[ENTRIES];
    } used __attribute__((aligned(4)));
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header __attribute__((aligned(16)));
    struct {
        uint64_t sector;
        uint32_t count, flags;
    } range;
    uint8_t status;
};

_Static_assert(HOST_SPANS + 2 <= ENTRIES, "a request fits");

static struct vblk {
    struct pc_virtio pci;
    struct pc_virtio_place doorbell;
    volatile struct shared *shared;
    uint64_t features;
    uint32_t most[2]; /* sectors of a discard, of a zeroing */
    unsigned lines;
    bool dead;
} devices[PLAN_DISKS];

static uint64_t physical(const volatile void *at)
{
    uint64_t a = (uint64_t)at;
    return a >= MONITOR_BASE ? a - MONITOR_BASE + MONITOR_PHYS : a - DIRECT_MAP;
}

/* ---- Starting a device (3.1.1) -------------------------------------------------- */

static uint32_t get(const struct vblk *d, uint32_t reg, unsigned size)
{
    return pc_virtio_read(&d->pci, d->pci.common, reg, size);
}

static void set(const struct vblk *d, uint32_t reg, unsigned size, uint32_t value)
{
    pc_virtio_write(&d->pci, d->pci.common, reg, size, value);
}

static void set64(const struct vblk *d, uint32_t reg, uint64_t value)
{
    set(d, reg, 4, (uint32_t)value);
    set(d, reg + 4, 4, (uint32_t)(value >> 32));
}

static uint32_t config(const struct vblk *d, uint32_t offset)
{
    return pc_virtio_read(&d->pci, d->pci.device, offset, 4);
}

static bool negotiate(struct vblk *d)
{
    set(d, C_STATUS, 1, 0);
    set(d, C_STATUS, 1, S_ACKNOWLEDGE);
    set(d, C_STATUS, 1, S_ACKNOWLEDGE | S_DRIVER);
    for (unsigned i = 0; i < 2; i++) {
        set(d, C_DEVICE_SELECT, 4, i);
        d->features |= ((uint64_t)get(d, C_DEVICE_FEATURES, 4) << 32 * i) & WANTED;
    }
    for (unsigned i = 0; i < 2; i++) {
        set(d, C_DRIVER_SELECT, 4, i);
        set(d, C_DRIVER_FEATURES, 4, (uint32_t)(d->features >> 32 * i));
    }
    set(d, C_STATUS, 1, S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK);
    return get(d, C_STATUS, 1) & S_FEATURES_OK;
}

static bool start_queue(struct vblk *d)
{
    hfn_t f = pool_get_run(pc_cpu.pool, 1);
    if (!f.v || sizeof *d->shared > PAGE_SIZE)
        return false;
    d->shared = host_frame_ptr(f);
    d->shared->avail.flags = 1; /* no interrupts */
    set(d, C_QUEUE_SELECT, 2, 0);
    set(d, C_QUEUE_SIZE, 2, ENTRIES);
    set64(d, C_QUEUE_DESCRIPTORS, physical(d->shared->table));
    set64(d, C_QUEUE_DRIVER, physical(&d->shared->avail));
    set64(d, C_QUEUE_DEVICE, physical(&d->shared->used));
    d->doorbell = d->pci.notify;
    d->doorbell.offset += get(d, C_QUEUE_NOTIFY, 2) * d->pci.notify_each;
    set(d, C_QUEUE_ENABLE, 2, 1);
    set(d, C_STATUS, 1, S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK | S_DRIVER_OK);
    return true;
}

/* The slot of the machine's Nth block device; PC_PCI_SLOTS: there is none. */
static unsigned find(unsigned n)
{
    for (unsigned slot = 0; slot < PC_PCI_SLOTS; slot++) {
        uint32_t id = pc_pci_read(slot, 2, 2);
        bool is_one = (id == DEVICE || id == DEVICE_OLD) && pc_pci_read(slot, 0, 2) == 0x1af4;
        if (is_one && n-- == 0)
            return slot;
    }
    return PC_PCI_SLOTS;
}

bool vblk_open(unsigned n, struct host_disk *out)
{
    struct vblk *d = &devices[n];
    unsigned slot = find(n);
    if (slot == PC_PCI_SLOTS || !pc_virtio_find(slot, &d->pci) || !negotiate(d) || !start_queue(d))
        return false;
    out->sectors = config(d, CONFIG_CAPACITY) | (uint64_t)config(d, CONFIG_CAPACITY + 4) << 32;
    out->read_only = d->features & F_RO;
    d->most[0] = config(d, CONFIG_MAX_DISCARD);
    d->most[1] = config(d, CONFIG_MAX_ZEROES);
    return true;
}

/* ---- Requests ---------------------------------------------------------------------- */

enum type { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_DISCARD = 11, T_WRITE_ZEROES = 13 };

static bool answered(struct vblk *d)
{
    uint64_t until = host_now_ns() + PATIENCE_NS;
    while (d->shared->used.index != d->shared->avail.index) {
        __asm__ volatile("pause" : : : "memory");
        if (host_now_ns() > until)
            return false;
    }
    return true;
}

static void link(struct vblk *d, unsigned i, const volatile void *at, uint32_t len, bool write,
                 bool last)
{
    d->shared->table[i].address = physical(at);
    d->shared->table[i].len = len;
    d->shared->table[i].flags = (uint16_t)((write ? D_WRITE : 0) | (last ? 0 : D_NEXT));
    d->shared->table[i].next = (uint16_t)(i + 1);
}

/* With these pieces of data. False: not done; the log says so. */
static bool request(struct vblk *d, enum type type, uint64_t sector, const struct host_span *data,
                    unsigned spans)
{
    volatile struct shared *s = d->shared;
    unsigned parts = 0;
    if (d->dead)
        return false;
    s->header.type = type;
    s->header.sector = sector;
    s->status = 0xff;
    link(d, parts++, &s->header, sizeof s->header, false, false);
    for (unsigned i = 0; i < spans; i++)
        link(d, parts++, data[i].at, data[i].sectors * HOST_SECTOR, type == T_IN, false);
    if (type == T_DISCARD || type == T_WRITE_ZEROES)
        link(d, parts++, &s->range, sizeof s->range, false, false);
    link(d, parts, &s->status, 1, true, true);
    s->avail.ring[s->avail.index % ENTRIES] = 0;
    __asm__ volatile("mfence"
                     :
                     :
                     : "memory"); /* the entry before the index, that before the bell */
    s->avail.index++;
    __asm__ volatile("mfence" : : : "memory");
    pc_virtio_write(&d->pci, d->doorbell, 0, 2, 0);
    d->dead = !answered(d);
    if (!d->dead && s->status == 0)
        return true;
    if (d->lines++ < MOST_LINES)
        log_line("ring1: the machine's block device in slot %u: request %u at sector %lu %s",
                 d->pci.slot, type, (unsigned long)sector, d->dead ? "was not answered" : "failed");
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
        return !(d->features & F_FLUSH) || request(d, T_FLUSH, 0, NULL, 0);
    case DISK_DISCARD:
        return !(d->features & F_DISCARD) || !d->most[0] || ranges(d, T_DISCARD, c, d->most[0]);
    case DISK_ZERO:
    case DISK_UNMAP:
        if ((d->features & F_WRITE_ZEROES) && d->most[1])
            return ranges(d, T_WRITE_ZEROES, c, d->most[1]);
        return write_zeros(d, c);
    }
    return false;
}
