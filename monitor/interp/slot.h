/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A decoded instruction as the interpreter keeps it: what tells that it is still the one in
 * memory, a recipe of its operands for the fast handlers, and all of it for the general
 * ones. A fast handler covers one operation with one form of operands, for the case
 * that nothing is in the way: flat segments, RAM, a soft TLB that knows the page.
 */
#ifndef RING1_INTERP_SLOT_H
#define RING1_INTERP_SLOT_H

#include "bt/decode/insn.h"
#include "monitor/interp/ops.h"
#include "monitor/vcpu.h"

struct slot;

/*
 * Finds v->eip behind its instruction, like a general handler. True: done, and nothing but
 * general registers, arithmetic flags, eip and untraced RAM has changed. False: nothing
 * has changed and nothing is raised; the general handler is to be called. Not for CPL 3
 * with AC set: alignment is not looked at.
 */
typedef bool fast_fn(struct vcpu *v, const struct slot *s);

struct slot {
    uint64_t key;   /* slot_key; what no instruction has: empty */
    uint64_t bytes; /* of the instruction's first eight, those of KEEP */
    uint64_t keep;
    fast_fn *fast; /* NULL: none */
    interp_fn *run;
    uint8_t len;
    uint8_t dst, src;                /* registers: where they stand in v->gpr, in bytes */
    uint8_t seg;                     /* of the memory operand, like the rest: offset = disp + */
    uint8_t base;                    /* gpr[base] * base_scale + */
    uint8_t index;                   /* gpr[index] * index_scale */
    uint8_t base_scale, index_scale; /* 0: there is none */
    uint32_t disp;
    uint32_t imm;
    struct insn insn;
} __attribute__((aligned(64)));

#define SLOT_EMPTY (~0ull)

/* The linear address and the code segment's default size. */
static inline uint64_t slot_key(uint32_t linear, bool code32)
{
    return (uint64_t)code32 << 32 | linear;
}

/* Fills in bytes, keep, len, the recipe and fast from S->insn. */
void slot_prepare(struct slot *s);

#endif
