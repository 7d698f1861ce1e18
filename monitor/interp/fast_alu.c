/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fast arithmetic and logic. The flags are computed here rather than fetched from the host,
 * which costs an emulated one more than the dozen operations do. AF after logic, which the
 * manual leaves undefined, is clear, as every CPU has it.
 */
#include "monitor/interp/alu.h"
#include "monitor/interp/fast.h"

/* ---- Flags (SDM 1, 3.4.3.1) ------------------------------------------------------ */

/* clang-format off */
#define P2(n) n, n ^ 4, n ^ 4, n
#define P4(n) P2(n), P2(n ^ 4), P2(n ^ 4), P2(n)
#define P6(n) P4(n), P4(n ^ 4), P4(n ^ 4), P4(n)
/* PF of a byte: set if an even number of its bits is. */
static const uint8_t parity[256] = {P6(4), P6(0), P6(0), P6(4)};
/* clang-format on */

FAST uint32_t truncated(uint32_t x, unsigned size)
{
    return size == 4 ? x : x & size_mask(size);
}

FAST uint32_t top_bit(uint32_t x, unsigned size)
{
    return x >> (8 * size - 1) & 1;
}

/* PF, ZF and SF of the result R. */
FAST uint32_t flags_of_result(uint32_t r, unsigned size)
{
    return parity[r & 0xff] | (uint32_t)(r == 0) << 6 | top_bit(r, size) << 7;
}

/* Flags of an addition or subtraction of two numbers of SIZE done in 64 bits. The bit behind the
 * result is CF; where bit 4 is not the exclusive or of the operands' a carry came in, which is AF;
 * OVERFLOW has OF as its top bit. */
FAST uint32_t flags_of_wide(uint64_t wide, uint32_t a, uint32_t b, uint32_t overflow, unsigned size)
{
    uint32_t r = truncated((uint32_t)wide, size);
    return flags_of_result(r, size) | (wide >> (8 * size) & FL_CF) | ((a ^ b ^ r) & FL_AF) |
           top_bit(overflow, size) << 11;
}

/* ---- Two operands ---------------------------------------------------------------- */

FAST uint32_t logic(enum op op, uint32_t a, uint32_t b)
{
    if (op == OP_OR)
        return a | b;
    return op == OP_XOR ? a ^ b : a & b;
}

/* A and B are of SIZE. *FLAGS: in CF, out the arithmetic flags alone. */
FAST uint32_t compute(enum op op, unsigned size, uint32_t a, uint32_t b, uint32_t *flags)
{
    uint32_t r, carry = op == OP_ADC || op == OP_SBB ? *flags & FL_CF : 0;
    uint64_t wide;
    switch (op) {
    case OP_ADD:
    case OP_ADC:
        wide = (uint64_t)a + b + carry;
        r = (uint32_t)wide;
        *flags = flags_of_wide(wide, a, b, (a ^ r) & (b ^ r), size);
        return r;
    case OP_SUB:
    case OP_CMP:
    case OP_SBB:
        wide = (uint64_t)a - b - carry;
        r = (uint32_t)wide;
        *flags = flags_of_wide(wide, a, b, (a ^ b) & (a ^ r), size);
        return r;
    default:
        r = logic(op, a, b);
        *flags = flags_of_result(r, size);
        return r;
    }
}

FAST bool binary(struct vcpu *v, const struct slot *s, enum op op, enum form form, unsigned size)
{
    bool stores = op != OP_CMP && op != OP_TEST;
    uint8_t *m = NULL;
    if (form_in_memory(form)) {
        m = fast_place(v, s, size, stores && form != FORM_RM ? PF_W : 0);
        if (!m)
            return false;
    }
    uint32_t flags = v->eflags, a = fast_dest(v, s, form, size, m);
    uint32_t b = truncated(fast_source(v, s, form, size, m), size);
    uint32_t r = compute(op, size, a, b, &flags);
    if (stores)
        fast_result(v, s, form, size, m, r);
    v->eflags = flags_merge(v->eflags, flags, FL_ARITH);
    return true;
}

