/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a decoded instruction to its slot: the recipe of its operands, and the fast handler
 * if there is one for the operation and the form. Read fast_alu.c next.
 */
#include "monitor/interp/fast.h"

#include "monitor/mem.h"

static bool is(const struct insn *i, unsigned n, enum operand_kind kind)
{
    return i->opd[n].kind == kind;
}

static enum form form_of_one(const struct insn *i)
{
    if (is(i, 0, OPD_GPR))
        return FORM_R;
    if (is(i, 0, OPD_MEM))
        return FORM_M;
    return is(i, 0, OPD_IMM) || is(i, 0, OPD_REL) ? FORM_I : FORM_COUNT;
}

enum form fast_form(const struct insn *i)
{
    if (i->nopd == 1)
        return form_of_one(i);
    if (i->nopd < 2)
        return FORM_COUNT;
    if (is(i, 0, OPD_GPR) && is(i, 1, OPD_GPR))
        return FORM_RR;
    if (is(i, 0, OPD_GPR) && is(i, 1, OPD_IMM))
        return FORM_RI;
    if (is(i, 0, OPD_GPR) && is(i, 1, OPD_MEM))
        return FORM_RM;
    if (is(i, 0, OPD_MEM) && is(i, 1, OPD_GPR))
        return FORM_MR;
    return is(i, 0, OPD_MEM) && is(i, 1, OPD_IMM) ? FORM_MI : FORM_COUNT;
}

/* AH to BH are the second bytes of EAX to EBX. */
static uint8_t reg_place(const struct operand *o)
{
    if (o->kind != OPD_GPR)
        return 0;
    return (uint8_t)(o->size == 1 ? 4 * (o->reg & 3) + (o->reg >> 2 & 1) : 4 * (o->reg & 7));
}

static void keep_address(struct slot *s, const struct mem_operand *m)
{
    s->seg = m->seg % S_COUNT;
    s->base = m->base & 7;
    s->base_scale = m->base != R_NONE;
    s->index = m->index & 7;
    s->index_scale = m->index != R_NONE ? m->scale : 0;
    s->disp = (uint32_t)m->disp;
}

static bool has_memory(const struct insn *i)
{
    return is(i, 0, OPD_MEM) || is(i, 1, OPD_MEM) || is(i, 2, OPD_MEM);
}

/* What interp_op does not offer without a check has no fast handler either. */
static fast_fn *choose(const struct insn *i)
{
    static fast_fn *(*const family[])(const struct insn *, enum form) = {fast_alu, fast_shift,
                                                                         fast_mov, fast_flow};
    enum form form = fast_form(i);
    fast_fn *fn = NULL;
    if ((i->flags & (INSN_BAD_LOCK | INSN_PRIVILEGED)) || (has_memory(i) && i->addrsize != 4))
        return NULL;
    for (unsigned n = 0; n < ARRAY_SIZE(family) && !fn; n++)
        fn = family[n](i, form);
    return fn;
}

void slot_prepare(struct slot *s)
{
    const struct insn *i = &s->insn;
    s->len = i->len;
    s->keep = ~0ull >> (i->len >= 8 ? 0 : 64 - 8 * i->len);
    memcpy(&s->bytes, i->bytes, 8);
    s->bytes &= s->keep;
    s->dst = reg_place(&i->opd[0]);
    s->src = reg_place(&i->opd[1]);
    s->imm = i->imm;
    keep_address(s, &i->mem);
    s->fast = choose(i);
}
