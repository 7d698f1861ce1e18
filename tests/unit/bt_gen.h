/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random guest instructions for the lock-step test: given the present registers, the bytes of one
 * whose memory operand, if any, lies in the data or stack pages, however its address is made up.
 */
#ifndef RING1_BT_GEN_H
#define RING1_BT_GEN_H

#include "monitor/vcpu.h"

struct gen {
    uint64_t seed;
    const struct vcpu *v; /* registers and segments as they are now */
    uint8_t at[64];       /* the bytes */
    unsigned len;
    bool fpu; /* x87, MMX and SSE too */
    bool code16;
};

uint32_t gen_random(struct gen *g, uint32_t below);

/* One instruction, or a few that belong together, with no jump among them. */
void gen_instruction(struct gen *g);

/* Likewise, ending in a jump to one of two places: TARGET, or (short jumps) FORWARD bytes behind
 * the instruction. */
void gen_jump(struct gen *g, uint32_t target, uint8_t forward);

#endif
