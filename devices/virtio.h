/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What all virtio devices have in common, whatever bus shows them: status, features, queues, and
 * the two reasons for an interrupt. A kind of device is a constant row of functions (struct
 * virtio_class); one device is a struct that begins with a struct virtio. A device that its driver
 * abuses stops: a line in the log says why, the status says DEVICE_NEEDS_RESET, and only a
 * reset ends that. Virtual I/O Device 1.2, chapter 2.
 */
#ifndef RING1_VIRTIO_H
#define RING1_VIRTIO_H

#include "devices/virtqueue.h"
#include "monitor/vm.h"

/* The most queues that a device here has. */
#define VIRTIO_QUEUES 3u

enum virtio_status {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128,
};

/* Feature bits of all devices (chapter 6). */
#define VIRTIO_F_NOTIFY_ON_EMPTY (1ull << 24) /* legacy; not offered */
#define VIRTIO_F_ANY_LAYOUT      (1ull << 27) /* legacy */
#define VIRTIO_F_INDIRECT_DESC   (1ull << 28)
#define VIRTIO_F_EVENT_IDX       (1ull << 29)
#define VIRTIO_F_VERSION_1       (1ull << 32)

/* The interrupt status register (4.1.4.5). */
enum virtio_isr { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

struct virtio {
    uint64_t features; /* what the driver has accepted */
    uint8_t status, isr;
    uint8_t generation; /* of the device's configuration */
    uint8_t stops;      /* how often it has been abused, as far as the log tells */
    bool no_dma;        /* its bus does not let it reach memory */
    struct virtqueue queue[VIRTIO_QUEUES];
};

/* A device and what stands around it, for the length of a call. */
struct virtio_dev {
    struct vm *vm;
    const struct virtio_class *class;
    struct virtio *v;
    struct virtq_chain *chain; /* room to work in */
};

struct virtio_class {
    const char *name;   /* for the log */
    uint16_t id;        /* chapter 5 */
    uint16_t pci_id;    /* of the transitional device (4.1.2.1) */
    uint32_t pci_class; /* as pci_kind.class */
    uint8_t queues;
    uint16_t config_size;
    uint16_t queue_size[VIRTIO_QUEUES];
    uint64_t (*features)(const struct virtio_dev *d); /* what it offers beside the common ones */
    uint8_t (*read_config)(const struct virtio_dev *d, unsigned offset);
    /* NULL: all of it is read-only. SIZE is 1, 2 or 4 and all of it lies in the configuration. */
    void (*write_config)(const struct virtio_dev *d, unsigned offset, unsigned size,
                         uint32_t value);
    void (*run)(const struct virtio_dev *d, unsigned queue); /* the driver has added buffers */
    void (*poll)(const struct virtio_dev *d); /* the host may have something; NULL: never */
    /* What it has begun and not given back is over, and given back; NULL: there is never such. */
    void (*settle)(const struct virtio_dev *d);
    void (*reset)(const struct virtio_dev *d); /* what is not in struct virtio; NULL: nothing */
};

/* Behind it the host does nothing for the device any more. */
void virtio_settle(const struct virtio_dev *d);

/* As after power-up, and what a driver gets by writing status 0. */
void virtio_reset(const struct virtio_dev *d);

/* One access of the guest to a device's registers. */
struct virtio_access {
    bool write;
    uint8_t size;    /* 1, 2, 4 */
    uint32_t offset; /* from where the registers begin: of a BAR, of the configuration space */
    uint32_t value;  /* written, or filled in */
};

uint64_t virtio_offered(const struct virtio_dev *d);
/* Word WHICH of what it offers and of what the driver has accepted, 32 bits each; 0 beyond what
 * there is. */
uint32_t virtio_offered_word(const struct virtio_dev *d, uint32_t which);
uint32_t virtio_accepted_word(const struct virtio_dev *d, uint32_t which);
/* Word WHICH of the driver's choice; heeded until FEATURES_OK. */
void virtio_accept(const struct virtio_dev *d, uint32_t which, uint32_t features);

/* LEGACY: by the interface that has no FEATURES_OK. */
void virtio_set_status(const struct virtio_dev *d, uint8_t status, bool legacy);

/* Queue N; NULL: there is none. */
struct virtqueue *virtio_queue(const struct virtio_dev *d, uint32_t n);

/* One half of a register of 64 bits. */
static inline uint32_t virtio_half(uint64_t value, bool high)
{
    return (uint32_t)(value >> (high ? 32 : 0));
}
void virtio_set_half(uint64_t *value, bool high, uint32_t half);

/* Starts queue N, whose addresses are set; it stops when the device is reset. */
void virtio_queue_start(const struct virtio_dev *d, unsigned n);

/* The driver has notified queue N (any number). */
void virtio_notify(const struct virtio_dev *d, unsigned n);

void virtio_poll(const struct virtio_dev *d);

uint32_t virtio_read_config(const struct virtio_dev *d, unsigned offset, unsigned size);
void virtio_write_config(const struct virtio_dev *d, unsigned offset, unsigned size,
                         uint32_t value);

/* ---- For the devices ------------------------------------------------------ */

/* May it use its queues? */
bool virtio_runs(const struct virtio_dev *d);

/* The next chain of queue N, in d->chain; false: none, or the device has stopped. */
bool virtio_take(const struct virtio_dev *d, unsigned n);
/* Gives d->chain back, with WRITTEN bytes in it. */
void virtio_give(const struct virtio_dev *d, unsigned n, uint32_t written);

/* The configuration has changed by the device's own doing. */
void virtio_config_changed(const struct virtio_dev *d);

/* The driver did what it must not: the device stops. */
void virtio_break(const struct virtio_dev *d, unsigned queue, const char *why);

#endif
