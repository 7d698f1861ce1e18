/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Kernel files: bytes and the user's wishes come in, an image of guest memory and registers
 * goes out. The format is told by content, never by name. One table in kernel.c lists
 * the formats; each of them is a file of its own.
 */
#ifndef RING1_LOADER_KERNEL_H
#define RING1_LOADER_KERNEL_H

#include "loader/image.h"
#include "loader/input.h"

/* What the user gave. The bytes are borrowed by the image. */
struct kernel_request {
    const char *path; /* of the kernel, for messages */
    struct blob kernel;
    const char *initrd_path; /* NULL: none was given */
    struct blob initrd;
    const char *append; /* the command line, "" if none */
};

/* Fills IM (from image_init) with everything the guest needs to start. False: P says why the
 * kernel cannot be loaded; IM is then only good for image_free. */
bool kernel_load(const struct kernel_request *r, struct image *im, struct problem *p);

/* The formats. Each returns false with P set. */
bool bzimage_load(const struct kernel_request *r, struct image *im, struct problem *p);
bool multiboot_load(const struct kernel_request *r, struct image *im, struct problem *p);
bool vmlinux_load(const struct kernel_request *r, struct image *im, struct problem *p);
bool elf_load(const struct kernel_request *r, struct image *im, struct problem *p);

/* Is there a Linux setup header's mark, a multiboot header, an ELF header with Linux's banner in
 * the file, an ELF header? */
bool bzimage_probe(const struct blob *kernel);
bool multiboot_probe(const struct blob *kernel);
bool vmlinux_probe(const struct blob *kernel);
bool elf_probe(const struct blob *kernel);

/* The segments of an ELF file at their physical addresses, and IM's eip. */
bool elf_load_segments(const struct kernel_request *r, struct image *im, struct problem *p);

/* A little-endian value at byte AT of DATA; the caller has checked that it is there. */
static inline uint16_t get16(const uint8_t *data, size_t at)
{
    return (uint16_t)(data[at] | data[at + 1] << 8);
}

static inline uint32_t get32(const uint8_t *data, size_t at)
{
    return get16(data, at) | (uint32_t)get16(data, at + 2) << 16;
}

static inline void put32(uint8_t *data, size_t at, uint32_t v)
{
    data[at] = (uint8_t)v;
    data[at + 1] = (uint8_t)(v >> 8);
    data[at + 2] = (uint8_t)(v >> 16);
    data[at + 3] = (uint8_t)(v >> 24);
}

#endif
