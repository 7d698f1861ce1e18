/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fast near branches, and PUSH and POP on a flat 32-bit stack. A target beyond the code
 * segment's limit is the general handlers' to refuse.
 */
#include "monitor/interp/fast.h"

/* ---- The stack ------------------------------------------------------------------- */

/* The four bytes at linear SS:ESP, for a read or a write; NULL: the general way. */
FAST uint8_t *stack_place(const struct vcpu *v, uint32_t esp, unsigned access)
{
    const struct segment *ss = &v->seg[S_SS];
    if (!segment_unlimited(ss) || !(ss->attr & SA_DB))
        return NULL;
    return access & PF_W ? vmem_hit_write(v, gva(ss->base + esp), 4, access_rights(v))
                         : vmem_hit(v, gva(ss->base + esp), 4, access_rights(v));
}

FAST bool push_value(struct vcpu *v, uint32_t x)
{
    uint8_t *top = stack_place(v, v->gpr[R_ESP] - 4, PF_W);
    if (!top)
        return false;
    bytes_set(top, 4, x);
    v->gpr[R_ESP] -= 4;
    return true;
}

FAST bool push(struct vcpu *v, const struct slot *s, enum form form)
{
    uint8_t *m = NULL;
    if (form == FORM_M && !(m = fast_place(v, s, 4, 0)))
        return false;
    return push_value(v, fast_source(v, s, form, 4, m));
}

static bool push_r(struct vcpu *v, const struct slot *s)
{
    return push(v, s, FORM_R);
}

static bool push_i(struct vcpu *v, const struct slot *s)
{
    return push(v, s, FORM_I);
}

static bool push_m(struct vcpu *v, const struct slot *s)
{
    return push(v, s, FORM_M);
}

/* POP ESP writes it last. */
static bool pop_r(struct vcpu *v, const struct slot *s)
{
    const uint8_t *top = stack_place(v, v->gpr[R_ESP], 0);
    if (!top)
        return false;
    v->gpr[R_ESP] += 4;
    reg_set(v, s->dst, 4, bytes_get(top, 4));
    return true;
}

static bool leave(struct vcpu *v, const struct slot *s)
{
    (void)s;
    const uint8_t *frame = stack_place(v, v->gpr[R_EBP], 0);
    if (!frame)
        return false;
    v->gpr[R_ESP] = v->gpr[R_EBP] + 4;
    v->gpr[R_EBP] = bytes_get(frame, 4);
    return true;
}

/* ---- Branches -------------------------------------------------------------------- */

FAST bool jump(struct vcpu *v, uint32_t target)
{
    if (target > v->seg[S_CS].limit)
        return false;
    v->eip = target;
    return true;
}

FAST bool jcc(struct vcpu *v, const struct slot *s, unsigned cc)
{
    return fast_condition(v->eflags, cc) ? jump(v, v->eip + s->imm) : true;
}

static bool jmp(struct vcpu *v, const struct slot *s)
{
    return jump(v, v->eip + s->imm);
}

FAST bool call_to(struct vcpu *v, uint32_t target)
{
    if (target > v->seg[S_CS].limit || !push_value(v, v->eip))
        return false;
    v->eip = target;
    return true;
}

static bool call(struct vcpu *v, const struct slot *s)
{
    return call_to(v, v->eip + s->imm);
}

static bool ret(struct vcpu *v, const struct slot *s)
{
    (void)s;
    const uint8_t *top = stack_place(v, v->gpr[R_ESP], 0);
    if (!top || !jump(v, bytes_get(top, 4)))
        return false;
    v->gpr[R_ESP] += 4;
    return true;
}

static bool jmp_r(struct vcpu *v, const struct slot *s)
{
    return jump(v, reg_get(v, s->dst, 4));
}

static bool call_r(struct vcpu *v, const struct slot *s)
{
    return call_to(v, reg_get(v, s->dst, 4));
}

static bool jmp_m(struct vcpu *v, const struct slot *s)
{
    const uint8_t *m = fast_place(v, s, 4, 0);
    return m && jump(v, bytes_get(m, 4));
}

static bool call_m(struct vcpu *v, const struct slot *s)
{
    const uint8_t *m = fast_place(v, s, 4, 0);
    return m && call_to(v, bytes_get(m, 4));
}

/* ---- One function a case ----------------------------------------------------------- */

/* clang-format off */
#define CC(n) \
    static bool jcc_##n(struct vcpu *v, const struct slot *s) \
    { \
        return jcc(v, s, n); \
    }
CC(0) CC(1) CC(2) CC(3) CC(4) CC(5) CC(6) CC(7)
CC(8) CC(9) CC(10) CC(11) CC(12) CC(13) CC(14) CC(15)
static fast_fn *const jccs[16] = {
    jcc_0, jcc_1, jcc_2, jcc_3, jcc_4, jcc_5, jcc_6, jcc_7,
    jcc_8, jcc_9, jcc_10, jcc_11, jcc_12, jcc_13, jcc_14, jcc_15,
};

static const struct {
    uint16_t op;
    uint8_t form;
    fast_fn *fn;
} rows[] = {
    {OP_PUSH, FORM_R, push_r}, {OP_PUSH, FORM_I, push_i}, {OP_PUSH, FORM_M, push_m},
    {OP_POP, FORM_R, pop_r}, {OP_LEAVE, FORM_COUNT, leave},
    {OP_JMP, FORM_I, jmp}, {OP_CALL, FORM_I, call}, {OP_RET, FORM_COUNT, ret},
    {OP_JMP_IND, FORM_R, jmp_r}, {OP_JMP_IND, FORM_M, jmp_m},
    {OP_CALL_IND, FORM_R, call_r}, {OP_CALL_IND, FORM_M, call_m},
};
/* clang-format on */

/* All with an operand size of 32 bits. */
fast_fn *fast_flow(const struct insn *i, enum form form)
{
    if (i->opsize != 4)
        return NULL;
    if (i->op == OP_JCC)
        return jccs[i->cond & 15];
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++)
        if (rows[n].op == i->op && rows[n].form == form)
            return rows[n].fn;
    return NULL;
}
