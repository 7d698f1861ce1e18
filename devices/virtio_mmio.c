/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The registers of virtio_mmio.h (4.2.2, table 4.1). What is written to one that is read-only, or
 * read from one that is write-only, is not defined there: here nothing happens and 0 comes.
 */
#include "devices/virtio_mmio.h"

#define MAGIC   0x74726976u /* "virt" */
#define VERSION 2u
#define VENDOR  0x1af4u
#define NO_AREA UINT32_MAX /* of shared memory: its length and base */

enum reg {
    R_MAGIC = 0x000,
    R_VERSION = 0x004,
    R_DEVICE = 0x008,
    R_VENDOR = 0x00c,
    R_DEVICE_FEATURES = 0x010,
    R_DEVICE_SELECT = 0x014,
    R_DRIVER_FEATURES = 0x020,
    R_DRIVER_SELECT = 0x024,
    R_QUEUE_SELECT = 0x030,
    R_QUEUE_MOST = 0x034,
    R_QUEUE_SIZE = 0x038,
    R_QUEUE_READY = 0x044,
    R_QUEUE_NOTIFY = 0x050,
    R_ISR = 0x060,
    R_ISR_ACK = 0x064,
    R_STATUS = 0x070,
    R_QUEUE_DESCRIPTORS = 0x080,
    R_QUEUE_DRIVER = 0x090,
    R_QUEUE_DEVICE = 0x0a0,
    R_AREA_LENGTH = 0x0b0,
    R_AREA_BASE = 0x0b8,
    R_GENERATION = 0x0fc,
    R_CONFIG = 0x100,
};

void virtio_mmio_reset(const struct virtio_dev *d, struct virtio_mmio *m)
{
    *m = (struct virtio_mmio){0};
    virtio_reset(d);
}

bool virtio_mmio_irq(const struct virtio *v)
{
    return v->isr;
}

/* The address of a ring, whose low half is at offset REG; NULL: it is none. */
static uint64_t *ring_at(struct virtqueue *q, uint32_t reg)
{
    switch (reg & ~4u) {
    case R_QUEUE_DESCRIPTORS:
        return &q->descriptors;
    case R_QUEUE_DRIVER:
        return &q->driver;
    case R_QUEUE_DEVICE:
        return &q->device;
    default:
        return NULL;
    }
}

static uint32_t read_register(const struct virtio_dev *d, const struct virtio_mmio *m, uint32_t reg)
{
    const struct virtqueue *q = virtio_queue(d, m->queue_select);
    switch (reg) {
    case R_MAGIC:
        return MAGIC;
    case R_VERSION:
        return VERSION;
    case R_DEVICE:
        return d->class->id;
    case R_VENDOR:
        return VENDOR;
    case R_DEVICE_FEATURES:
        return virtio_offered_word(d, m->device_select);
    case R_QUEUE_MOST: /* 0: there is no such queue */
        return q ? d->class->queue_size[m->queue_select] : 0;
    case R_QUEUE_READY:
        return q && q->ready;
    case R_ISR:
        return d->v->isr;
    case R_STATUS:
        return d->v->status;
    case R_AREA_LENGTH: /* no device here has shared memory (4.2.2.1) */
    case R_AREA_LENGTH + 4:
    case R_AREA_BASE:
    case R_AREA_BASE + 4:
        return NO_AREA;
    case R_GENERATION:
        return d->v->generation;
    default:
        return 0;
    }
}

/* Unlike PCI's, a queue can be stopped alone; one that starts again starts from nothing. */
static void set_ready(const struct virtio_dev *d, struct virtqueue *q, unsigned n, uint32_t value)
{
    if (!value) {
        virtio_settle(d);
        q->ready = false;
    }
    if (value != 1 || q->ready)
        return;
    q->next_avail = q->next_used = 0;
    virtio_queue_start(d, n);
}

/* A queue that is ready stands as it is. */
static void write_queue(const struct virtio_dev *d, unsigned n, uint32_t reg, uint32_t value)
{
    struct virtqueue *q = virtio_queue(d, n);
    if (!q)
        return;
    uint64_t *ring = ring_at(q, reg);
    if (reg == R_QUEUE_READY)
        set_ready(d, q, n, value);
    else if (reg == R_QUEUE_SIZE && !q->ready)
        q->size = (uint16_t)(value <= UINT16_MAX ? value : 0);
    else if (ring && !q->ready)
        virtio_set_half(ring, reg & 4, value);
}

static void write_register(const struct virtio_dev *d, struct virtio_mmio *m, uint32_t reg,
                           uint32_t value)
{
    switch (reg) {
    case R_DEVICE_SELECT:
        m->device_select = value;
        break;
    case R_DRIVER_FEATURES:
        virtio_accept(d, m->driver_select, value);
        break;
    case R_DRIVER_SELECT:
        m->driver_select = value;
        break;
    case R_QUEUE_SELECT:
        m->queue_select = value;
        break;
    case R_QUEUE_NOTIFY:
        virtio_notify(d, value);
        break;
    case R_ISR_ACK:
        d->v->isr &= (uint8_t)~value;
        break;
    case R_STATUS:
        virtio_set_status(d, (uint8_t)value, false);
        break;
    default:
        write_queue(d, m->queue_select, reg, value);
        break;
    }
}

void virtio_mmio_access(const struct virtio_dev *d, struct virtio_mmio *m, struct virtio_access *a)
{
    bool register_access = a->size == 4 && a->offset % 4 == 0;
    if (a->offset >= R_CONFIG && a->write)
        virtio_write_config(d, a->offset - R_CONFIG, a->size, a->value);
    else if (a->offset >= R_CONFIG)
        a->value = virtio_read_config(d, a->offset - R_CONFIG, a->size);
    else if (!a->write)
        a->value = register_access ? read_register(d, m, a->offset) : 0;
    else if (register_access)
        write_register(d, m, a->offset, a->value);
}
