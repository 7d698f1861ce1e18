/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pushes and pops as the other families use them: SS, its B bit and the operand size
 * decide. A failure leaves v->exc set and ESP as it was.
 */
#ifndef RING1_INTERP_STACK_H
#define RING1_INTERP_STACK_H

#include "monitor/vcpu.h"

/* All ones in the bits of ESP that stack operations use: SP or ESP, by SS.B. */
static inline uint32_t stack_mask(const struct vcpu *v)
{
    return v->seg[S_SS].attr & SA_DB ? 0xffffffffu : 0xffffu;
}

/* ESP plus CHANGE within the stack's width; the upper half of a 16-bit stack's ESP is kept. */
static inline uint32_t stack_moved(const struct vcpu *v, uint32_t change)
{
    uint32_t esp = v->gpr[R_ESP], mask = stack_mask(v);
    return (esp & ~mask) | ((esp + change) & mask);
}

bool stack_push(struct vcpu *v, uint32_t value, unsigned size);

/* Reads SIZE bytes at the top plus OFFSET; ESP stays. */
bool stack_peek(struct vcpu *v, uint32_t offset, unsigned size, uint32_t *value);

#endif
