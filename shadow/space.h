/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Spaces: cached by CR3 and paging mode, the least recently used given up first; and which
 * table belongs at a slot.
 */
#ifndef RING1_SHADOW_SPACE_H
#define RING1_SHADOW_SPACE_H

#include "monitor/vcpu.h"
#include "shadow/state.h"

/* The key of the space that v's paging state makes of CR3. And the space, if it is there. */
uint32_t space_key(const struct vcpu *v, uint32_t cr3);
struct shadow_space *space_find(struct shadow *s, uint32_t key);

struct space_found {
    struct shadow_space *space; /* NULL: no host memory */
    bool known;                 /* it was there before */
};
struct space_found space_get(struct shadow *s, uint32_t key);

/* Gives SP the directories that its key or, with PAE, the directory pointers PDPTE name now; what
 * came from others is detached. */
void space_set_roots(struct shadow *s, struct shadow_space *sp, const uint64_t pdpte[4]);

/* Hangs a table, with all entries derived, at every slot of SP that has none and whose directory
 * entry leads to a page table of user memory in RAM, as long as there is room. */
void space_populate(struct shadow *s, struct shadow_space *sp, const uint64_t pdpte[4]);

/* Detaches the tables of user memory; directories are not watched until the space is used next. */
void space_unpin(struct shadow *s, struct shadow_space *sp);

/* Takes every table from SP; its directories are no longer traced for it. */
void space_empty(struct shadow *s, struct shadow_space *sp);

/* Empties SP and, unless it is the current one, frees it. */
void space_retire(struct shadow *s, struct shadow_space *sp);

/* The directory M is written: those of its spaces that are not the current one stop watching it and
 * look at it again when they are used next. M may be gone then. */
void space_neglect(struct shadow *s, struct mirror *m);

/* Takes from its space what is derived from R; frees the space as well if nothing is left
 * in it and it is not the current one. */
void space_retire_root(struct shadow *s, struct shadow_root *r);

/* Makes room for more tables, at least a sixteenth of all that there may be, whole ones not counted
 * (or empties what there is): the pool is never emptied as a whole, and what goes is counted. */
void space_reclaim(struct shadow *s);

/* Makes slot INDEX empty. A guest page table's table that hangs nowhere now is dropped. */
void space_detach(struct shadow *s, struct shadow_space *sp, unsigned index);

/* Entry I of directory R changed to PDE: detaches what it does not lead to any more. */
void space_check_entry(struct shadow *s, struct shadow_root *r, unsigned i, uint64_t pde);

/* The table that PDE (present, accessed) leads to at slot INDEX, made if need be and hung
 * there, with the directory mirrored. NULL: out of records or of host memory. With
 * paging off PDE is ignored. */
struct shadow_table *space_table(struct shadow *s, struct shadow_space *sp, unsigned index,
                                 uint64_t pde);

#endif
