/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header of a Multiboot 1 kernel (Multiboot Specification version 0.6.96, section 3.1): for the
 * loader and for `ring1 inspect`.
 */
#ifndef RING1_LOADER_MULTIBOOT_H
#define RING1_LOADER_MULTIBOOT_H

#include "loader/input.h"

#define HEADER_MAGIC 0x1badb002u

/* Header flags, section 3.1.2: a loader must refuse what it does not know of bits 0-15. */
#define WANT_PAGE_ALIGN (1u << 0)
#define WANT_MEMORY     (1u << 1)
#define WANT_VIDEO      (1u << 2) /* a wish only: there is no screen, and the information says so */
#define WANT_MASK       0xffffu
#define HAS_ADDRESSES   (1u << 16)

enum multiboot_header {
    H_FLAGS = 4,
    H_CHECKSUM = 8,
    H_HEADER_ADDR = 12,
    H_LOAD_ADDR = 16,
    H_LOAD_END_ADDR = 20,
    H_BSS_END_ADDR = 24,
    H_ENTRY_ADDR = 28,
    H_SIZE = 12,
    H_SIZE_WITH_ADDRESSES = 32,
};

/* The header's offset in the file, or -1. Its H_SIZE bytes are there; more need not be. */
long multiboot_find_header(const struct blob *kernel);

#endif
