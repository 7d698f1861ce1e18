/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A guest that is made once and put back as it was for each input, which is faster than making it
 * anew. The frames before and behind its memory are poisoned: an access beyond it is reported.
 */
#ifndef RING1_FUZZ_WORLD_H
#define RING1_FUZZ_WORLD_H

#include "monitor/guestmem.h"
#include "monitor/pool.h"
#include "monitor/vcpu.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_host.h"

#include <sanitizer/asan_interface.h>

struct region {
    uint8_t *at, *copy;
    size_t size;
};

static struct {
    struct vm *now, vm;
    struct vcpu cpu;
    struct region ram, rooms;
} world;

static inline struct region region_of(uint8_t *at, size_t size)
{
    struct region r = {at, malloc(size), size};
    must(r.copy, "memory");
    memcpy(r.copy, at, size);
    return r;
}

static inline uint8_t *world_guard(struct vm *vm)
{
    uint8_t *guard = pool_alloc(vm->pool, PAGE_SIZE);
    must(guard, "no frame");
    ASAN_POISON_MEMORY_REGION(guard, PAGE_SIZE);
    return guard;
}

/* The pool hands out RAM upwards and what ROOMS allocates downwards. */
static inline void world_make(uint64_t ram_bytes, bool (*rooms)(struct vm *vm))
{
    struct vm *vm = world.now = fake_vm(ram_bytes);
    uint32_t frames = (uint32_t)(ram_bytes / PAGE_SIZE), first = vm->ram.frame[0].v;
    uint8_t *ram = host_frame_ptr(hfn(first)), *high = world_guard(vm);
    for (uint32_t n = 0; n < frames; n++)
        must(vm->ram.frame[n].v == first + n, "RAM in pieces");
    must(rooms(vm), "no rooms");
    uint8_t *low = world_guard(vm);
    must(high > low, "the pool's order");
    world.ram = region_of(ram, ram_bytes);
    world.rooms = region_of(low + PAGE_SIZE, (size_t)(high - low - PAGE_SIZE));
    ASAN_POISON_MEMORY_REGION(ram + ram_bytes, PAGE_SIZE);
    world.vm = *vm;
    world.cpu = *vm->vcpu;
}

static inline struct vm *world_restore(void)
{
    memcpy(world.ram.at, world.ram.copy, world.ram.size);
    memcpy(world.rooms.at, world.rooms.copy, world.rooms.size);
    *world.now->vcpu = world.cpu;
    *world.now = world.vm;
    fake.console_in_len = fake.console_in_pos = fake.console_out_len = fake.log_len = 0;
    fake.now_ns = fake.tsc = 0;
    return world.now;
}

#endif
