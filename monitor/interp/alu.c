/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Addition, subtraction and logic. The host CPU does the work on values of the right
 * size, so every flag is what hardware makes of it; each function is one host instruction
 * between "set CF" and "get flags", which serves ADC, SBB, INC and DEC alike.
 */
#include "monitor/interp/alu.h"

#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"

typedef uint32_t alu2_fn(uint32_t a, uint32_t b, uint32_t *flags);
typedef uint32_t alu1_fn(uint32_t a, uint32_t *flags);

/* clang-format off */
#define ALU2(name, type, insn) \
    static uint32_t name(uint32_t a, uint32_t b, uint32_t *flags) \
    { \
        type x = (type)a; \
        uint64_t f; \
        __asm__(ASM_SET_CARRY insn " %[b], %[x]\n\t" ASM_GET_FLAGS \
                : [x] "+q"(x), [f] "=&r"(f) : [b] "q"((type)b), [c] "r"(*flags) : "cc"); \
        *flags = flags_merge(*flags, f, FL_ARITH); \
        return x; \
    }
#define ALU1(name, type, insn) \
    static uint32_t name(uint32_t a, uint32_t *flags) \
    { \
        type x = (type)a; \
        uint64_t f; \
        __asm__(ASM_SET_CARRY insn " %[x]\n\t" ASM_GET_FLAGS \
                : [x] "+q"(x), [f] "=&r"(f) : [c] "r"(*flags) : "cc"); \
        *flags = flags_merge(*flags, f, FL_ARITH); \
        return x; \
    }
