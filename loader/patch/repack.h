/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The patched kernel back in its file, of the kind that it was read from.
 */
#ifndef RING1_LOADER_PATCH_REPACK_H
#define RING1_LOADER_PATCH_REPACK_H

#include "loader/patch/subject.h"

/* Makes OUT, for blob_free: K's ELF file, or its bzImage with the payload packed anew in the place
 * of the old one, whose size the code around it knows. False, with the reason in P: it is packed in
 * another way than xz, does not fit, or memory is short. */
bool repack(const struct subject *k, struct blob *out, struct problem *p);

/* K's ELF file alone; with the list of relocations behind it that a bzImage has there. */
bool repack_elf(const struct subject *k, struct blob *out, struct problem *p);

#endif
