/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The two register layouts of virtio_pci.h. A register is written by accesses of its own width, as
 * drivers must make them (4.1.3.1), 64-bit ones by halves; narrower ones read a part of it.
 */
#include "devices/virtio_pci.h"

#define VENDOR 0x1af4u /* the one that section 4.1.2 names */

/* ---- What the function is -------------------------------------------------- */

/* Where the modern interface's structures lie in its BAR. */
enum place {
    AT_COMMON = 0x000,
    AT_ISR = 0x100,
    AT_NOTIFY = 0x200,
    AT_DEVICE = 0x400,
    COMMON_SIZE = 0x40,
    ISR_SIZE = 4,
    NOTIFY_EACH = 4, /* bytes for a queue */
    NOTIFY_SIZE = NOTIFY_EACH * VIRTIO_QUEUES,
    DEVICE_SIZE = 0x100,
};

/* Capabilities (4.1.4): places in configuration space, types. */
enum cap_place { COMMON_CAP = PCI_CAPS_AT, ISR_CAP = 0x50, NOTIFY_CAP = 0x60, WINDOW_CAP = 0x74 };
enum cap_later { DEVICE_CAP = 0x88 };
enum cap_type { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_WINDOW };
enum cap_field { CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12, CAP_DATA = 16, CAP_LONG = 20 };

#define VENDOR_CAP 9
#define LE32(x)    (uint8_t)(x), (uint8_t)((x) >> 8), (uint8_t)((x) >> 16), (uint8_t)((x) >> 24)
#define CAP(next, size, type, at, len)                                                             \
    VENDOR_CAP, next, size, type, VIRTIO_BAR_MODERN, 0, 0, 0, LE32(at), LE32(len)
#define CAPS(last)                                                                                 \
    CAP(ISR_CAP, 16, CAP_COMMON, AT_COMMON, COMMON_SIZE),                                          \
        CAP(NOTIFY_CAP, 16, CAP_ISR, AT_ISR, ISR_SIZE),                                            \
        CAP(WINDOW_CAP, 20, CAP_NOTIFY, AT_NOTIFY, NOTIFY_SIZE), LE32(NOTIFY_EACH),                \
        CAP(last, 20, CAP_WINDOW, 0, 0), LE32(0)

/* A device without a configuration has no structure for one. */
static const uint8_t caps[] = {CAPS(DEVICE_CAP), CAP(0, 16, CAP_DEVICE, AT_DEVICE, DEVICE_SIZE)};
static const uint8_t caps_short[] = {CAPS(0)};

static struct pci_kind kind_of(const struct virtio_class *c)
{
    return (struct pci_kind){
        .vendor = VENDOR,
        .device = c->pci_id,
        .subvendor = VENDOR,
        .subsystem = c->id,
        .class = c->pci_class,
        .pin = 1,
        .bar =
            {
                [VIRTIO_BAR_LEGACY] = {VIRTIO_LEGACY_SIZE, true},
                [VIRTIO_BAR_MODERN] = {VIRTIO_MODERN_SIZE, false},
            },
        .caps = c->config_size ? caps : caps_short,
        .caps_size = c->config_size ? sizeof caps : sizeof caps_short,
    };
}

void virtio_pci_reset(const struct virtio_dev *d, struct virtio_pci *p, uint8_t line,
                      uint16_t legacy, uint32_t modern)
{
    *p = (struct virtio_pci){.window_bar = VIRTIO_BAR_MODERN};
    pci_reset(&p->pci, line);
    p->pci.bar[VIRTIO_BAR_LEGACY] = legacy;
    p->pci.bar[VIRTIO_BAR_MODERN] = modern;
    virtio_reset(d);
}

int virtio_pci_find(const struct virtio_dev *d, const struct virtio_pci *p, bool io,
                    uint64_t address, unsigned size, uint32_t *offset)
{
    const struct pci_kind k = kind_of(d->class);
    return pci_find_bar(&k, &p->pci, io, address, size, offset);
}

bool virtio_pci_irq(const struct virtio *v, const struct virtio_pci *p)
{
    return v->isr && !(p->pci.command & PCI_COMMAND_NO_INTX);
}

/* Reading it is the acknowledgement (4.1.4.5). */
static uint32_t take_isr(struct virtio *v)
{
    uint8_t isr = v->isr;
    v->isr = 0;
    return isr;
}

/* What the driver has selected; NULL: no such queue. */
static struct virtqueue *selected(const struct virtio_dev *d, const struct virtio_pci *p)
{
    return virtio_queue(d, p->queue_select);
}