#define ALU2_SIZES(name) \
    ALU2(name##_1, uint8_t, #name "b") ALU2(name##_2, uint16_t, #name "w") \
    ALU2(name##_4, uint32_t, #name "l")
#define ALU1_SIZES(name) \
    ALU1(name##_1, uint8_t, #name "b") ALU1(name##_2, uint16_t, #name "w") \
    ALU1(name##_4, uint32_t, #name "l")

ALU2_SIZES(add) ALU2_SIZES(or) ALU2_SIZES(adc) ALU2_SIZES(sbb) ALU2_SIZES(and)
ALU2_SIZES(sub) ALU2_SIZES(xor) ALU2_SIZES(cmp) ALU2_SIZES(test)
ALU1_SIZES(inc) ALU1_SIZES(dec) ALU1_SIZES(neg)

/* The third index is size / 2: 1, 2, 4 bytes. */
static alu2_fn *const binary_table[][3] = {
    [OP_ADD - OP_ADD] = {add_1, add_2, add_4},   [OP_OR - OP_ADD] = {or_1, or_2, or_4},
    [OP_ADC - OP_ADD] = {adc_1, adc_2, adc_4},   [OP_SBB - OP_ADD] = {sbb_1, sbb_2, sbb_4},
    [OP_AND - OP_ADD] = {and_1, and_2, and_4},   [OP_SUB - OP_ADD] = {sub_1, sub_2, sub_4},
    [OP_XOR - OP_ADD] = {xor_1, xor_2, xor_4},   [OP_CMP - OP_ADD] = {cmp_1, cmp_2, cmp_4},
    [OP_TEST - OP_ADD] = {test_1, test_2, test_4},
};
/* clang-format on */

static uint32_t not_any(uint32_t a, uint32_t *flags)
{
    (void)flags;
    return ~a;
}

static alu1_fn *const unary_table[][3] = {
    [OP_INC - OP_INC] = {inc_1, inc_2, inc_4},
    [OP_DEC - OP_INC] = {dec_1, dec_2, dec_4},
    [OP_NOT - OP_INC] = {not_any, not_any, not_any},
    [OP_NEG - OP_INC] = {neg_1, neg_2, neg_4},
};

uint32_t alu_binary(enum op op, unsigned size, uint32_t a, uint32_t b, uint32_t *flags)
{
    return binary_table[op - OP_ADD][size / 2](a, b, flags);
}

uint32_t alu_unary(enum op op, unsigned size, uint32_t a, uint32_t *flags)
{
    return unary_table[op - OP_INC][size / 2](a, flags);
}

bool alu_condition(uint32_t fl, unsigned cc)
{
    bool less = !(fl & FL_SF) != !(fl & FL_OF);
    bool holds;
    switch (cc >> 1 & 7) {
    case 0:
        holds = fl & FL_OF;
        break;
    case 1:
        holds = fl & FL_CF;
        break;
    case 2:
        holds = fl & FL_ZF;
        break;
    case 3:
        holds = fl & (FL_CF | FL_ZF);
        break;
    case 4:
        holds = fl & FL_SF;
        break;
    case 5:
        holds = fl & FL_PF;
        break;
    case 6:
        holds = less;
        break;
    default:
        holds = less || (fl & FL_ZF);
    }
    return holds != (cc & 1);
}

bool interp_binary(struct vcpu *v, const struct insn *i)
{
    uint32_t a, b, flags = v->eflags;
    if (!operand_read(v, i, 0, &a) || !operand_read(v, i, 1, &b))
        return false;
    uint32_t r = alu_binary((enum op)i->op, i->opd[0].size, a, b, &flags);
    if (i->op != OP_CMP && i->op != OP_TEST && !operand_write(v, i, 0, r))
        return false;
    v->eflags = flags;
    return true;
}

bool interp_unary(struct vcpu *v, const struct insn *i)
{
    uint32_t a, flags = v->eflags;
    if (!operand_read(v, i, 0, &a))
        return false;
    uint32_t r = alu_unary((enum op)i->op, i->opd[0].size, a, &flags);
    if (!operand_write(v, i, 0, r))
        return false;
    v->eflags = flags;
    return true;
}

/* The register gets the old destination first: XADD r, r of one register leaves the sum. */
bool interp_xadd(struct vcpu *v, const struct insn *i)
{
    uint32_t a, b, flags = v->eflags;
    unsigned size = i->opd[0].size;
    if (!operand_read(v, i, 0, &a) || !operand_read(v, i, 1, &b))
        return false;
    uint32_t sum = alu_binary(OP_ADD, size, a, b, &flags);
    if (i->opd[0].kind == OPD_MEM && !operand_write(v, i, 0, sum))
        return false;
    operand_write(v, i, 1, a);
    if (i->opd[0].kind != OPD_MEM)
        operand_write(v, i, 0, sum);
    v->eflags = flags;
    return true;
}

/* The destination is written in either case, with its own value if it did not match. */
bool interp_cmpxchg(struct vcpu *v, const struct insn *i)
{
    uint32_t old, new, flags = v->eflags;
    unsigned size = i->opd[0].size;
    if (!operand_read(v, i, 0, &old) || !operand_read(v, i, 1, &new))
        return false;
    alu_binary(OP_CMP, size, gpr_read(v, R_EAX, size), old, &flags);
    bool equal = flags & FL_ZF;
    if (!operand_write(v, i, 0, equal ? new : old))
        return false;
    if (!equal)
        gpr_write(v, R_EAX, size, old);
    v->eflags = flags;
    return true;
}

bool interp_cmpxchg8b(struct vcpu *v, const struct insn *i)
{
    uint64_t old, expected = (uint64_t)v->gpr[R_EDX] << 32 | v->gpr[R_EAX];
    uint64_t new = (uint64_t)v->gpr[R_ECX] << 32 | v->gpr[R_EBX];
    uint32_t off = operand_offset(v, i);
    if (!mem_read(v, i->mem.seg, off, &old, 8, PF_W))
        return false;
    if (!mem_write(v, i->mem.seg, off, old == expected ? &new : &old, 8))
        return false;
    if (old == expected) {
        v->eflags |= FL_ZF;
        return true;
    }
    v->gpr[R_EAX] = (uint32_t)old;
    v->gpr[R_EDX] = (uint32_t)(old >> 32);
    v->eflags &= ~(uint32_t)FL_ZF;
    return true;
}
