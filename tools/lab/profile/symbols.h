/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Names for addresses of guest code: from a System.map or a copy of /proc/kallsyms, from the symbol
 * table of an ELF file, or from the table that a Linux kernel carries within itself (kallsyms),
 * which is all that Debian's kernels have. The kind is told by content.
 */
#ifndef RING1_TOOLS_LAB_PROFILE_SYMBOLS_H
#define RING1_TOOLS_LAB_PROFILE_SYMBOLS_H

#include "loader/input.h"

#include <stdint.h>

struct symbol {
    uint32_t address, size; /* a size of 0 is unknown */
    const char *name;       /* any bytes but 0 */
};

struct symbols {
    const char *from; /* "System.map", "ELF symbols", "kallsyms"; NULL: there are none */
    uint32_t slide;   /* what is to be subtracted from an address to find it here */
    bool doubtful;    /* they may be of another kernel: its handler of page faults is elsewhere */
    size_t count, room;
    struct symbol *symbol; /* sorted by address */
    char *names;           /* what their names are part of */
    size_t names_size, names_room;
    bool failed; /* no memory */
};

/* The symbols of code in FILE, which the user knows as NAME. False: P says why there are none, or
 * what is wrong with them. In both cases symbols_free is the caller's to call. */
bool symbols_read(const char *name, const struct blob *file, struct symbols *s, struct problem *p);
void symbols_free(struct symbols *s);

/* The guest's kernel may have moved itself (KASLR), by whole pages: its handler of page faults is
 * at HANDLER. Without a symbol for that, or with a HANDLER of 0, nothing is known. */
void symbols_slide(struct symbols *s, uint32_t handler);

/* The symbol that holds ADDRESS, or NULL; *OFFSET is how far in. */
const struct symbol *symbols_find(const struct symbols *s, uint32_t address, uint32_t *offset);

/* For the readers of one format each. symbols_add copies NAME, of LENGTH bytes. The formats return
 * false for a file that has none of their symbols. */
void symbols_add(struct symbols *s, uint32_t address, uint32_t size, const char *name,
                 size_t length);
bool symbols_from_elf(const struct blob *file, struct symbols *s);
bool symbols_from_kallsyms(const struct blob *image, struct symbols *s);
bool symbols_from_map(const char *name, const struct blob *file, struct symbols *s,
                      struct problem *p);

#endif
