/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What fast handlers are made of: one function per operation whose form and size are
 * constants to the compiler, which leaves of it the few instructions of that case. Nothing
 * here raises, calls or loops.
 */
#ifndef RING1_INTERP_FAST_H
#define RING1_INTERP_FAST_H

#include "monitor/interp/operand.h"
#include "monitor/interp/slot.h"
#include "monitor/vmem.h"

#define FAST static inline __attribute__((always_inline))

/* Destination and source: register, memory, immediate; R_, M_ and I_ have one operand. */
enum form { FORM_RR, FORM_RI, FORM_RM, FORM_MR, FORM_MI, FORM_R, FORM_M, FORM_I, FORM_COUNT };

/* The form of I's first two operands; FORM_COUNT: another. */
enum form fast_form(const struct insn *i);

/* The handler for I's operation and form, or NULL. Each file has its own operations. */
fast_fn *fast_alu(const struct insn *i, enum form form);
fast_fn *fast_shift(const struct insn *i, enum form form);
fast_fn *fast_mov(const struct insn *i, enum form form);
fast_fn *fast_flow(const struct insn *i, enum form form);

/* ---- Bytes of a size of 1, 2 or 4 --------------------------------------------- */

FAST uint32_t bytes_get(const uint8_t *p, unsigned size)
{
    uint16_t x2;
    uint32_t x4;
    if (size == 1)
        return *p;
    if (size == 2) {
        __builtin_memcpy(&x2, p, 2);
        return x2;
    }
    __builtin_memcpy(&x4, p, 4);
    return x4;
}

FAST void bytes_set(uint8_t *p, unsigned size, uint32_t x)
{
    __builtin_memcpy(p, &x, size); /* little-endian: the low bytes */
}

/* ---- Operands ------------------------------------------------------------------ */

FAST uint32_t reg_get(const struct vcpu *v, unsigned at, unsigned size)
{
    return bytes_get((const uint8_t *)v->gpr + at, size);
}

FAST void reg_set(struct vcpu *v, unsigned at, unsigned size, uint32_t x)
{
    bytes_set((uint8_t *)v->gpr + at, size, x);
}

/* Addresses of 32 bits only. */
FAST uint32_t fast_offset(const struct vcpu *v, const struct slot *s)
{
    return s->disp + v->gpr[s->base] * s->base_scale + v->gpr[s->index] * s->index_scale;
}

/* The memory operand for a read (0) or for a write too (PF_W); NULL: the general way. */
FAST uint8_t *fast_place(const struct vcpu *v, const struct slot *s, unsigned size, unsigned access)
{
    const struct segment *g = &v->seg[s->seg];
    gva_t where = gva(g->base + fast_offset(v, s));
    if (!segment_unlimited(g))
        return NULL;
    return access & PF_W ? vmem_hit_write(v, where, size, access_rights(v))
                         : vmem_hit(v, where, size, access_rights(v));
}

FAST bool form_in_memory(enum form f)
{
    return f == FORM_RM || f == FORM_MR || f == FORM_MI || f == FORM_M;
}

/* The source operand; M is the memory operand's place if there is one. */
FAST uint32_t fast_source(const struct vcpu *v, const struct slot *s, enum form f, unsigned size,
                          const uint8_t *m)
{
    switch (f) {
    case FORM_RI:
    case FORM_MI:
    case FORM_I:
        return s->imm;
    case FORM_RM:
    case FORM_M:
        return bytes_get(m, size);
    case FORM_R:
        return reg_get(v, s->dst, size);
    default:
        return reg_get(v, s->src, size);
    }
}

/* The destination, before and after. */
FAST uint32_t fast_dest(const struct vcpu *v, const struct slot *s, enum form f, unsigned size,
                        const uint8_t *m)
{
    return form_in_memory(f) && f != FORM_RM ? bytes_get(m, size) : reg_get(v, s->dst, size);
}

FAST void fast_result(struct vcpu *v, const struct slot *s, enum form f, unsigned size, uint8_t *m,
                      uint32_t x)
{
    if (form_in_memory(f) && f != FORM_RM)
        bytes_set(m, size, x);
    else
        reg_set(v, s->dst, size, x);
}

/* ---- Conditions (SDM 1 appendix B) ----------------------------------------------- */

FAST bool fast_condition(uint32_t fl, unsigned cc)
{
    const uint32_t tested[8] = {FL_OF, FL_CF, FL_ZF, FL_CF | FL_ZF, FL_SF, FL_PF, 0, FL_ZF};
    bool holds = fl & tested[cc >> 1];
    if (cc >> 1 >= 6)
        holds |= (fl >> 7 ^ fl >> 11) & 1; /* SF != OF */
    return holds != (cc & 1);
}

#endif
