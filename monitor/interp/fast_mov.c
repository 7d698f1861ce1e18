/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fast moves: MOV, MOVZX, MOVSX, LEA, XCHG of registers, SETcc, CMOVcc, CDQ, NOP.
 */
#include "monitor/interp/fast.h"

FAST bool mov(struct vcpu *v, const struct slot *s, enum form form, unsigned size)
{
    bool store = form == FORM_MR || form == FORM_MI;
    uint8_t *m = NULL;
    if (form_in_memory(form) && !(m = fast_place(v, s, size, store ? PF_W : 0)))
        return false;
    fast_result(v, s, form, size, m, fast_source(v, s, form, size, m));
    return true;
}

/* From SIZE bytes to four. */
FAST bool widen(struct vcpu *v, const struct slot *s, enum op op, enum form form, unsigned size)
{
    uint8_t *m = NULL;
    if (form == FORM_RM && !(m = fast_place(v, s, size, 0)))
        return false;
    uint32_t x = fast_source(v, s, form, size, m);
    reg_set(v, s->dst, 4, op == OP_MOVSX ? sign_extend(x, size) : x);
    return true;
}

static bool lea(struct vcpu *v, const struct slot *s)
{
    reg_set(v, s->dst, 4, fast_offset(v, s));
    return true;
}

static bool xchg(struct vcpu *v, const struct slot *s)
{
    uint32_t a = reg_get(v, s->dst, 4);
    reg_set(v, s->dst, 4, reg_get(v, s->src, 4));
    reg_set(v, s->src, 4, a);
    return true;
}

static bool cdq(struct vcpu *v, const struct slot *s)
{
    (void)s;
    v->gpr[R_EDX] = 0u - (v->gpr[R_EAX] >> 31);
    return true;
}

static bool nop(struct vcpu *v, const struct slot *s)
{
    (void)v;
    (void)s;
    return true;
}

FAST bool setcc(struct vcpu *v, const struct slot *s, unsigned cc)
{
    reg_set(v, s->dst, 1, fast_condition(v->eflags, cc));
    return true;
}

/* The source is read whether or not the condition holds. */
FAST bool cmov(struct vcpu *v, const struct slot *s, enum form form, unsigned cc)
{
    uint8_t *m = NULL;
    if (form == FORM_RM && !(m = fast_place(v, s, 4, 0)))
        return false;
    uint32_t x = fast_source(v, s, form, 4, m);
    if (fast_condition(v->eflags, cc))
        reg_set(v, s->dst, 4, x);
    return true;
}

/* ---- One function a case ----------------------------------------------------------- */

/* clang-format off */
#define FN(name, call) \
    static bool name(struct vcpu *v, const struct slot *s) \
    { \
        return call; \
    }
#define MOVES(form) \
    FN(mov_##form##_1, mov(v, s, FORM_##form, 1)) FN(mov_##form##_2, mov(v, s, FORM_##form, 2)) \
    FN(mov_##form##_4, mov(v, s, FORM_##form, 4))
#define MOVE_ROW(form) [FORM_##form] = {mov_##form##_1, mov_##form##_2, mov_##form##_4}
#define WIDEN(name, op, form, size) FN(name, widen(v, s, op, form, size))
#define CC(n) \
    FN(setcc_##n, setcc(v, s, n)) FN(cmov_rr_##n, cmov(v, s, FORM_RR, n)) \
    FN(cmov_rm_##n, cmov(v, s, FORM_RM, n))
#define CC_ROW(n) {setcc_##n, cmov_rr_##n, cmov_rm_##n}

MOVES(RR) MOVES(RI) MOVES(RM) MOVES(MR) MOVES(MI)
static fast_fn *const moves[FORM_COUNT][3] = {
    MOVE_ROW(RR), MOVE_ROW(RI), MOVE_ROW(RM), MOVE_ROW(MR), MOVE_ROW(MI),
};

WIDEN(movzx_rr_1, OP_MOVZX, FORM_RR, 1) WIDEN(movzx_rr_2, OP_MOVZX, FORM_RR, 2)
WIDEN(movzx_rm_1, OP_MOVZX, FORM_RM, 1) WIDEN(movzx_rm_2, OP_MOVZX, FORM_RM, 2)
WIDEN(movsx_rr_1, OP_MOVSX, FORM_RR, 1) WIDEN(movsx_rr_2, OP_MOVSX, FORM_RR, 2)
WIDEN(movsx_rm_1, OP_MOVSX, FORM_RM, 1) WIDEN(movsx_rm_2, OP_MOVSX, FORM_RM, 2)
/* By operation, form and source size / 2. */
static fast_fn *const widens[2][FORM_COUNT][2] = {
    {[FORM_RR] = {movzx_rr_1, movzx_rr_2}, [FORM_RM] = {movzx_rm_1, movzx_rm_2}},
    {[FORM_RR] = {movsx_rr_1, movsx_rr_2}, [FORM_RM] = {movsx_rm_1, movsx_rm_2}},
};

CC(0) CC(1) CC(2) CC(3) CC(4) CC(5) CC(6) CC(7)
CC(8) CC(9) CC(10) CC(11) CC(12) CC(13) CC(14) CC(15)
static fast_fn *const conditional[16][3] = {
    CC_ROW(0), CC_ROW(1), CC_ROW(2), CC_ROW(3), CC_ROW(4), CC_ROW(5), CC_ROW(6), CC_ROW(7),
    CC_ROW(8), CC_ROW(9), CC_ROW(10), CC_ROW(11), CC_ROW(12), CC_ROW(13), CC_ROW(14), CC_ROW(15),
};
/* clang-format on */

static fast_fn *widening(const struct insn *i, enum form form)
{
    unsigned size = i->opd[1].size;
    if (form == FORM_COUNT || i->opd[0].size != 4 || size > 2)
        return NULL;
    return widens[i->op == OP_MOVSX][form][size / 2];
}

static fast_fn *cmov_of(const struct insn *i, enum form form)
{
    if (i->opd[0].size != 4)
        return NULL;
    return conditional[i->cond & 15][form == FORM_RM ? 2 : 1];
}

fast_fn *fast_mov(const struct insn *i, enum form form)
{
    switch (i->op) {
    case OP_MOV:
        return form < FORM_COUNT && i->opd[0].size <= 4 ? moves[form][i->opd[0].size / 2] : NULL;
    case OP_MOVZX:
    case OP_MOVSX:
        return widening(i, form);
    case OP_LEA:
        return i->opd[0].size == 4 ? lea : NULL;
    case OP_XCHG:
        return form == FORM_RR && i->opd[0].size == 4 ? xchg : NULL;
    case OP_CWD:
        return i->opsize == 4 ? cdq : NULL;
    case OP_SETCC:
        return form == FORM_R ? conditional[i->cond & 15][0] : NULL;
    case OP_CMOVCC:
        return cmov_of(i, form);
    case OP_NOP:
    case OP_PAUSE:
        return nop;
    default:
        return NULL;
    }
}
