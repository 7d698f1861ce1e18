/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See virtqueue.h. A chain is walked once, into an array: what the device then writes cannot change
 * what was checked, even if it is the descriptor table itself.
 */
#include "devices/virtqueue.h"

#include "monitor/dma.h"

/* A descriptor (2.7.5). */
struct descriptor {
    uint64_t address;
    uint32_t len;
    uint16_t flags, next;
};
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

struct used_element {
    uint32_t id, len;
};

/* Of both rings: flags, index, then the entries (2.7.6, 2.7.8). */
enum ring { RING_FLAGS = 0, RING_INDEX = 2, RING_ENTRIES = 4 };

#define NO_INTERRUPT    1u
#define LEGACY_ALIGN    4096u
#define DESCRIPTOR_SIZE sizeof(struct descriptor)
#define USED_SIZE       sizeof(struct used_element)

static bool get16(const struct vm *vm, uint64_t at, uint16_t *value)
{
    return dma_read(vm, gpa(at), value, sizeof *value);
}

static bool put16(struct vm *vm, uint64_t at, uint16_t value)
{
    return dma_write(vm, gpa(at), &value, sizeof value);
}

void virtq_set_legacy(struct virtqueue *q, uint64_t address)
{
    uint64_t rings = address + DESCRIPTOR_SIZE * q->size;
    uint64_t end = rings + RING_ENTRIES + 2 * q->size + 2;
    q->descriptors = address;
    q->driver = rings;
    q->device = (end + LEGACY_ALIGN - 1) & ~(uint64_t)(LEGACY_ALIGN - 1);
}

const char *virtq_check(const struct virtqueue *q)
{
    if (!q->size || q->size > VIRTQ_MAX || (q->size & (q->size - 1)))
        return "the queue's size is no power of two up to what was offered";
    if (q->descriptors % 16 || q->driver % 2 || q->device % 4)
        return "a ring is not aligned";
    return NULL;
}

/* ---- The available ring --------------------------------------------------- */

static uint64_t used_event_at(const struct virtqueue *q)
{
    return q->driver + RING_ENTRIES + 2u * q->size;
}

static uint64_t avail_event_at(const struct virtqueue *q)
{
    return q->device + RING_ENTRIES + USED_SIZE * q->size;
}

/* How many chains wait. */
static enum virtq_answer pending(struct vm *vm, const struct virtqueue *q, const char **why)
{
    uint16_t index;
    *why = "the available ring is not in RAM";
    if (!get16(vm, q->driver + RING_INDEX, &index))
        return VIRTQ_BROKEN;
    uint16_t waiting = (uint16_t)(index - q->next_avail);
    *why = "the available index runs away";
    if (waiting > q->size)
        return VIRTQ_BROKEN;
    return waiting ? VIRTQ_GOT : VIRTQ_EMPTY;
}

/* The driver is told which index shall wake the device: each next one (2.7.10). */
static enum virtq_answer look(struct vm *vm, struct virtqueue *q, const char **why)
{
    enum virtq_answer answer = pending(vm, q, why);
    if (answer != VIRTQ_EMPTY || !q->event_index)
        return answer;
    if (put16(vm, avail_event_at(q), q->next_avail))
        return VIRTQ_EMPTY;
    *why = "the used ring is not in RAM";
    return VIRTQ_BROKEN;
}

/* ---- Chains --------------------------------------------------------------- */

/* Where the walk is: entry .index of a table of .entries descriptors at .table. */
struct walk {
    uint64_t table;
    uint32_t entries, index;
    bool indirect;
};

static const char *add_part(const struct vm *vm, struct virtq_chain *c, const struct descriptor *d)
{
    bool write = d->flags & DESC_WRITE;
    uint32_t *bytes = write ? &c->write_bytes : &c->read_bytes;
    if (c->parts == VIRTQ_MAX)
        return "a chain is too long";
    if (!d->len)
        return "a buffer is empty";
    if (d->address > vm->ram.size || d->len > vm->ram.size - d->address)
        return "a buffer is not in RAM";
    if (d->len > UINT32_MAX - c->read_bytes - c->write_bytes)
        return "a chain has 4 GiB or more";
    if (!write && c->readable != c->parts)
        return "a buffer to read follows one to write";
    c->part[c->parts++] = (struct virtq_part){d->address, d->len};
    c->readable += !write;
    *bytes += d->len;
    return NULL;
}

