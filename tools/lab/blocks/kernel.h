/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A kernel's bytes by linear address, and its symbols: an ELF file by its virtual addresses (and,
 * where they are others, by its physical ones), what is packed in a Linux bzImage likewise, any
 * other kernel as it is loaded.
 */
#ifndef RING1_LAB_BLOCKS_KERNEL_H
#define RING1_LAB_BLOCKS_KERNEL_H

#include "loader/image.h"
#include "loader/input.h"
#include "tools/lab/translate.h"

#define LAB_PIECES (2 * IMAGE_MAX_SEGMENTS)

struct lab_symbol {
    const char *name;
    uint32_t address, size;
};

struct lab_kernel {
    struct blob file, unpacked;
    const struct blob *elf; /* which of the two is an ELF file; NULL: none */
    struct Elf *handle;     /* libelf's, which holds the symbols' names */
    struct image image;     /* of a kernel that is none */
    unsigned pieces;
    struct lab_code piece[LAB_PIECES];
    uint32_t symbols;
    struct lab_symbol *symbol; /* of code, by address */
};

/* Reads PATH. False, with P: it cannot be read, or is no kernel; K is good for lab_kernel_free. */
bool lab_kernel_open(const char *path, struct lab_kernel *k, struct problem *p);
void lab_kernel_free(struct lab_kernel *k);

/* The piece that holds ADDRESS; NULL: none. */
const struct lab_code *lab_kernel_find(const struct lab_kernel *k, uint32_t address);

/* An address: a number, or a symbol's name and perhaps "+number". *SIZE is the symbol's, 0 for a
 * number. False, with P. */
bool lab_kernel_address(const struct lab_kernel *k, const char *text, uint32_t *address,
                        uint32_t *size, struct problem *p);

/* The symbol that ADDRESS is in; NULL: none. */
const struct lab_symbol *lab_kernel_symbol(const struct lab_kernel *k, uint32_t address);

#endif
