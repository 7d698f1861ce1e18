/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See virtio_console.h. A guest without buffers for input loses none: it waits at the host.
 */
#include "devices/virtio_console.h"

#include "monitor/host.h"

enum queue { RECEIVE, TRANSMIT };

/* Feature and configuration (5.3.3, 5.3.4). */
#define F_EMERGENCY  (1ull << 2)
#define EMERGENCY_AT 8u
#define MAX_PORTS_AT 4u

#define PIECE 256u

static struct virtio_console *console(const struct virtio_dev *d)
{
    return (struct virtio_console *)(void *)d->v;
}

static uint64_t features(const struct virtio_dev *d)
{
    (void)d;
    return F_EMERGENCY;
}

static uint8_t read_config(const struct virtio_dev *d, unsigned offset)
{
    (void)d;
    return offset == MAX_PORTS_AT;
}

/* A character from a guest that has no queues yet, or none any more (5.3.5). */
static void write_config(const struct virtio_dev *d, unsigned offset, unsigned size, uint32_t value)
{
    (void)d, (void)size;
    if (offset == EMERGENCY_AT)
        host_console_put((uint8_t)value);
}

static void print(const struct virtio_dev *d)
{
    uint8_t text[PIECE];
    size_t at = 0, n;
    while ((n = virtq_read(d->vm, d->chain, at, text, sizeof text)) > 0) {
        for (size_t i = 0; i < n; i++)
            host_console_put(text[i]);
        at += n;
    }
    console(d)->spoke |= at > 0;
}

/* As much input as one buffer holds; false: there is none. */
static bool fill(const struct virtio_dev *d)
{
    uint32_t n = 0;
    uint8_t c;
    for (int got; n < d->chain->write_bytes && (got = host_console_get()) >= 0; n++) {
        c = (uint8_t)got;
        virtq_write(d->vm, d->chain, n, &c, 1);
    }
    if (n)
        virtio_give(d, RECEIVE, n);
    else
        virtq_unpop(&d->v->queue[RECEIVE]);
    return n;
}

static void poll(const struct virtio_dev *d)
{
    while (virtio_console_listens(console(d)) && virtio_take(d, RECEIVE) && fill(d))
        ;
}

static void run(const struct virtio_dev *d, unsigned queue)
{
    if (queue == RECEIVE)
        poll(d);
    while (queue == TRANSMIT && virtio_take(d, queue)) {
        print(d);
        virtio_give(d, queue, 0);
    }
}

bool virtio_console_listens(const struct virtio_console *c)
{
    return c->spoke && (c->v.status & VIRTIO_DRIVER_OK) && c->v.queue[RECEIVE].ready;
}

static void reset(const struct virtio_dev *d)
{
    console(d)->spoke = false;
}

const struct virtio_class virtio_console = {
    .name = "virtio-console",
    .id = 3,
    .pci_id = 0x1003,
    .pci_class = 0x078000,
    .queues = 2,
    .queue_size = {64, 64},
    .config_size = 12,
    .features = features,
    .read_config = read_config,
    .write_config = write_config,
    .run = run,
    .poll = poll,
    .reset = reset,
};
