/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The pieces of a guest's memory. Addresses are computed in 64 bits, so that no value out
 * of a kernel file can wrap around. Read bzimage.c for how a kernel uses it.
 */
#include "loader/image.h"

#include <stdlib.h>
#include <string.h>

#define LOWEST_FREE 0x1000u /* page 0: the real-mode vectors and the BIOS data area */

void image_init(struct image *im, uint32_t mib)
{
    memset(im, 0, sizeof *im);
    im->ram = mib << 20;
}

void image_free(struct image *im)
{
    for (unsigned i = 0; i < im->count; i++)
        free(im->seg[i].made);
    im->count = 0;
}

static bool in_ram(const struct image *im, uint64_t gpa, uint64_t size)
{
    uint64_t end = gpa < LOW_RAM_END ? LOW_RAM_END : im->ram;
    if (gpa >= LOW_RAM_END && gpa < HIGH_RAM_START)
        return false;
    return gpa <= end && size <= end - gpa;
}

/* The segment that overlaps [gpa, gpa+size), NULL if that is free. */
static const struct image_segment *overlap(const struct image *im, uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < im->count; i++) {
        const struct image_segment *s = &im->seg[i];
        if (gpa < (uint64_t)s->gpa + s->size && s->gpa < gpa + size)
            return s;
    }
    return NULL;
}

bool image_add(struct image *im, const char *what, uint64_t gpa, uint64_t size,
               const uint8_t *bytes, uint32_t file_size, struct problem *p)
{
    if (size == 0)
        return true;
    if (!in_ram(im, gpa, size))
        return problem_bad(p,
                           "the %s wants %#llx bytes at %#llx, which is not in the guest's %u MiB "
                           "of RAM; try a larger --memory",
                           what, (unsigned long long)size, (unsigned long long)gpa, im->ram >> 20);
    const struct image_segment *other = overlap(im, gpa, size);
    if (other)
        return problem_bad(p, "the %s at %#llx (%#llx bytes) overlaps the %s at %#x", what,
                           (unsigned long long)gpa, (unsigned long long)size, other->what,
                           other->gpa);
    if (im->count == IMAGE_MAX_SEGMENTS)
        return problem_bad(p, "the kernel has more than %u loadable pieces", IMAGE_MAX_SEGMENTS);
    im->seg[im->count++] = (struct image_segment){
        .what = what,
        .gpa = (uint32_t)gpa,
        .size = (uint32_t)size,
        .file_size = file_size,
        .bytes = bytes,
    };
    return true;
}

uint8_t *image_make(struct image *im, const char *what, uint64_t gpa, uint32_t size,
                    struct problem *p)
{
    uint8_t *made = calloc(1, size);
    if (!made) {
        problem_host(p, "out of memory for the %s", what);
        return NULL;
    }
    if (!image_add(im, what, gpa, size, made, size, p)) {
        free(made);
        return NULL;
    }
    im->seg[im->count - 1].made = made;
    return made;
}

static bool is_free(const struct image *im, uint32_t at, uint32_t size)
{
    return in_ram(im, at, size) && !overlap(im, at, size);
}

/* The first hit is FROM rounded up or some segment's end rounded up, so only those are tried. */
uint32_t image_find_low(const struct image *im, uint32_t size, uint32_t align, uint32_t from,
                        uint32_t to)
{
    uint64_t best = 0;
    for (unsigned i = 0; i <= im->count; i++) {
        uint64_t at = i < im->count ? (uint64_t)im->seg[i].gpa + im->seg[i].size : from;
        if (at < from)
            continue;
        at = (at + align - 1) & ~(uint64_t)(align - 1);
        if (at + size > to || !is_free(im, (uint32_t)at, size))
            continue;
        if (!best || at < best)
            best = at;
    }
    return (uint32_t)best;
}

/* Likewise: the top, or just below some segment. */
uint32_t image_find_high(const struct image *im, uint32_t size, uint32_t align, uint32_t from,
                         uint32_t to)
{
    uint32_t best = 0;
    for (unsigned i = 0; i <= im->count; i++) {
        uint32_t end = i < im->count ? im->seg[i].gpa : to;
        if (end > to || end < size)
            continue;
        uint32_t at = (end - size) & ~(align - 1);
        if (at >= from && at > best && is_free(im, at, size))
            best = at;
    }
    return best;
}

static void put_descriptor(uint8_t *table, unsigned selector, uint8_t access)
{
    static const uint8_t flat[8] = {0xff, 0xff, 0, 0, 0, 0, 0xcf, 0}; /* 0 - 4 GiB, 32-bit */
    memcpy(table + selector, flat, sizeof flat);
    table[selector + 5] = access; /* bits 40-47, SDM 3A 3.4.5 */
}

bool image_add_gdt(struct image *im, struct problem *p)
{
    uint32_t size = IMAGE_DS + 8;
    uint32_t at = image_find_low(im, size, 16, LOWEST_FREE, LOW_RAM_END);
    if (!at)
        return problem_bad(p, "the kernel leaves no room below 639 KiB for its first GDT");
    uint8_t *table = image_make(im, "first GDT", at, size, p);
    if (!table)
        return false;
    put_descriptor(table, IMAGE_CS, 0x9b); /* present, code, readable, accessed */
    put_descriptor(table, IMAGE_DS, 0x93); /* present, data, writable, accessed */
    im->gdt_base = at;
    im->gdt_limit = size - 1;
    return true;
}

bool image_covers(const struct image *im, uint32_t address)
{
    return overlap(im, address, 1) != NULL;
}
