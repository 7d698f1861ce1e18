/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See vq.h. Table and rings of a queue are a run of pages.
 */
#include "monitor/pc/vq.h"

#include "monitor/layout.h"
#include "monitor/pc/pc.h"
#include "monitor/pool.h"

#define VENDOR       0x1af4u
#define MONITOR_PHYS 0x200000u
#define F_VERSION_1  (1ull << 32)
#define NO_INTERRUPT 1u /* flag of the available ring */
#define NO_NOTIFY    1u /* of the used ring */

/* Registers of the common configuration (4.1.4.3). */
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
enum status { S_ACKNOWLEDGE = 1, S_DRIVER = 2, S_DRIVER_OK = 4, S_FEATURES_OK = 8 };
enum descriptor_flags { D_NEXT = 1, D_WRITE = 2 };

struct vq_ring {
    struct {
        uint64_t address;
        uint32_t len;
        uint16_t flags, next;
    } table[VQ_ENTRIES];
    struct {
        uint16_t flags, index, ring[VQ_ENTRIES];
    } avail;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t id, len;
        } ring[VQ_ENTRIES];
    } used __attribute__((aligned(4)));
};
#define RING_PAGES ((sizeof(struct vq_ring) + PAGE_SIZE - 1) / PAGE_SIZE)

static uint64_t physical(const volatile void *at)
{
    uint64_t a = (uint64_t)at;
    return a >= MONITOR_BASE ? a - MONITOR_BASE + MONITOR_PHYS : a - DIRECT_MAP;
}

/* ---- Starting a device (3.1.1) -------------------------------------------------- */

static uint32_t get(const struct vq_device *d, uint32_t reg, unsigned size)
{
    return pc_virtio_read(&d->pci, d->pci.common, reg, size);
}

static void set(const struct vq_device *d, uint32_t reg, unsigned size, uint32_t value)
{
    pc_virtio_write(&d->pci, d->pci.common, reg, size, value);
}

static void set64(const struct vq_device *d, uint32_t reg, uint64_t value)
{
    set(d, reg, 4, (uint32_t)value);
    set(d, reg + 4, 4, (uint32_t)(value >> 32));
}

/* The slot of the Nth; PC_PCI_SLOTS: there is none. */
static unsigned find(struct vq_kind kind, unsigned n)
{
    for (unsigned slot = 0; slot < PC_PCI_SLOTS; slot++) {
        uint32_t id = pc_pci_read(slot, 2, 2);
        bool is_one =
            (id == kind.device || id == kind.transitional) && pc_pci_read(slot, 0, 2) == VENDOR;
        if (is_one && n-- == 0)
            return slot;
    }
    return PC_PCI_SLOTS;
}

static bool negotiate(struct vq_device *d, uint64_t wanted)
{
    set(d, C_STATUS, 1, 0);
    set(d, C_STATUS, 1, S_ACKNOWLEDGE);
    set(d, C_STATUS, 1, S_ACKNOWLEDGE | S_DRIVER);
    d->features = 0;
    for (unsigned i = 0; i < 2; i++) {
        set(d, C_DEVICE_SELECT, 4, i);
        d->features |= (uint64_t)get(d, C_DEVICE_FEATURES, 4) << 32 * i;
    }
    d->features &= wanted | F_VERSION_1;
    for (unsigned i = 0; i < 2; i++) {
        set(d, C_DRIVER_SELECT, 4, i);
        set(d, C_DRIVER_FEATURES, 4, (uint32_t)(d->features >> 32 * i));
    }
    set(d, C_STATUS, 1, S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK);
    return (d->features & F_VERSION_1) && (get(d, C_STATUS, 1) & S_FEATURES_OK);
}

bool vq_open(struct vq_device *d, struct vq_kind kind, unsigned n, uint64_t wanted)
{
    unsigned slot = find(kind, n);
    return slot < PC_PCI_SLOTS && pc_virtio_find(slot, &d->pci) && negotiate(d, wanted);
}

