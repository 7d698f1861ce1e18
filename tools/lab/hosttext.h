/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Translated code as text: one host instruction of a block comes in; its line, with names for what
 * it reaches (fields of the vcpu, exits, gates, shared code), goes out.
 */
#ifndef RING1_LAB_HOSTTEXT_H
#define RING1_LAB_HOSTTEXT_H

#include "bt/cache.h"
#include "tools/lab/translate.h"

/* The instruction at offset AT of block B's code, which goes on to END at least. */
void hosttext_line(const struct bt *bt, const struct block *b, uint32_t at, uint32_t end,
                   struct lab_line *out);

#endif
