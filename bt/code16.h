/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * 16-bit code: what of it is translated otherwise. Private to bt/.
 */
#ifndef RING1_BT_CODE16_H
#define RING1_BT_CODE16_H

#include "bt/translation.h"

/* Is the instruction at hand the segment's last, or beyond? */
bool leaves_segment(const struct translation *t);
/* prepare_memory of ident.c for an operand with a 16-bit address. */
bool operand16(struct translation *t, unsigned reg, bool store, struct mem_form *m);
/* Pushes the return address; the call goes to EIP as HOW says. */
void push_return16(struct translation *t, uint32_t eip, unsigned how);
/* R8D = the return address, popped with EXTRA bytes behind it. */
void pop_return16(struct translation *t, int extra);
enum end jump_on_count16(struct translation *t);
enum end push16(struct translation *t);
enum end push_sreg16(struct translation *t);
enum end pushf16(struct translation *t);
enum end pop16(struct translation *t);
enum end leave16(struct translation *t);

#endif