/* ---- The legacy interface (4.1.4.10) ---------------------------------------- */

enum legacy {
    L_DEVICE_FEATURES = 0,
    L_DRIVER_FEATURES = 4,
    L_QUEUE_ADDRESS = 8, /* in pages */
    L_QUEUE_SIZE = 12,
    L_QUEUE_SELECT = 14,
    L_QUEUE_NOTIFY = 16,
    L_STATUS = 18,
    L_ISR = 19,
    L_CONFIG = 20,
};

static uint32_t read_legacy(const struct virtio_dev *d, struct virtio_pci *p, uint32_t offset,
                            unsigned size)
{
    const struct virtqueue *q = selected(d, p);
    if (offset >= L_CONFIG)
        return virtio_read_config(d, offset - L_CONFIG, size);
    switch (offset) {
    case L_DEVICE_FEATURES:
        return (uint32_t)virtio_offered(d);
    case L_DRIVER_FEATURES:
        return (uint32_t)d->v->features;
    case L_QUEUE_ADDRESS:
        return q && q->ready ? (uint32_t)(q->descriptors >> PAGE_SHIFT) : 0;
    case L_QUEUE_SIZE:
        return q ? d->class->queue_size[p->queue_select] : 0;
    case L_QUEUE_SELECT:
        return p->queue_select;
    case L_STATUS:
        return d->v->status;
    case L_ISR:
        return take_isr(d->v);
    default:
        return 0;
    }
}

/* Address 0 takes the queue away; another one starts it anew. */
static void set_queue_address(const struct virtio_dev *d, const struct virtio_pci *p, uint32_t page)
{
    struct virtqueue *q = selected(d, p);
    if (!q)
        return;
    *q = (struct virtqueue){.size = d->class->queue_size[p->queue_select]};
    virtq_set_legacy(q, (uint64_t)page << PAGE_SHIFT);
    if (page)
        virtio_queue_start(d, p->queue_select);
}

static void write_legacy(const struct virtio_dev *d, struct virtio_pci *p, uint32_t offset,
                         unsigned size, uint32_t value)
{
    static const uint8_t width[L_CONFIG] = {[L_DRIVER_FEATURES] = 4,
                                            [L_QUEUE_ADDRESS] = 4,
                                            [L_QUEUE_SELECT] = 2,
                                            [L_QUEUE_NOTIFY] = 2,
                                            [L_STATUS] = 1};
    if (offset >= L_CONFIG) {
        virtio_write_config(d, offset - L_CONFIG, size, value);
        return;
    }
    if (size != width[offset])
        return;
    switch (offset) {
    case L_DRIVER_FEATURES:
        virtio_accept(d, 0, value);
        virtio_accept(d, 1, 0);
        break;
    case L_QUEUE_ADDRESS:
        set_queue_address(d, p, value);
        break;
    case L_QUEUE_SELECT:
        p->queue_select = (uint16_t)value;
        break;
    case L_QUEUE_NOTIFY:
        virtio_notify(d, value);
        break;
    case L_STATUS:
        virtio_set_status(d, (uint8_t)value, true);
        break;
    default:
        break;
    }
}

/* ---- The modern interface (4.1.4.3) ----------------------------------------- */

enum common {
    C_DEVICE_SELECT = 0x00,
    C_DEVICE_FEATURES = 0x04,
    C_DRIVER_SELECT = 0x08,
    C_DRIVER_FEATURES = 0x0c,
    C_CONFIG_VECTOR = 0x10,
    C_QUEUES = 0x12,
    C_STATUS = 0x14,
    C_GENERATION = 0x15,
    C_QUEUE_SELECT = 0x16,
    C_QUEUE_SIZE = 0x18,
    C_QUEUE_VECTOR = 0x1a,
    C_QUEUE_ENABLE = 0x1c,
    C_QUEUE_NOTIFY = 0x1e,
    C_QUEUE_DESCRIPTORS = 0x20,
    C_QUEUE_DRIVER = 0x28,
    C_QUEUE_DEVICE = 0x30,
    C_END = 0x38, /* what later versions have behind it is not offered */
};

#define NO_VECTOR 0xffffu

