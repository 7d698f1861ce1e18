/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Flushes that are owed. Changes to the current space note here what the host must forget;
 * the public operation that made them pays once, before the guest runs again.
 */
#ifndef RING1_SHADOW_FLUSH_H
#define RING1_SHADOW_FLUSH_H

#include "shadow/state.h"

void flush_owe_page(struct shadow *s, gva_t page);
void flush_owe_all(struct shadow *s);

/* Entry INDEX of T was present and changed: every page of the current space that it
 * maps. */
void flush_owe_entry(struct shadow *s, const struct shadow_table *t, unsigned index);

void flush_pay(struct shadow *s);

#endif
