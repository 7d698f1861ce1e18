/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Multiplication and division. The host multiplies, so that SF, ZF, AF and PF, which
 * the manual leaves undefined, are this CPU's; division is done in 64 bits here, because
 * a quotient that does not fit must end in the guest's #DE and not in ours.
 */
#include "monitor/interp/alu.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"

/* clang-format off */
#define WIDE(name, insn, type) \
    static void name(uint32_t *lo, uint32_t *hi, uint32_t b, uint32_t *flags) \
    { \
        type a = (type)*lo, d = 0; \
        uint64_t f; \
        __asm__(insn " %[b]\n\t" ASM_GET_FLAGS \
                : "+a"(a), "+d"(d), [f] "=&r"(f) : [b] "r"((type)b) : "cc"); \
        *lo = a; \
        *hi = d; \
        *flags = flags_merge(*flags, f, FL_ARITH); \
    }
#define WIDE_BYTE(name, insn) \
    static void name(uint32_t *lo, uint32_t *hi, uint32_t b, uint32_t *flags) \
    { \
        uint16_t a = (uint8_t)*lo; \
        uint64_t f; \
        __asm__(insn " %[b]\n\t" ASM_GET_FLAGS \
                : "+a"(a), [f] "=&r"(f) : [b] "q"((uint8_t)b) : "cc"); \
        *lo = a & 0xff; \
        *hi = a >> 8; \
        *flags = flags_merge(*flags, f, FL_ARITH); \
    }
WIDE_BYTE(mul_1, "mulb") WIDE(mul_2, "mulw", uint16_t) WIDE(mul_4, "mull", uint32_t)
WIDE_BYTE(imul_1, "imulb") WIDE(imul_2, "imulw", uint16_t) WIDE(imul_4, "imull", uint32_t)

#define SHORT(name, insn, type) \
    static uint32_t name(uint32_t a, uint32_t b, uint32_t *flags) \
    { \
        type x = (type)a; \
        uint64_t f; \
        __asm__(insn " %[b], %[x]\n\t" ASM_GET_FLAGS \
                : [x] "+r"(x), [f] "=&r"(f) : [b] "r"((type)b) : "cc"); \
        *flags = flags_merge(*flags, f, FL_ARITH); \
        return x; \
    }
SHORT(imul2_2, "imulw", uint16_t) SHORT(imul2_4, "imull", uint32_t)
    /* clang-format on */

    typedef void wide_fn(uint32_t *lo, uint32_t *hi, uint32_t b, uint32_t *flags);

static wide_fn *const wide_table[2][3] = {{mul_1, mul_2, mul_4}, {imul_1, imul_2, imul_4}};

/* The accumulator pair of SIZE: AH:AL, DX:AX or EDX:EAX. */
static uint32_t pair_high(const struct vcpu *v, unsigned size)
{
    return size == 1 ? gpr_read(v, 4, 1) : gpr_read(v, R_EDX, size);
}

static void pair_write(struct vcpu *v, unsigned size, uint32_t lo, uint32_t hi)
{
    gpr_write(v, R_EAX, size, lo);
    gpr_write(v, size == 1 ? 4u : R_EDX, size, hi);
}

static bool multiply_wide(struct vcpu *v, const struct insn *i, bool is_signed)
{
    unsigned size = i->opd[0].size;
    uint32_t b, hi, lo = gpr_read(v, R_EAX, size);
    if (!operand_read(v, i, 0, &b))
        return false;
    wide_table[is_signed][size / 2](&lo, &hi, b, &v->eflags);
    pair_write(v, size, lo, hi);
    return true;
}

bool interp_mul(struct vcpu *v, const struct insn *i)
{
    return multiply_wide(v, i, false);
}

/* One operand: accumulator pair; two: opd[0] *= opd[1]; three: opd[0] = opd[1] * opd[2]. */
bool interp_imul(struct vcpu *v, const struct insn *i)
{
    uint32_t a, b;
    if (i->nopd == 1)
        return multiply_wide(v, i, true);
    if (!operand_read(v, i, i->nopd - 2u, &a) || !operand_read(v, i, i->nopd - 1u, &b))
        return false;
    unsigned size = i->opd[0].size;
    uint32_t r = size == 2 ? imul2_2(a, b, &v->eflags) : imul2_4(a, b, &v->eflags);
    gpr_write(v, i->opd[0].reg, size, r);
    return true;
}

/* DIV and IDIV leave all flags undefined; they are left alone. */
bool interp_div(struct vcpu *v, const struct insn *i)
{
    unsigned size = i->opd[0].size, bits = 8 * size;
    uint32_t b;
    if (!operand_read(v, i, 0, &b))
        return false;
    uint64_t a = (uint64_t)pair_high(v, size) << bits | gpr_read(v, R_EAX, size);
    if (b == 0 || a / b > size_mask(size))
        return vcpu_raise(v, VEC_DE);
    pair_write(v, size, (uint32_t)(a / b), (uint32_t)(a % b));
    return true;
}

/* Magnitudes are divided and the signs put back: -2^63 / -1 must not trap here. */
bool interp_idiv(struct vcpu *v, const struct insn *i)
{
    unsigned size = i->opd[0].size, bits = 8 * size;
    uint32_t b;
    if (!operand_read(v, i, 0, &b))
        return false;
    uint64_t a = (uint64_t)sign_extend(pair_high(v, size), size) << bits;
    a |= gpr_read(v, R_EAX, size);
    a = (uint64_t)((int64_t)(a << (64 - 2 * bits)) >> (64 - 2 * bits));
    b = sign_extend(b, size);
    bool a_neg = a >> 63, b_neg = b >> 31;
    uint64_t ua = a_neg ? 0 - a : a;
    uint32_t ub = b_neg ? 0 - b : b;
    uint64_t most = (1ull << (bits - 1)) - (a_neg == b_neg);
    if (ub == 0 || ua / ub > most)
        return vcpu_raise(v, VEC_DE);
    uint64_t q = ua / ub, r = ua % ub;
    pair_write(v, size, (uint32_t)(a_neg == b_neg ? q : 0 - q), (uint32_t)(a_neg ? 0 - r : r));
    return true;
}