uint32_t vq_config(const struct vq_device *d, uint32_t offset)
{
    return pc_virtio_read(&d->pci, d->pci.device, offset, 4);
}

void vq_go(const struct vq_device *d)
{
    set(d, C_STATUS, 1, S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK | S_DRIVER_OK);
}

void vq_stop(const struct vq_device *d)
{
    set(d, C_STATUS, 1, 0);
}

uint32_t vq_take_isr(const struct vq_device *d)
{
    return pc_virtio_read(&d->pci, d->pci.isr, 0, 1);
}

/* The device's own size is the most that it takes (4.1.4.3). */
static uint16_t entries(const struct vq_device *d)
{
    uint32_t most = get(d, C_QUEUE_SIZE, 2);
    uint16_t n = VQ_ENTRIES;
    while (n > most)
        n /= 2;
    return n;
}

bool vq_start(const struct vq_device *d, struct vq *q, unsigned n, unsigned least, bool interrupts)
{
    set(d, C_QUEUE_SELECT, 2, n);
    *q = (struct vq){.pci = &d->pci, .entries = entries(d), .doorbell = d->pci.notify};
    hfn_t f = q->entries >= least ? pool_get_run(pc_cpu.pool, RING_PAGES) : hfn(0);
    if (!f.v)
        return false;
    q->ring = host_frame_ptr(f);
    q->ring->avail.flags = interrupts ? 0 : NO_INTERRUPT;
    set(d, C_QUEUE_SIZE, 2, q->entries);
    set64(d, C_QUEUE_DESCRIPTORS, physical(q->ring->table));
    set64(d, C_QUEUE_DRIVER, physical(&q->ring->avail));
    set64(d, C_QUEUE_DEVICE, physical(&q->ring->used));
    q->doorbell.offset += get(d, C_QUEUE_NOTIFY, 2) * d->pci.notify_each;
    q->number = (uint16_t)n;
    set(d, C_QUEUE_ENABLE, 2, 1);
    return true;
}

/* ---- Work ------------------------------------------------------------------------ */

void vq_link(struct vq *q, unsigned i, const volatile void *at, uint32_t len, bool write, bool last)
{
    q->ring->table[i].address = physical(at);
    q->ring->table[i].len = len;
    q->ring->table[i].flags = (uint16_t)((write ? D_WRITE : 0) | (last ? 0 : D_NEXT));
    q->ring->table[i].next = (uint16_t)(i + 1);
}

static void fence(void)
{
    __asm__ volatile("mfence" : : : "memory");
}

void vq_offer(struct vq *q, unsigned head)
{
    q->offered[head] = true;
    q->ring->avail.ring[q->ring->avail.index % q->entries] = (uint16_t)head;
    fence(); /* the entry before the index */
    q->ring->avail.index++;
}

/* A device that is at work on the queue already says that it wants no bell. */
void vq_kick(struct vq *q)
{
    fence(); /* the index before the bell, and before the flag is read */
    if (!(q->ring->used.flags & NO_NOTIFY))
        pc_virtio_write(q->pci, q->doorbell, 0, 2, q->number);
}

enum vq_answer vq_take(struct vq *q, unsigned *head, uint32_t *len)
{
    uint16_t ready = (uint16_t)(q->ring->used.index - q->next_used);
    if (!ready)
        return VQ_NONE;
    __asm__ volatile("lfence" : : : "memory"); /* the index before the entry */
    *head = q->ring->used.ring[q->next_used % q->entries].id;
    *len = q->ring->used.ring[q->next_used % q->entries].len;
    if (ready > q->entries || *head >= q->entries || !q->offered[*head])
        return VQ_WRONG;
    q->offered[*head] = false;
    q->next_used++;
    return VQ_GOT;
}

void vq_quiet(struct vq *q, bool quiet)
{
    q->ring->avail.flags = quiet ? NO_INTERRUPT : 0;
    fence();
}

bool vq_waits(const struct vq *q)
{
    return q->ring->used.index != q->next_used;
}
