/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Spaces: cached by CR3 and paging mode, the least recently used given up first; and which
 * table belongs at a slot.
 */
#ifndef RING1_SHADOW_SPACE_H
#define RING1_SHADOW_SPACE_H

#include "monitor/vcpu.h"
#include "shadow/state.h"

uint32_t space_key(const struct vcpu *v);

struct space_found {
    struct shadow_space *space; /* NULL: no host memory */
    bool known;                 /* it was there before */
};
struct space_found space_get(struct shadow *s, uint32_t key);

/* Takes every table from SP; its directory is no longer traced for it. */
void space_empty(struct shadow *s, struct shadow_space *sp);

/* Empties SP and, unless it is the current one, frees it. */
void space_retire(struct shadow *s, struct shadow_space *sp);

/* Frees every space but the current one, and every table. */
void space_reclaim(struct shadow *s);

/* Makes slot INDEX empty. A guest page table's table that hangs nowhere now is dropped. */
void space_detach(struct shadow *s, struct shadow_space *sp, unsigned index);

/* The directory entry PDE of SP changed, or is to be used: detaches what it does not lead
 * to at slot INDEX (one of its two). */
void space_check_slot(struct shadow *s, struct shadow_space *sp, unsigned index, uint32_t pde);

/* The table that PDE (present, accessed) leads to at slot INDEX, made if need be and hung
 * there, with the directory mirrored. NULL: out of records or of host memory. With
 * paging off PDE is ignored. */
struct shadow_table *space_table(struct shadow *s, struct shadow_space *sp, unsigned index,
                                 uint32_t pde);

#endif
