/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See virtio_balloon.h.
 */
#include "devices/virtio_balloon.h"

#include "monitor/dma.h"

/* Queues are numbered without those that are not offered (5.5.2): there are no statistics and no
 * hints. */
enum queue { INFLATE, DEFLATE, REPORT };

#define F_REPORTING (1ull << 5)

/* Configuration (5.5.4). */
#define ACTUAL_AT   4u
#define CONFIG_SIZE 16u

static struct virtio_balloon *balloon(const struct virtio_dev *d)
{
    return (struct virtio_balloon *)(void *)d->v;
}

static uint64_t features(const struct virtio_dev *d)
{
    (void)d;
    return F_REPORTING;
}

/* num_pages, what the host wants, is 0. */
static uint8_t read_config(const struct virtio_dev *d, unsigned offset)
{
    bool actual = offset >= ACTUAL_AT && offset < ACTUAL_AT + 4;
    return actual ? (uint8_t)(balloon(d)->actual >> 8 * (offset - ACTUAL_AT)) : 0;
}

static void write_config(const struct virtio_dev *d, unsigned offset, unsigned size, uint32_t value)
{
    if (offset == ACTUAL_AT && size == 4)
        balloon(d)->actual = value;
}

/* Page numbers (5.5.6); one outside RAM is no page of the guest's. */
static void inflate(const struct virtio_dev *d)
{
    uint32_t page;
    for (size_t at = 0; virtq_read(d->vm, d->chain, at, &page, 4) == 4; at += 4)
        dma_forget(d->vm, gfn_to_gpa(gfn(page)), PAGE_SIZE);
}

/* The buffers themselves are what is free (5.5.6.7). */
static void report(const struct virtio_dev *d)
{
    const struct virtq_chain *c = d->chain;
    for (unsigned i = c->readable; i < c->parts; i++)
        dma_forget(d->vm, gpa(c->part[i].at), c->part[i].len);
}

static void run(const struct virtio_dev *d, unsigned queue)
{
    while (virtio_take(d, queue)) {
        if (queue == INFLATE)
            inflate(d);
        else if (queue == REPORT)
            report(d);
        virtio_give(d, queue, 0);
    }
}

static void reset(const struct virtio_dev *d)
{
    balloon(d)->actual = 0;
}

const struct virtio_class virtio_balloon = {
    .name = "virtio-balloon",
    .id = 5,
    .pci_id = 0x1002,
    .pci_class = 0x00ff00,
    .queues = 3,
    .queue_size = {128, 128, 32},
    .config_size = CONFIG_SIZE,
    .features = features,
    .read_config = read_config,
    .write_config = write_config,
    .run = run,
    .reset = reset,
};
