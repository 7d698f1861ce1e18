/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See virtio_rng.h.
 */
#include "devices/virtio_rng.h"

#include "monitor/dma.h"
#include "monitor/host_io.h"

/* A driver may ask for all of memory at once; it gets so much, and may ask again. */
#define MOST 65536u

static uint32_t fill(const struct virtio_dev *d)
{
    uint32_t done = 0;
    while (done < MOST) {
        struct virtq_part p = virtq_piece(d->chain, true, done, MOST - done);
        size_t got;
        void *to = p.len ? dma_lend(d->vm, gpa(p.at), p.len, &got) : NULL;
        if (!to)
            break;
        host_random(to, got);
        dma_wrote(d->vm, gpa(p.at), got);
        done += (uint32_t)got;
    }
    return done;
}

static void run(const struct virtio_dev *d, unsigned queue)
{
    while (virtio_take(d, queue))
        virtio_give(d, queue, fill(d));
}

const struct virtio_class virtio_rng = {
    .name = "virtio-rng",
    .id = 4,
    .pci_id = 0x1005,
    .pci_class = 0x00ff00,
    .queues = 1,
    .queue_size = {64},
    .run = run,
};
