/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a kernel file says of itself, as sections of a sheet. Each function takes a file that its
 * format's probe has recognised, but trusts nothing else in it: what is damaged is shown as
 * such and not read. Whether Ring1 can start the kernel is not asked here.
 */
#ifndef RING1_LOADER_DESCRIBE_H
#define RING1_LOADER_DESCRIBE_H

#include "loader/census.h"
#include "loader/input.h"
#include "loader/sheet.h"

/* The code that was found is added to C, if it is 32-bit. */
void describe_bzimage(const struct blob *kernel, struct sheet *s, struct census *c);
void describe_multiboot(const struct blob *kernel, struct sheet *s, struct census *c);
void describe_elf(const struct blob *kernel, struct sheet *s, struct census *c);

/* The segments and the code of an ELF file that is all or part of a kernel. */
void describe_elf_content(const struct blob *elf, struct sheet *s, struct census *c);

#endif
