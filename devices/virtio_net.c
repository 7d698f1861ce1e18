/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See virtio_net.h.
 */
#include "devices/virtio_net.h"

#include "monitor/host_io.h"

enum queue { RECEIVE, TRANSMIT };

/* Features and configuration (5.1.3, 5.1.4). */
#define F_MAC       (1ull << 5)
#define F_STATUS    (1ull << 16)
#define STATUS_AT   6u
#define CONFIG_SIZE 8u
#define LINK_UP     1u

/* What stands before a frame (5.1.6): all zeros, but for the last field, which drivers of the
 * legacy interface do not have. */
#define HEADER        12u
#define HEADER_LEGACY 10u
#define BUFFERS_AT    10u

static struct virtio_net *net(const struct virtio_dev *d)
{
    return (struct virtio_net *)(void *)d->v;
}

bool virtio_net_attach(struct virtio_net *n)
{
    return host_net(n->mac);
}

static uint64_t features(const struct virtio_dev *d)
{
    (void)d;
    return F_MAC | F_STATUS;
}

static uint8_t read_config(const struct virtio_dev *d, unsigned offset)
{
    if (offset < VIRTIO_NET_MAC)
        return net(d)->mac[offset];
    return offset == STATUS_AT ? LINK_UP : 0;
}

static uint32_t header_size(const struct virtio_dev *d)
{
    return d->v->features & VIRTIO_F_VERSION_1 ? HEADER : HEADER_LEGACY;
}

/* A frame that is too long, or shorter than its addresses, is lost, as on a wire. */
static void send(const struct virtio_dev *d)
{
    uint8_t frame[HOST_FRAME];
    uint32_t before = header_size(d), bytes = d->chain->read_bytes;
    if (bytes < before + HOST_FRAME_LEAST || bytes > before + HOST_FRAME)
        return;
    if (virtq_read(d->vm, d->chain, before, frame, bytes - before) == bytes - before)
        host_net_send(frame, bytes - before);
}

/* One frame into d->chain; false: there is none. One that the buffers do not hold is lost. */
static bool receive(const struct virtio_dev *d)
{
    static const uint8_t zeros[HEADER];
    static const uint8_t one = 1;
    uint8_t frame[HOST_FRAME];
    uint32_t before = header_size(d);
    size_t n = host_net_receive(frame, sizeof frame);
    if (!n || before + n > d->chain->write_bytes) {
        virtq_unpop(&d->v->queue[RECEIVE]);
        return n;
    }
    virtq_write(d->vm, d->chain, 0, zeros, before);
    if (before == HEADER)
        virtq_write(d->vm, d->chain, BUFFERS_AT, &one, 1);
    virtq_write(d->vm, d->chain, before, frame, n);
    virtio_give(d, RECEIVE, before + (uint32_t)n);
    return true;
}

static void poll(const struct virtio_dev *d)
{
    for (unsigned n = 0; n < VIRTQ_MAX && virtio_take(d, RECEIVE) && receive(d); n++)
        ;
}

static void run(const struct virtio_dev *d, unsigned queue)
{
    if (queue == RECEIVE)
        poll(d);
    while (queue == TRANSMIT && virtio_take(d, queue)) {
        send(d);
        virtio_give(d, queue, 0);
    }
}

const struct virtio_class virtio_net = {
    .name = "virtio-net",
    .id = 1,
    .pci_id = 0x1000,
    .pci_class = 0x020000,
    .queues = 2,
    .queue_size = {256, 256},
    .config_size = CONFIG_SIZE,
    .features = features,
    .read_config = read_config,
    .run = run,
    .poll = poll,
};
