/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See virtio.h.
 */
#include "devices/virtio.h"

#include "monitor/log.h"

#define COMMON_FEATURES                                                                            \
    (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_ANY_LAYOUT)

/* A guest that goes on and on does not fill the log. */
#define STOPS_LOGGED 16u

void virtio_settle(const struct virtio_dev *d)
{
    if (d->class->settle)
        d->class->settle(d);
}

void virtio_reset(const struct virtio_dev *d)
{
    struct virtio *v = d->v;
    virtio_settle(d);
    *v = (struct virtio){.generation = v->generation, .stops = v->stops, .no_dma = v->no_dma};
    for (unsigned i = 0; i < d->class->queues; i++)
        v->queue[i].size = d->class->queue_size[i];
    if (d->class->reset)
        d->class->reset(d);
}

/* ---- Features and status -------------------------------------------------- */

uint64_t virtio_offered(const struct virtio_dev *d)
{
    return COMMON_FEATURES | (d->class->features ? d->class->features(d) : 0);
}

uint32_t virtio_offered_word(const struct virtio_dev *d, uint32_t which)
{
    return which < 2 ? virtio_half(virtio_offered(d), which) : 0;
}

uint32_t virtio_accepted_word(const struct virtio_dev *d, uint32_t which)
{
    return which < 2 ? virtio_half(d->v->features, which) : 0;
}

void virtio_set_half(uint64_t *value, bool high, uint32_t half)
{
    unsigned shift = high ? 32 : 0;
    *value = (*value & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)half << shift;
}

void virtio_accept(const struct virtio_dev *d, uint32_t which, uint32_t features)
{
    struct virtio *v = d->v;
    if (which < 2 && !(v->status & (VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK)))
        virtio_set_half(&v->features, which, features);
}

/* What was not offered, or too little, leaves FEATURES_OK off (2.2.2, 6.2). */
static bool acceptable(const struct virtio_dev *d)
{
    return !(d->v->features & ~virtio_offered(d)) && (d->v->features & VIRTIO_F_VERSION_1);
}

static void run_all(const struct virtio_dev *d)
{
    for (unsigned i = 0; i < d->class->queues; i++)
        virtio_notify(d, i);
}

void virtio_set_status(const struct virtio_dev *d, uint8_t status, bool legacy)
{
    struct virtio *v = d->v;
    uint8_t before = v->status;
    if (!status) {
        virtio_reset(d);
        return;
    }
    status = (uint8_t)((status & ~VIRTIO_NEEDS_RESET) | (before & VIRTIO_NEEDS_RESET));
    if (legacy)
        v->features &= virtio_offered(d) & ~VIRTIO_F_VERSION_1;
    else if ((status & ~before & VIRTIO_FEATURES_OK) && !acceptable(d))
        status &= (uint8_t)~VIRTIO_FEATURES_OK;
    v->status = status;
    if (status & ~before & VIRTIO_DRIVER_OK)
        run_all(d); /* drivers of the legacy interface may have notified too early */
}

/* ---- Queues --------------------------------------------------------------- */

struct virtqueue *virtio_queue(const struct virtio_dev *d, uint32_t n)
{
    return n < d->class->queues ? &d->v->queue[n] : NULL;
}

void virtio_queue_start(const struct virtio_dev *d, unsigned n)
{
    struct virtqueue *q = &d->v->queue[n];
    const char *why = virtq_check(q);
    if (why || q->size > d->class->queue_size[n]) {
        virtio_break(d, n, why ? why : "the queue is longer than was offered");
        return;
    }
    q->ready = true;
}

bool virtio_runs(const struct virtio_dev *d)
{
    return (d->v->status & VIRTIO_DRIVER_OK) && !(d->v->status & VIRTIO_NEEDS_RESET) &&
           !d->v->no_dma;
}

void virtio_notify(const struct virtio_dev *d, unsigned n)
{
    if (n < d->class->queues && d->v->queue[n].ready && virtio_runs(d))
        d->class->run(d, n);
}

void virtio_poll(const struct virtio_dev *d)
{
    if (d->class->poll && virtio_runs(d))
        d->class->poll(d);
}

/* Features count from when they are final; a driver of the legacy interface sets up its queues
 * while it still can choose. */
bool virtio_take(const struct virtio_dev *d, unsigned n)
{
    struct virtqueue *q = &d->v->queue[n];
    const char *why;
    if (!q->ready || !virtio_runs(d))
        return false;
    q->indirect = d->v->features & VIRTIO_F_INDIRECT_DESC;
    q->event_index = d->v->features & VIRTIO_F_EVENT_IDX;
    enum virtq_answer answer = virtq_pop(d->vm, q, d->chain, &why);
    if (answer == VIRTQ_BROKEN)
        virtio_break(d, n, why);
    return answer == VIRTQ_GOT;
}

void virtio_give(const struct virtio_dev *d, unsigned n, uint32_t written)
{
    bool interrupt = false;
    if (!virtq_push(d->vm, &d->v->queue[n], d->chain->head, written, &interrupt))
        virtio_break(d, n, "a ring is not in RAM");
    else if (interrupt)
        d->v->isr |= VIRTIO_ISR_QUEUE;
}

/* ---- Configuration -------------------------------------------------------- */

uint32_t virtio_read_config(const struct virtio_dev *d, unsigned offset, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size && offset + i < d->class->config_size; i++)
        value |= (uint32_t)d->class->read_config(d, offset + i) << 8 * i;
    return value;
}

void virtio_write_config(const struct virtio_dev *d, unsigned offset, unsigned size, uint32_t value)
{
    if (d->class->write_config && offset + size <= d->class->config_size)
        d->class->write_config(d, offset, size, value);
}

void virtio_config_changed(const struct virtio_dev *d)
{
    d->v->generation++;
    if (d->v->status & VIRTIO_DRIVER_OK)
        d->v->isr |= VIRTIO_ISR_CONFIG;
}

void virtio_break(const struct virtio_dev *d, unsigned queue, const char *why)
{
    if (d->v->status & VIRTIO_NEEDS_RESET)
        return;
    if (d->v->stops < STOPS_LOGGED) {
        d->v->stops++;
        log_line("ring1: %s stopped: queue %u: %s", d->class->name, queue, why);
    }
    d->v->status |= VIRTIO_NEEDS_RESET;
    virtio_config_changed(d);
}
