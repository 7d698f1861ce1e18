/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shadow tables: made, found by source and role, filled entry by entry, dropped.
 */
#ifndef RING1_SHADOW_TABLE_H
#define RING1_SHADOW_TABLE_H

#include "shadow/state.h"

/* The table for the guest page table M, or for the 2 MiB from guest frame BASE, in ROLE;
 * made if there is none. NULL: out of records or of host memory. */
struct shadow_table *table_of_guest(struct shadow *s, struct mirror *m, unsigned role);
/* A new one of the latter kind is whole if it can be. */
struct shadow_table *table_of_large(struct shadow *s, uint32_t base, unsigned role);

/* Takes T from wherever it hangs and frees it. Its source may be left without a table. */
void table_drop(struct shadow *s, struct shadow_table *t);

/* From here on T is not whole, unless it says so. */

/* Sets an entry to frame F with FLAGS (0: clears it). F is guest RAM. Owes the flush. */
void table_set(struct shadow *s, struct shadow_table *t, unsigned index, gfn_t f, unsigned flags);

/* Where entry INDEX of T, the shadow of a guest page table, comes from. */
gpa_t table_entry_gpa(const struct shadow_table *t, unsigned index);

/* Sets an entry to what the guest's page-table entry PTE, of which T is the shadow, allows
 * now. */
void table_derive(struct shadow *s, struct shadow_table *t, unsigned index, uint64_t pte);

/* The same for COUNT entries from FIRST on, multiples of 4 both, as they are in guest RAM; where A
 * bits may be set early (state.h) they are. */
void table_derive_range(struct shadow *s, struct shadow_table *t, unsigned first, unsigned count);

/* The same for COUNT entries of a table of a large page. */
void table_derive_large(struct shadow *s, struct shadow_table *t, unsigned first, unsigned count);

/* Would entry INDEX let the supervisor write, were its frame not traced? No, also if nothing is
 * mapped there or T is whole. */
bool table_closed_by_trace(struct shadow *s, const struct shadow_table *t, unsigned index);

/* A supervisor's write to the page of entry INDEX, which the guest's tables allow and D is set for,
 * is not granted by what was derived. If that is because the user may only read the page, with
 * WP clear, opens it to the supervisor alone. Returns the entry's flags. */
unsigned table_flip(struct shadow *s, struct shadow_table *t, unsigned index);

/* No entry and no whole table maps F. */
void table_forget_frame(struct shadow *s, gfn_t f);

/* F became traced: no entry and no whole table maps it writable from now on. Whole tables that did
 * are split; if there is no memory for that, dropped. */
void table_protect_frame(struct shadow *s, gfn_t f);

#endif