static const char *enter_table(const struct virtqueue *q, struct walk *w,
                               const struct descriptor *d)
{
    if (!q->indirect)
        return "an indirect descriptor, which was not negotiated";
    if (w->indirect)
        return "an indirect descriptor in an indirect table";
    if (d->flags & DESC_NEXT)
        return "an indirect descriptor with a next one";
    if (!d->len || d->len % DESCRIPTOR_SIZE)
        return "an indirect table of no whole number of descriptors";
    *w = (struct walk){d->address, d->len / DESCRIPTOR_SIZE, 0, true};
    return NULL;
}

/* A loop ends by its length: no table is longer than its entries. */
static const char *walk(const struct vm *vm, const struct virtqueue *q, struct virtq_chain *c)
{
    struct walk w = {q->descriptors, q->size, c->head, false};
    struct descriptor d;
    const char *why = NULL;
    for (uint32_t steps = 0; !why; steps++) {
        if (w.index >= w.entries)
            return "a descriptor's number is beyond its table";
        if (steps > w.entries)
            return "a chain has a loop";
        if (!dma_read(vm, gpa(w.table + DESCRIPTOR_SIZE * w.index), &d, sizeof d))
            return "a descriptor table is not in RAM";
        if (d.flags & DESC_INDIRECT) {
            why = enter_table(q, &w, &d);
            steps = 0;
            continue;
        }
        why = add_part(vm, c, &d);
        if (!(d.flags & DESC_NEXT))
            break;
        w.index = d.next;
    }
    return why;
}

enum virtq_answer virtq_pop(struct vm *vm, struct virtqueue *q, struct virtq_chain *c,
                            const char **why)
{
    enum virtq_answer answer = look(vm, q, why);
    if (answer != VIRTQ_GOT)
        return answer;
    c->parts = c->readable = 0;
    c->read_bytes = c->write_bytes = 0;
    *why = "the available ring is not in RAM";
    if (!get16(vm, q->driver + RING_ENTRIES + 2u * (q->next_avail % q->size), &c->head))
        return VIRTQ_BROKEN;
    *why = walk(vm, q, c);
    if (*why)
        return VIRTQ_BROKEN;
    q->next_avail++;
    return VIRTQ_GOT;
}

void virtq_unpop(struct virtqueue *q)
{
    q->next_avail--;
}

/* ---- The used ring -------------------------------------------------------- */

/* With an event index the driver names the entry that it waits for; the one just filled is the one
 * before next_used. */
static bool wants_interrupt(const struct vm *vm, const struct virtqueue *q, bool *wants)
{
    uint16_t value;
    if (!get16(vm, q->event_index ? used_event_at(q) : q->driver + RING_FLAGS, &value))
        return false;
    *wants = q->event_index ? value == (uint16_t)(q->next_used - 1) : !(value & NO_INTERRUPT);
    return true;
}

bool virtq_push(struct vm *vm, struct virtqueue *q, uint16_t head, uint32_t written,
                bool *interrupt)
{
    struct used_element e = {head, written};
    uint64_t entry = q->device + RING_ENTRIES + USED_SIZE * (q->next_used % q->size);
    if (!dma_write(vm, gpa(entry), &e, sizeof e))
        return false;
    q->next_used++;
    return put16(vm, q->device + RING_INDEX, q->next_used) && wants_interrupt(vm, q, interrupt);
}

/* ---- Bytes ---------------------------------------------------------------- */

struct virtq_part virtq_piece(const struct virtq_chain *c, bool write, size_t offset, size_t len)
{
    unsigned end = write ? c->parts : c->readable;
    for (unsigned i = write ? c->readable : 0; i < end; i++) {
        const struct virtq_part *p = &c->part[i];
        if (offset < p->len) {
            size_t left = p->len - offset;
            return (struct virtq_part){p->at + offset, (uint32_t)(len < left ? len : left)};
        }
        offset -= p->len;
    }
    return (struct virtq_part){0, 0};
}

size_t virtq_read(const struct vm *vm, const struct virtq_chain *c, size_t offset, void *buf,
                  size_t len)
{
    size_t done = 0;
    while (done < len) {
        struct virtq_part p = virtq_piece(c, false, offset + done, len - done);
        if (!p.len || !dma_read(vm, gpa(p.at), (uint8_t *)buf + done, p.len))
            break;
        done += p.len;
    }
    return done;
}

size_t virtq_write(struct vm *vm, const struct virtq_chain *c, size_t offset, const void *buf,
                   size_t len)
{
    size_t done = 0;
    while (done < len) {
        struct virtq_part p = virtq_piece(c, true, offset + done, len - done);
        if (!p.len || !dma_write(vm, gpa(p.at), (const uint8_t *)buf + done, p.len))
            break;
        done += p.len;
    }
    return done;
}
