/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fast shifts of bytes and double words, and the short multiplication of the latter. Their
 * undefined flags are the host's, as in shift.c and muldiv.c.
 */
#include "monitor/interp/alu.h"
#include "monitor/interp/fast.h"

/* clang-format off */
#define HOST_SHIFT(insn, x) \
    __asm__(insn " %%cl, %[v]\n\t" ASM_GET_FLAGS \
            : [v] "+q"(x), [f] "=&r"(f) : "c"((uint8_t)count) : "cc")
#define HOST_SHIFT_OF(size, x) \
    do { \
        if (op == OP_SHL) \
            HOST_SHIFT("shl" size, x); \
        else if (op == OP_SHR) \
            HOST_SHIFT("shr" size, x); \
        else \
            HOST_SHIFT("sar" size, x); \
    } while (0)
/* clang-format on */

/* COUNT is not zero: 1 to 31. SIZE is 1 or 4. */
FAST uint32_t shifted(enum op op, unsigned size, uint32_t x, uint32_t count, uint32_t *flags)
{
    uint64_t f;
    uint8_t narrow = (uint8_t)x;
    if (size == 1)
        HOST_SHIFT_OF("b", narrow);
    else
        HOST_SHIFT_OF("l", x);
    *flags = flags_merge(*flags, f, FL_ARITH);
    return size == 1 ? narrow : x;
}

/* The count is an immediate (FORM_RI, FORM_MI) or CL (FORM_RR, FORM_MR). */
FAST bool shift(struct vcpu *v, const struct slot *s, enum op op, enum form form, unsigned size)
{
    uint8_t *m = NULL;
    if (form_in_memory(form) && !(m = fast_place(v, s, size, PF_W)))
        return false;
    uint32_t count = fast_source(v, s, form, 1, m) & 31, flags = v->eflags;
    if (!count)
        return true;
    uint32_t x = shifted(op, size, fast_dest(v, s, form, size, m), count, &flags);
    fast_result(v, s, form, size, m, x);
    v->eflags = flags;
    return true;
}

/* The two-operand form multiplies its destination, the other one the second operand. */
FAST bool multiply(struct vcpu *v, const struct slot *s, enum form form, bool three)
{
    uint8_t *m = NULL;
    uint64_t f;
    if (form == FORM_RM && !(m = fast_place(v, s, 4, 0)))
        return false;
    uint32_t b = fast_source(v, s, form, 4, m);
    uint32_t x = three ? s->imm : reg_get(v, s->dst, 4);
    __asm__("imull %[b], %[x]\n\t" ASM_GET_FLAGS : [x] "+r"(x), [f] "=&r"(f) : [b] "r"(b) : "cc");
    reg_set(v, s->dst, 4, x);
    v->eflags = flags_merge(v->eflags, f, FL_ARITH);
    return true;
}

/* ---- One function a case ----------------------------------------------------------- */

/* clang-format off */
#define FN(name, call) \
    static bool name(struct vcpu *v, const struct slot *s) \
    { \
        return call; \
    }
#define FORMS(op) CASE(op, RR) CASE(op, RI) CASE(op, MR) CASE(op, MI)
#define CASE(op, form) \
    FN(op##_##form##_1, shift(v, s, OP_##op, FORM_##form, 1)) \
    FN(op##_##form##_4, shift(v, s, OP_##op, FORM_##form, 4))
#define ROW(op, form) [FORM_##form] = {op##_##form##_1, op##_##form##_4}
#define ROWS(op) [OP_##op - OP_SHL] = {ROW(op, RR), ROW(op, RI), ROW(op, MR), ROW(op, MI)}

FORMS(SHL) FORMS(SHR) FORMS(SAR)
/* By operation, form and whether of four bytes. */
static fast_fn *const shifts[3][FORM_COUNT][2] = {ROWS(SHL), ROWS(SHR), ROWS(SAR)};

FN(imul_rr, multiply(v, s, FORM_RR, false)) FN(imul_rm, multiply(v, s, FORM_RM, false))
FN(imul_rri, multiply(v, s, FORM_RR, true)) FN(imul_rmi, multiply(v, s, FORM_RM, true))
/* By form and whether there is an immediate. */
static fast_fn *const imuls[FORM_COUNT][2] = {
    [FORM_RR] = {imul_rr, imul_rri}, [FORM_RM] = {imul_rm, imul_rmi},
};
/* clang-format on */

fast_fn *fast_shift(const struct insn *i, enum form form)
{
    unsigned size = i->opd[0].size;
    if (form == FORM_COUNT || (size != 4 && size != 1))
        return NULL;
    if (i->op >= OP_SHL && i->op <= OP_SAR)
        return shifts[i->op - OP_SHL][form][size == 4];
    return i->op == OP_IMUL && size == 4 ? imuls[form][i->nopd == 3] : NULL;
}
