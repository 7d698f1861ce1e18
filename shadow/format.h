/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What shadow paging knows of a paging format: its two lower levels as a row. The levels above,
 * where there are any, are registers (PAE's directory pointers), so that every format is
 * directories of page tables here.
 */
#ifndef RING1_SHADOW_FORMAT_H
#define RING1_SHADOW_FORMAT_H

#include "shadow/state.h"

struct shadow_format {
    unsigned entry_size;     /* bytes */
    unsigned directories;    /* in an address space */
    unsigned slots;          /* that one directory entry covers */
    unsigned large_mode;     /* enum space_mode: without it PS has no meaning; 0: always has */
    unsigned role;           /* of every page table's shadow */
    uint64_t base;           /* address bits of an entry */
    uint64_t reserved;       /* bits that must be 0 */
    uint64_t large_base;     /* address bits of a large page's entry */
    uint64_t large_reserved; /* more bits that must be 0 there */
};

/* The row of a space, and of the page table that T (not of a large page) shadows. */
const struct shadow_format *format_of_space(const struct shadow_space *sp);
const struct shadow_format *format_of_table(const struct shadow_table *t);

/* The bits that must be 0 in any entry; NXE: EFER.NXE is set. */
uint64_t format_reserved(const struct shadow_format *fmt, bool nxe);

#endif
