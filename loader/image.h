/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A guest as it stands before its first instruction: pieces of RAM with their bytes, and
 * the registers. The kernel formats put it together; planfile.c writes it out. Every
 * piece is checked against RAM and against all others when it is added, in one place.
 */
#ifndef RING1_LOADER_IMAGE_H
#define RING1_LOADER_IMAGE_H

#include "loader/problem.h"

#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAX_SEGMENTS 64u

/* What a PC's RAM looks like, as every memory map that we hand to a guest says. */
#define LOW_RAM_END    0x9fc00u /* conventional memory ends: 639 KiB */
#define HIGH_RAM_START 0x100000u

/* Where the flat descriptors stand in the table that image_add_gdt makes. */
#define IMAGE_CS 0x10u
#define IMAGE_DS 0x18u

struct image_segment {
    const char *what; /* for messages; outlives the image */
    uint32_t gpa, size;
    uint32_t file_size;   /* bytes that exist; the rest is zero */
    const uint8_t *bytes; /* borrowed, unless .made */
    uint8_t *made;
};

struct image {
    uint32_t ram; /* bytes of guest RAM, at most 2 GiB */
    unsigned count;
    struct image_segment seg[IMAGE_MAX_SEGMENTS];
    uint32_t eip, esp, eax, ebx, ecx, edx, esi, edi, ebp;
    uint32_t gdt_base, gdt_limit;
};

/* An empty image of MIB mebibytes; image_free gives back what image_make allocated. */
void image_init(struct image *im, uint32_t mib);
void image_free(struct image *im);

/* Adds SIZE bytes at GPA, of which the first FILE_SIZE are BYTES (borrowed until image_free).
 * A SIZE of 0 adds nothing. False: outside RAM (the hole from 639 KiB to 1 MiB counts as
 * outside), over another segment, or too many of them. */
bool image_add(struct image *im, const char *what, uint64_t gpa, uint64_t size,
               const uint8_t *bytes, uint32_t file_size, struct problem *p);

/* The same with SIZE zeroed bytes of its own, for the caller to fill in. NULL: failed. */
uint8_t *image_make(struct image *im, const char *what, uint64_t gpa, uint32_t size,
                    struct problem *p);

/* The lowest, or the highest, multiple of ALIGN (a power of two) in [FROM, TO) where SIZE bytes
 * are free; 0: nowhere. FROM is at least ALIGN. */
uint32_t image_find_low(const struct image *im, uint32_t size, uint32_t align, uint32_t from,
                        uint32_t to);
uint32_t image_find_high(const struct image *im, uint32_t size, uint32_t align, uint32_t from,
                         uint32_t to);

/* A GDT with the flat segments IMAGE_CS and IMAGE_DS, somewhere in low memory. */
bool image_add_gdt(struct image *im, struct problem *p);

/* Does a segment's own bytes or zeros cover ADDRESS? */
bool image_covers(const struct image *im, uint32_t address);

#endif
