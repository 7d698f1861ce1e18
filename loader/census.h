/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A census of code: how many of its instructions a deprivileged kernel could not run as they are,
 * by class. Bytes in, counts out. A linear sweep: data between the code is counted as code.
 */
#ifndef RING1_LOADER_CENSUS_H
#define RING1_LOADER_CENSUS_H

#include <stddef.h>
#include <stdint.h>

/* What the CPU does with an instruction of the class at CPL 3 (and, but for TRAPS, at CPL 1). */
enum census_kind {
    CENSUS_SILENT, /* it runs, and does or shows something else: the hole in the x86 */
    CENSUS_IOPL,   /* #GP unless IOPL allows it */
    CENSUS_TRAPS,  /* #GP, or whatever a control bit or a gate makes of it */
};

struct census_class {
    const char *name, *what;
    enum census_kind kind;
};

#define CENSUS_CLASSES 23u
extern const struct census_class census_classes[CENSUS_CLASSES];

struct census {
    uint64_t bytes, instructions, undecodable; /* the last: no instruction of i686 with SSE */
    uint64_t count[CENSUS_CLASSES];
};

/* Adds SIZE bytes of 32-bit code to C (zero at first). */
void census_add(struct census *c, const uint8_t *code, size_t size);

#endif
