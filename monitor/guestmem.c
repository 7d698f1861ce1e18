/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest RAM: a table from guest frame to host frame, and the checked copies through it.
 * A physical range comes in; it is refused whole or copied whole. The table makes
 * no promise that neighbours in the guest are neighbours in the host.
 */
#include "monitor/guestmem.h"

#include "monitor/host.h"
#include "monitor/mem.h"
#include "monitor/pool.h"

/* Fills entry AT of TABLE, of FRAMES entries, and those behind it if 2 MiB could be had at once.
 * Returns how many; 0: the pool is empty. */
static uint64_t take(struct pool *pool, hfn_t *table, uint64_t at, uint64_t frames)
{
    if (at % LARGE_FRAMES == 0 && frames - at >= LARGE_FRAMES) {
        hfn_t first = pool_get_large(pool);
        for (uint32_t i = 0; first.v && i < LARGE_FRAMES; i++)
            table[at + i] = hfn(first.v + i);
        if (first.v)
            return LARGE_FRAMES;
    }
    table[at] = pool_get(pool);
    return table[at].v != 0;
}

bool guest_ram_create(struct vm *vm, uint64_t bytes)
{
    uint64_t frames = bytes / PAGE_SIZE;
    if (!frames || bytes > GUEST_RAM_MAX || pool_free_frames(vm->pool) < frames)
        return false;
    hfn_t *table = pool_alloc(vm->pool, frames * sizeof *table);
    if (!table)
        return false;
    for (uint64_t i = 0; i < frames;) {
        uint64_t n = take(vm->pool, table, i, frames);
        if (!n)
            return false;
        i += n;
    }
    vm->ram = (struct guest_ram){frames * PAGE_SIZE, table};
    return true;
}

void guest_ram_destroy(struct vm *vm)
{
    for (uint64_t i = 0; i < vm->ram.size / PAGE_SIZE; i++) {
        if (vm->ram.frame[i].v)
            pool_retire(vm->pool, vm->ram.frame[i]);
    }
    vm->ram = (struct guest_ram){0};
}

hfn_t guest_frame(const struct vm *vm, gfn_t f)
{
    return f.v < vm->ram.size / PAGE_SIZE ? vm->ram.frame[f.v] : hfn(0);
}

hfn_t guest_frame_replace(struct vm *vm, gfn_t f, hfn_t h)
{
    hfn_t was = vm->ram.frame[f.v];
    vm->ram.frame[f.v] = h;
    return was;
}

hfn_t guest_frame_large(const struct vm *vm, gfn_t f)
{
    hfn_t first = guest_frame(vm, f);
    if (!first.v || first.v % LARGE_FRAMES)
        return hfn(0);
    for (uint32_t i = 1; i < LARGE_FRAMES; i++) {
        if (guest_frame(vm, gfn(f.v + i)).v != first.v + i)
            return hfn(0);
    }
    return first;
}

void *guest_page(const struct vm *vm, gpa_t where, size_t len)
{
    size_t offset = where.v & PAGE_MASK;
    if (where.v >= vm->ram.size || len > PAGE_SIZE - offset)
        return NULL;
    hfn_t host = vm->ram.frame[where.v >> PAGE_SHIFT];
    return host.v ? (uint8_t *)host_frame_ptr(host) + offset : NULL;
}

/* How much of [where, where+len) lies in the page that holds its first byte. */
static size_t piece(gpa_t where, size_t len)
{
    size_t left = PAGE_SIZE - (where.v & PAGE_MASK);
    return len < left ? len : left;
}

static bool present(const struct vm *vm, gpa_t where, size_t len)
{
    if (where.v > vm->ram.size || len > vm->ram.size - where.v)
        return false;
    for (size_t n; len; where.v += n, len -= n) {
        n = piece(where, len);
        if (!guest_page(vm, where, n))
            return false;
    }
    return true;
}

bool guest_read(const struct vm *vm, gpa_t where, void *buf, size_t len)
{
    if (!present(vm, where, len))
        return false;
    uint8_t *to = buf;
    for (size_t n; len; where.v += n, to += n, len -= n) {
        n = piece(where, len);
        memcpy(to, guest_page(vm, where, n), n);
    }
    return true;
}

bool guest_write(struct vm *vm, gpa_t where, const void *buf, size_t len)
{
    if (!present(vm, where, len))
        return false;
    const uint8_t *from = buf;
    for (size_t n; len; where.v += n, from += n, len -= n) {
        n = piece(where, len);
        memcpy(guest_page(vm, where, n), from, n);
    }
    return true;
}

bool guest_zero(struct vm *vm, gpa_t where, size_t len)
{
    if (!present(vm, where, len))
        return false;
    for (size_t n; len; where.v += n, len -= n) {
        n = piece(where, len);
        memset(guest_page(vm, where, n), 0, n);
    }
    return true;
}
