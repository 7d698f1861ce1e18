/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Virtio devices against a hostile driver, whatever the way to their registers (struct way). In:
 * the memory of a queue, byte by byte where the input says, registers of every device,
 * notifications, the host's answers. Nothing but guest RAM and the device changes, no call takes
 * long, and a device that has stopped stays so until it is reset. Included by one file of a fuzzer.
 */
#ifndef RING1_FUZZ_VIRTIO_H
#define RING1_FUZZ_VIRTIO_H

#include "devices/board.h"
#include "devices/slots.h"
#include "tests/fuzz/world.h"

#include <time.h>

#define RAM     (1u << 20)
#define CALL_NS 200000000ull /* of CPU time, with sanitizers */
#define QUEUES  0x10000u     /* where the rings of queue N of any device are: 4 KiB each */
#define ENTRIES 8u

static struct vm *vm;

/* How a device's registers are reached. */
struct way {
    bool mmio; /* there is no PCI */
    uint8_t (*status)(unsigned slot);
    /* The device with its queues at their places, and these features. */
    void (*start)(unsigned slot, uint32_t features);
    void (*notify)(unsigned slot, unsigned queue);
    void (*any_register)(unsigned slot, struct input *in);
};
static struct way way;

static inline uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint32_t access(bool mmio, bool write, unsigned size, uint64_t address,
                              uint32_t value)
{
    struct io_access io = {
        .mmio = mmio, .write = write, .size = (uint8_t)size, .address = address, .value = value};
    uint64_t before = cpu_ns();
    board_access(vm, &io, 0);
    uint64_t took = cpu_ns() - before;
    must(took < CALL_NS, "a call took %lu ns", took);
    return io.value;
}

static inline void write_ram(struct input *in)
{
    uint8_t bytes[32], len = take8(in) & 31;
    uint16_t at = take16(in);
    take(in, bytes, len);
    guest_write(vm, gpa(QUEUES + at % 0x4000), bytes, len);
}

/* A descriptor that makes sense, mostly. */
static inline void write_descriptor(struct input *in)
{
    uint8_t n = take8(in), flags = take8(in), next = take8(in);
    struct {
        uint64_t at;
        uint32_t len;
        uint16_t flags, next;
    } d = {0x20000u + take16(in), take16(in) & 0x1fff, flags & 7, next % (ENTRIES + 1)};
    guest_write(vm, gpa(QUEUES + (n >> 4) % 4 * 0x1000u + n % ENTRIES * 16u), &d, sizeof d);
}

/* One more chain in the available ring of queue N, and a notification. */
static inline void offer(unsigned slot, struct input *in)
{
    uint8_t n = take8(in), head = take8(in);
    uint64_t ring = QUEUES + n % VIRTIO_QUEUES * 0x1000u + 0x400;
    uint16_t index, entry = head % (ENTRIES + 1);
    guest_read(vm, gpa(ring + 2), &index, 2);
    guest_write(vm, gpa(ring + 4 + 2 * (index % ENTRIES)), &entry, 2);
    index = (uint16_t)(index + 1 + (head >> 7) * 5);
    guest_write(vm, gpa(ring + 2), &index, 2);
    way.notify(slot, n % VIRTIO_QUEUES);
}

static inline void one(struct input *in)
{
    uint8_t op = take8(in), host;
    unsigned slot = op >> 4;
    bool stopped = way.status(slot) & 64 && way.status(slot) != 0xff;
    switch (op & 7) {
    case 0:
        way.start(slot, (uint32_t)take8(in) << 24 | take8(in));
        return; /* it may have been reset */
    case 1:
        write_ram(in);
        break;
    case 2:
        way.any_register(slot, in);
        return;
    case 3:
        host = take8(in);
        fake.disk_fails = host & 1;
        fake.disk_lasts = host & 2;
        fake.disk_ready = host >> 2 & 3;
        fake.receive_len = take16(in) % 1519;
        fake.to_receive = fake.receive_len ? take8(in) : 0;
        fake.console_in_pos = 0;
        fake.console_in_len = take(in, fake.console_in, 8);
        board_advance(vm, 0);
        break;
    case 4:
    case 5:
        write_descriptor(in);
        break;
    default:
        offer(slot, in);
    }
    must(!stopped || way.status(slot) & 64 || way.status(slot) == 0xff, "a stopped device goes on");
}

static inline bool with_disk(struct vm *of)
{
    fake.disk_sectors = 64;
    fake.net = true;
    of->virtio_mmio = way.mmio;
    return board_create(of);
}

static inline int fuzz_virtio(struct way how, const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    way = how;
    if (!world.now)
        world_make(RAM, with_disk);
    vm = world_restore();
    fake.disk_calls = fake.to_receive = 0;
    fake.disk_fails = fake.disk_lasts = false;
    fake.disk_ready = 0;
    memset(fake.disk_read, 0, sizeof fake.disk_read);
    while (in.left)
        one(&in);
    return 0;
}

#endif
