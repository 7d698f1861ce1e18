/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Is a block's host code confined? It is decoded again, by Zydis, from end to end, and every memory
 * operand must be one that the translator may emit: wrapped at 4 GiB by the address-size prefix
 * (and in the guest's window, where there are windows), in the vcpu, in the cache's data, on the
 * call stack, or a sum of a window's base or a segment's place and an offset of 32 bits. No
 * instruction may be privileged, change a segment register or a register that is the monitor's, and
 * no jump may lead anywhere but to an instruction of the block, the shared code, a stub or another
 * entry. The unwind records must cover every byte.
 */
#ifndef RING1_BT_CONFINED_H
#define RING1_BT_CONFINED_H

#include "bt/translation.h"

/* Aborts, with a line that says why and the block's code, if BLOCK of v's translator is not. */
void confined_check(struct vcpu *v, uint32_t block);

#endif
