/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A driver in a few lines, for tests of virtio devices: a VM with a board, one device found on its
 * bus, one queue at a time at fixed places, chains put into it and what comes back. All goes by
 * ports and memory, as a guest does it. Included by one file of a test program.
 */
#ifndef RING1_VIRTIO_WORLD_H
#define RING1_VIRTIO_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "devices/slots.h"
#include "tests/unit/pci_world.h"

#define RAM_BYTES (4u << 20)

/* Places in guest RAM; queue N has its own. */
#define QUEUE_AT(n) (0x10000u + (n)*0x10000u)
#define DESC(n)     QUEUE_AT(n)
#define AVAIL(n)    (QUEUE_AT(n) + 0x4000u)
#define USED(n)     (QUEUE_AT(n) + 0x8000u)
#define BUFFERS     0x100000u
#define QUEUE       16u /* entries */

/* Registers of the common configuration (4.1.4.3). */
enum {
    DEVICE_SELECT = 0,
    DEVICE_FEATURES = 4,
    DRIVER_SELECT = 8,
    DRIVER_FEATURES = 12,
    NUM_QUEUES = 18,
    STATUS = 20,
    GENERATION = 21,
    QUEUE_SELECT = 22,
    QUEUE_SIZE = 24,
    QUEUE_ENABLE = 28,
    QUEUE_NOTIFY_OFF = 30,
    QUEUE_DESC = 32,
    QUEUE_DRIVER = 40,
    QUEUE_DEVICE = 48,
};
enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4 };

static struct {
    unsigned slot;
    uint32_t common, isr, notify, device; /* addresses; 0: no such structure */
    uint32_t ports;
    uint16_t avail[4], used[4];
} dev;

/* Finds the device's structures by its capabilities. */
static inline void find_device(unsigned slot)
{
    memset(&dev, 0, sizeof dev);
    dev.slot = slot;
    dev.ports = config_read(slot, 0x10, 4) & ~3u;
    for (unsigned at = config_read(slot, 0x34, 1); at; at = config_read(slot, at + 1, 1)) {
        assert_int_equal(config_read(slot, at, 1), 9);
        unsigned bar = config_read(slot, at + 4, 1);
        uint32_t base = config_read(slot, 0x10 + 4 * bar, 4) & ~15u;
        uint32_t place = base + config_read(slot, at + 8, 4);
        uint32_t *const kinds[] = {NULL, &dev.common, &dev.notify, &dev.isr, &dev.device};
        unsigned type = config_read(slot, at + 3, 1);
        if (type >= 1 && type <= 4)
            *kinds[type] = place;
    }
    assert_true(dev.common && dev.isr && dev.notify);
}

static inline uint32_t common(unsigned reg, unsigned size)
{
    return mem_read(dev.common + reg, size);
}

static inline void set_common(unsigned reg, unsigned size, uint32_t value)
{
    mem_write(dev.common + reg, size, value);
}

static inline uint64_t offered(void)
{
    set_common(DEVICE_SELECT, 4, 1);
    uint64_t high = common(DEVICE_FEATURES, 4);
    set_common(DEVICE_SELECT, 4, 0);
    return high << 32 | common(DEVICE_FEATURES, 4);
}

/* 3.1.1, up to FEATURES_OK, whose success it returns. */
static inline bool negotiate(uint64_t features)
{
    set_common(STATUS, 1, 0);
    assert_int_equal(common(STATUS, 1), 0);
    set_common(STATUS, 1, 1);
    set_common(STATUS, 1, 3);
    for (unsigned half = 0; half < 2; half++) {
        set_common(DRIVER_SELECT, 4, half);
        set_common(DRIVER_FEATURES, 4, (uint32_t)(features >> 32 * half));
    }
    set_common(STATUS, 1, 11);
    return common(STATUS, 1) & 8;
}

static inline void set_up_queue(unsigned n)
{
    static const uint8_t zeros[0x10000];
    put(QUEUE_AT(n), zeros, sizeof zeros);
    dev.avail[n] = dev.used[n] = 0;
    set_common(QUEUE_SELECT, 2, n);
    set_common(QUEUE_SIZE, 2, QUEUE);
    set_common(QUEUE_DESC, 4, DESC(n));
    set_common(QUEUE_DRIVER, 4, AVAIL(n));
    set_common(QUEUE_DEVICE, 4, USED(n));
    set_common(QUEUE_ENABLE, 2, 1);
    assert_int_equal(common(QUEUE_ENABLE, 2), 1);
}

/* A device ready to work, with these features and VERSION_1. */
static inline void start_device(unsigned slot, uint64_t features)
{
    find_device(slot);
    assert_true(negotiate(features | 1ull << 32));
    for (unsigned n = 0, all = common(NUM_QUEUES, 2); n < all; n++)
        set_up_queue(n);
    set_common(STATUS, 1, 15);
    assert_int_equal(common(STATUS, 1), 15);
}

static inline void descriptor(uint32_t table, unsigned i, uint64_t at, uint32_t len, uint16_t flags,
                              uint16_t next)
{
    put(table + 16 * i, &at, 8);
    put(table + 16 * i + 8, &len, 4);
    put16(table + 16 * i + 12, flags);
    put16(table + 16 * i + 14, next);
}

static inline void notify(unsigned n)
{
    mem_write(dev.notify + 4 * n, 2, n);
}

/* Makes the chain that begins at descriptor HEAD available, and says so. */
static inline void offer(unsigned n, unsigned head)
{
    put16(AVAIL(n) + 4 + 2 * (dev.avail[n] % QUEUE), (uint16_t)head);
    put16(AVAIL(n) + 2, ++dev.avail[n]);
    notify(n);
}

/* One chain has come back, that of HEAD: the bytes written. */
static inline uint32_t completed(unsigned n, unsigned head)
{
    uint32_t entry = USED(n) + 4 + 8 * (dev.used[n] % QUEUE);
    assert_int_equal(get(USED(n) + 2, 2), ++dev.used[n] & 0xffff);
    assert_int_equal(get(entry, 4), head);
    return (uint32_t)get(entry + 4, 4);
}

static inline bool nothing_came(unsigned n)
{
    return get(USED(n) + 2, 2) == dev.used[n];
}

static inline bool needs_reset(void)
{
    return common(STATUS, 1) & 64;
}

/* The device has stopped, with REASON in the log, and told its driver. */
static inline void assert_stopped(const char *reason)
{
    assert_true(needs_reset());
    assert_int_equal(mem_read(dev.isr, 1) & 2, 2);
    assert_non_null(strstr(fake.log, reason));
}

#endif
