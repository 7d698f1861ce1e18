/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is packed inside a bzImage: compressed bytes in, the kernel proper out. Formats are told by
 * content; the libraries do the work.
 */
#ifndef RING1_LOADER_UNPACK_H
#define RING1_LOADER_UNPACK_H

#include "loader/input.h"

/* The format's name, "gzip"; NULL: none that is known. */
const char *unpack_format(const struct blob *packed);

/* Linux appends the unpacked size to what it packs, or the format itself ends with it (gzip): that
 * many bytes go to OUT, for blob_free. False, with the reason in P: the format is unknown or
 * one that Ring1 has no library for, the data are damaged, or the size is over 512 MiB. */
bool unpack(const struct blob *packed, struct blob *out, struct problem *p);

#endif