/* The register of the selected queue; of one that is not there all are 0 (4.1.4.3.2). */
static uint32_t read_queue(const struct virtqueue *q, unsigned number, uint32_t offset)
{
    if (!q)
        return 0;
    switch (offset) {
    case C_QUEUE_SIZE:
        return q->size;
    case C_QUEUE_ENABLE:
        return q->ready;
    case C_QUEUE_NOTIFY:
        return number;
    case C_QUEUE_DESCRIPTORS:
    case C_QUEUE_DESCRIPTORS + 4:
        return virtio_half(q->descriptors, offset & 4);
    case C_QUEUE_DRIVER:
    case C_QUEUE_DRIVER + 4:
        return virtio_half(q->driver, offset & 4);
    case C_QUEUE_DEVICE:
    case C_QUEUE_DEVICE + 4:
        return virtio_half(q->device, offset & 4);
    default:
        return 0;
    }
}

/* The whole register at OFFSET, where one begins. */
static uint32_t read_common(const struct virtio_dev *d, const struct virtio_pci *p, uint32_t offset)
{
    switch (offset) {
    case C_DEVICE_SELECT:
        return p->device_select;
    case C_DEVICE_FEATURES:
        return virtio_offered_word(d, p->device_select);
    case C_DRIVER_SELECT:
        return p->driver_select;
    case C_DRIVER_FEATURES:
        return virtio_accepted_word(d, p->driver_select);
    case C_CONFIG_VECTOR:
    case C_QUEUE_VECTOR:
        return NO_VECTOR;
    case C_QUEUES:
        return d->class->queues;
    case C_STATUS:
        return d->v->status;
    case C_GENERATION:
        return d->v->generation;
    case C_QUEUE_SELECT:
        return p->queue_select;
    default:
        return read_queue(selected(d, p), p->queue_select, offset);
    }
}

/* Each register's width at its first byte. */
static const uint8_t common_width[C_END] = {
    [C_DEVICE_SELECT] = 4,    [C_DEVICE_FEATURES] = 4,   [C_DRIVER_SELECT] = 4,
    [C_DRIVER_FEATURES] = 4,  [C_CONFIG_VECTOR] = 2,     [C_QUEUES] = 2,
    [C_STATUS] = 1,           [C_GENERATION] = 1,        [C_QUEUE_SELECT] = 2,
    [C_QUEUE_SIZE] = 2,       [C_QUEUE_VECTOR] = 2,      [C_QUEUE_ENABLE] = 2,
    [C_QUEUE_NOTIFY] = 2,     [C_QUEUE_DESCRIPTORS] = 4, [C_QUEUE_DESCRIPTORS + 4] = 4,
    [C_QUEUE_DRIVER] = 4,     [C_QUEUE_DRIVER + 4] = 4,  [C_QUEUE_DEVICE] = 4,
    [C_QUEUE_DEVICE + 4] = 4,
};

static uint8_t read_common_byte(const struct virtio_dev *d, const struct virtio_pci *p,
                                uint32_t offset)
{
    uint32_t start = offset;
    if (offset >= C_END)
        return 0;
    while (!common_width[start])
        start--;
    return (uint8_t)(read_common(d, p, start) >> 8 * (offset - start));
}

/* A queue is set up before it is enabled, and then stands (4.1.4.3.2). */
static void write_queue(const struct virtio_dev *d, const struct virtio_pci *p, uint32_t offset,
                        uint32_t value)
{
    struct virtqueue *q = selected(d, p);
    if (!q || q->ready)
        return;
    switch (offset) {
    case C_QUEUE_SIZE:
        q->size = (uint16_t)value;
        break;
    case C_QUEUE_ENABLE:
        if (value == 1)
            virtio_queue_start(d, p->queue_select);
        break;
    case C_QUEUE_DESCRIPTORS:
    case C_QUEUE_DESCRIPTORS + 4:
        virtio_set_half(&q->descriptors, offset & 4, value);
        break;
    case C_QUEUE_DRIVER:
    case C_QUEUE_DRIVER + 4:
        virtio_set_half(&q->driver, offset & 4, value);
        break;
    case C_QUEUE_DEVICE:
    case C_QUEUE_DEVICE + 4:
        virtio_set_half(&q->device, offset & 4, value);
        break;
    default: /* read-only, or a vector: there are none */
        break;
    }
}

static void write_common(const struct virtio_dev *d, struct virtio_pci *p, uint32_t offset,
                         uint32_t value)
{
    switch (offset) {
    case C_DEVICE_SELECT:
        p->device_select = value;
        break;
    case C_DRIVER_SELECT:
        p->driver_select = value;
        break;
    case C_DRIVER_FEATURES:
        virtio_accept(d, p->driver_select, value);
        break;
    case C_STATUS:
        virtio_set_status(d, (uint8_t)value, false);
        break;
    case C_QUEUE_SELECT:
        p->queue_select = (uint16_t)value;
        break;
    default:
        write_queue(d, p, offset, value);
        break;
    }
}

