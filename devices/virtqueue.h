/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A split virtqueue: rings in the guest's RAM come in, chains of buffers go out, and used buffers
 * go back. All of the memory is the guest's to spoil: each index, address and length is checked
 * when it is read, and what is wrong breaks the queue with a reason (VIRTQ_BROKEN) and nothing
 * else. Little-endian, as both interfaces are on x86. Virtual I/O Device 1.2, section 2.7.
 */
#ifndef RING1_VIRTQUEUE_H
#define RING1_VIRTQUEUE_H

#include "monitor/types.h"
#include "monitor/vm.h"

/* The longest queue that a device may offer, and the most buffers of a chain. */
#define VIRTQ_MAX 256u

struct virtqueue {
    uint64_t descriptors, driver, device; /* physical: the table, the available and the used ring */
    uint16_t size;                        /* entries, a power of two up to VIRTQ_MAX */
    bool ready;
    bool indirect, event_index; /* the driver has accepted these features */
    uint16_t next_avail;        /* the next entry of the available ring to take, of all time */
    uint16_t next_used;         /* likewise the used ring's to fill */
};

struct virtq_part {
    uint64_t at;
    uint32_t len;
};

/* One request: first buffers for the device to read, then buffers for it to write. */
struct virtq_chain {
    uint16_t head;            /* its name for virtq_push */
    uint16_t parts, readable; /* buffers in all; how many of them are to be read */
    uint32_t read_bytes, write_bytes;
    struct virtq_part part[VIRTQ_MAX];
};

enum virtq_answer { VIRTQ_EMPTY, VIRTQ_GOT, VIRTQ_BROKEN };

/* The place of the rings in one block of pages from ADDRESS on, as the legacy interface has it
 * (2.7.2). The size is set before. */
void virtq_set_legacy(struct virtqueue *q, uint64_t address);

/* NULL, or what is wrong with the addresses of a queue that is to be used (2.7: alignment). */
const char *virtq_check(const struct virtqueue *q);

/* The next available chain goes to *C. VIRTQ_BROKEN: *WHY says what the driver did. */
enum virtq_answer virtq_pop(struct vm *vm, struct virtqueue *q, struct virtq_chain *c,
                            const char **why);

/* Puts back what the last virtq_pop took, unused. */
void virtq_unpop(struct virtqueue *q);

/* Returns a chain, of whose buffers for the device WRITTEN bytes were written, to the driver.
 * *INTERRUPT: the driver wants to hear of it. False: the ring is not in RAM. */
bool virtq_push(struct vm *vm, struct virtqueue *q, uint16_t head, uint32_t written,
                bool *interrupt);

/* Copies LEN bytes between BUF and the chain's readable (writable) buffers, from byte OFFSET of
 * those on. Returns how many there were, less than LEN at the end of the buffers. */
size_t virtq_read(const struct vm *vm, const struct virtq_chain *c, size_t offset, void *buf,
                  size_t len);
size_t virtq_write(struct vm *vm, const struct virtq_chain *c, size_t offset, const void *buf,
                   size_t len);

/* The piece of the readable (WRITE: writable) buffers that begins at byte OFFSET of them, at most
 * LEN bytes. .len 0: there is none. */
struct virtq_part virtq_piece(const struct virtq_chain *c, bool write, size_t offset, size_t len);

#endif
