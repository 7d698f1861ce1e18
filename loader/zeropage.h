/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The "zero page" that a Linux kernel is started with by the 32-bit boot protocol: its memory, its
 * screen, its command line and initrd. For both files that a kernel comes in, a bzImage and the
 * vmlinux inside.
 */
#ifndef RING1_LOADER_ZEROPAGE_H
#define RING1_LOADER_ZEROPAGE_H

#include "loader/bzimage.h"
#include "loader/kernel.h"

/* Adds it to IM, which has the kernel already, with the setup header H, and the command line and
 * initrd of R, which lie up to INITRD_MAX and are at most COMMAND_LINE_MAX characters; sets the
 * registers and adds a GDT. False: P says what does not fit. */
bool zeropage_add(const struct kernel_request *r, const uint8_t h[H_END], uint32_t initrd_max,
                  uint32_t command_line_max, struct image *im, struct problem *p);

#endif