static uint32_t read_modern(const struct virtio_dev *d, struct virtio_pci *p, uint32_t offset,
                            unsigned size)
{
    uint32_t value = 0;
    if (offset >= AT_DEVICE)
        return virtio_read_config(d, offset - AT_DEVICE, size);
    if (offset == AT_ISR)
        return take_isr(d->v);
    for (unsigned i = 0; i < size && offset + i < AT_COMMON + COMMON_SIZE; i++)
        value |= (uint32_t)read_common_byte(d, p, offset + i) << 8 * i;
    return value;
}

static void write_modern(const struct virtio_dev *d, struct virtio_pci *p, uint32_t offset,
                         unsigned size, uint32_t value)
{
    if (offset >= AT_DEVICE)
        virtio_write_config(d, offset - AT_DEVICE, size, value);
    else if (offset >= AT_NOTIFY && offset < AT_NOTIFY + NOTIFY_SIZE)
        virtio_notify(d, (offset - AT_NOTIFY) / NOTIFY_EACH);
    else if (offset < C_END && size == common_width[offset])
        write_common(d, p, offset, value);
}

void virtio_pci_bar(const struct virtio_dev *d, struct virtio_pci *p, unsigned bar,
                    struct virtio_access *a)
{
    bool legacy = bar == VIRTIO_BAR_LEGACY;
    if (a->write)
        (legacy ? write_legacy : write_modern)(d, p, a->offset, a->size, a->value);
    else
        a->value = (legacy ? read_legacy : read_modern)(d, p, a->offset, a->size);
}

/* ---- Configuration space ----------------------------------------------------- */

/* The register behind the window (4.1.4.9): an access that the driver has chosen so that it is one,
 * whatever it chose. */
static bool window(const struct virtio_dev *d, struct virtio_pci *p, struct virtio_access *a)
{
    uint32_t size = p->window_length, offset = p->window_offset;
    uint32_t end = p->window_bar == VIRTIO_BAR_MODERN ? VIRTIO_MODERN_SIZE : VIRTIO_LEGACY_SIZE;
    bool is_one = size == 1 || size == 2 || size == 4;
    if (!is_one || p->window_bar > VIRTIO_BAR_MODERN || offset % size || offset >= end)
        return false;
    struct virtio_access inner = {a->write, (uint8_t)size, offset, a->value};
    virtio_pci_bar(d, p, p->window_bar, &inner);
    if (!a->write)
        a->value = size < 4 ? inner.value & ((1u << 8 * size) - 1) : inner.value;
    return true;
}

/* Bytes of the window's own capability that the driver chooses. */
static uint8_t *window_byte(struct virtio_pci *p, uint32_t offset)
{
    uint32_t at = offset - WINDOW_CAP;
    if (at == CAP_BAR)
        return &p->window_bar;
    if (at >= CAP_OFFSET && at < CAP_LENGTH)
        return (uint8_t *)&p->window_offset + (at - CAP_OFFSET);
    if (at >= CAP_LENGTH && at < CAP_DATA)
        return (uint8_t *)&p->window_length + (at - CAP_LENGTH);
    return NULL;
}

static void own_bytes(struct virtio_pci *p, struct virtio_access *a)
{
    for (unsigned i = 0; i < a->size; i++) {
        uint8_t *byte = window_byte(p, a->offset + i);
        if (!byte)
            continue;
        if (a->write)
            *byte = (uint8_t)(a->value >> 8 * i);
        else
            a->value = (a->value & ~(0xffu << 8 * i)) | (uint32_t)*byte << 8 * i;
    }
}

void virtio_pci_config(const struct virtio_dev *d, struct virtio_pci *p, struct virtio_access *a)
{
    const struct pci_kind k = kind_of(d->class);
    if (a->offset == WINDOW_CAP + CAP_DATA && window(d, p, a))
        return;
    if (a->write)
        pci_config_write(&k, &p->pci, a->offset, a->size, a->value);
    else
        a->value = pci_config_read(&k, &p->pci, a->offset, a->size, virtio_pci_irq(d->v, p));
    if (a->offset >= WINDOW_CAP && a->offset < WINDOW_CAP + CAP_DATA)
        own_bytes(p, a);
    d->v->no_dma = !(p->pci.command & PCI_COMMAND_MASTER);
}
