/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a guest frame to the shadow entries that map it writable: what must be found when the
 * frame becomes traced. Read-only entries are of no interest and not listed.
 */
#ifndef RING1_SHADOW_RMAP_H
#define RING1_SHADOW_RMAP_H

#include "shadow/state.h"

/* The number of entry INDEX of T, and back. */
uint32_t rmap_number(const struct shadow *s, const struct shadow_table *t, unsigned index);
struct shadow_entry *rmap_entry(struct shadow *s, uint32_t n);

/* Entry N, whose .gfn is set, became writable, or will be no longer. */
void rmap_link(struct shadow *s, uint32_t n);
void rmap_unlink(struct shadow *s, uint32_t n);

#endif