/* ---- One operand ----------------------------------------------------------------- */

/* INC and DEC keep CF, NOT keeps all. */
FAST uint32_t compute_one(enum op op, unsigned size, uint32_t a, uint32_t *flags)
{
    uint32_t old = *flags, r;
    switch (op) {
    case OP_INC:
        r = compute(OP_ADD, size, a, 1, flags);
        break;
    case OP_DEC:
        r = compute(OP_SUB, size, a, 1, flags);
        break;
    case OP_NEG:
        return compute(OP_SUB, size, 0, a, flags);
    default:
        return ~a;
    }
    *flags = flags_merge(*flags, old, FL_CF);
    return r;
}

FAST bool unary(struct vcpu *v, const struct slot *s, enum op op, enum form form, unsigned size)
{
    uint8_t *m = NULL;
    if (form == FORM_M && !(m = fast_place(v, s, size, PF_W)))
        return false;
    uint32_t flags = v->eflags;
    uint32_t r = compute_one(op, size, fast_dest(v, s, form, size, m), &flags);
    fast_result(v, s, form, size, m, r);
    v->eflags = flags_merge(v->eflags, flags, FL_ARITH);
    return true;
}

/* ---- One function a case ----------------------------------------------------------- */

/* clang-format off */
#define CASE(fn, op, form, size) \
    static bool op##_##form##_##size(struct vcpu *v, const struct slot *s) \
    { \
        return fn(v, s, OP_##op, FORM_##form, size); \
    }
#define SIZES(fn, op, form) CASE(fn, op, form, 1) CASE(fn, op, form, 2) CASE(fn, op, form, 4)
#define FORMS(op) \
    SIZES(binary, op, RR) SIZES(binary, op, RI) SIZES(binary, op, RM) SIZES(binary, op, MR) \
    SIZES(binary, op, MI)
#define ROW(op, form) [FORM_##form] = {op##_##form##_1, op##_##form##_2, op##_##form##_4}
#define ROWS(op) \
    [OP_##op - OP_ADD] = {ROW(op, RR), ROW(op, RI), ROW(op, RM), ROW(op, MR), ROW(op, MI)}

FORMS(ADD) FORMS(OR) FORMS(ADC) FORMS(SBB) FORMS(AND) FORMS(SUB) FORMS(XOR) FORMS(CMP)
SIZES(binary, TEST, RR) SIZES(binary, TEST, RI) SIZES(binary, TEST, MR) SIZES(binary, TEST, MI)
SIZES(unary, INC, R) SIZES(unary, DEC, R) SIZES(unary, NOT, R) SIZES(unary, NEG, R)
SIZES(unary, INC, M) SIZES(unary, DEC, M) SIZES(unary, NOT, M) SIZES(unary, NEG, M)

/* By operation, form and size / 2. */
static fast_fn *const table[][FORM_COUNT][3] = {
    ROWS(ADD), ROWS(OR), ROWS(ADC), ROWS(SBB), ROWS(AND), ROWS(SUB), ROWS(XOR), ROWS(CMP),
    [OP_TEST - OP_ADD] = {ROW(TEST, RR), ROW(TEST, RI), ROW(TEST, MR), ROW(TEST, MI)},
    [OP_INC - OP_ADD] = {ROW(INC, R), ROW(INC, M)}, [OP_DEC - OP_ADD] = {ROW(DEC, R), ROW(DEC, M)},
    [OP_NOT - OP_ADD] = {ROW(NOT, R), ROW(NOT, M)}, [OP_NEG - OP_ADD] = {ROW(NEG, R), ROW(NEG, M)},
};
/* clang-format on */

fast_fn *fast_alu(const struct insn *i, enum form form)
{
    unsigned op = i->op - (unsigned)OP_ADD, size = i->opd[0].size;
    if (op >= ARRAY_SIZE(table) || form == FORM_COUNT || size > 4)
        return NULL;
    return table[op][form][size / 2];
}
