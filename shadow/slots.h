/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where tables hang: at which slots of which spaces, findable from both ends. Only links and
 * the host's own attach and detach; who should hang where is decided above.
 */
#ifndef RING1_SHADOW_SLOTS_H
#define RING1_SHADOW_SLOTS_H

#include "shadow/state.h"

/* The space and the index of slot number N, and the next slot where the same table hangs. */
struct shadow_space *slot_space(struct shadow *s, uint32_t n);
unsigned slot_index(uint32_t n);
uint32_t slot_next(struct shadow *s, uint32_t n);

/* The table at slot INDEX of SP, or NULL. */
struct shadow_table *slot_table(struct shadow *s, const struct shadow_space *sp, unsigned index);

/* The first slot of SP from FROM on that holds a table, or END if there is none before it. */
unsigned slot_next_held(const struct shadow_space *sp, unsigned from, unsigned end);

/* Hangs T at an empty slot. */
void slot_attach(struct shadow *s, struct shadow_space *sp, unsigned index, struct shadow_table *t);

/* T is not whole any more: what hangs at its slots is changed for its host table; owes the flush.
 */
void slot_split(struct shadow *s, const struct shadow_table *t);

/* Empties a slot that holds a table; owes the flush. */
void slot_detach(struct shadow *s, struct shadow_space *sp, unsigned index);

#endif
