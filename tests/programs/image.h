/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest images: the runtime and programs behind it (layout.h).
 */
#ifndef RING1_PROGRAMS_IMAGE_H
#define RING1_PROGRAMS_IMAGE_H

#include "tests/programs/gen.h"

struct image {
    uint8_t *bytes;
    size_t len, header;
};

/* An image without programs of the runtime in the file PATH; ends the process with a message if it
 * cannot be read. */
void image_open(struct image *im, const char *path, bool verbose);
/* One more program; false if there is no room for it. */
bool image_add(struct image *im, const struct choice *choice);
/* Writes it to the file PATH, or ends the process, and frees it. */
void image_close(struct image *im, const char *path);

/* How many atoms a seed's program has, and how many sections. */
uint32_t program_atoms(const struct choice *choice);
uint32_t program_sections(const struct choice *choice);
/* Prints it as text (listing.c). */
void program_list(const struct choice *choice);

#endif
