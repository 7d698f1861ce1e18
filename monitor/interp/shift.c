/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shifts and rotates, done by the host CPU as in alu.c. A count of zero (after the mask
 * to five bits) changes no flag; rotates change CF and OF only.
 */
#include "monitor/interp/alu.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"

typedef uint32_t shift_fn(uint32_t a, unsigned count, uint32_t *flags);
typedef uint32_t double_fn(uint32_t a, uint32_t b, unsigned count, uint32_t *flags);

/* clang-format off */
#define SHIFT(name, type, insn, changed) \
    static uint32_t name(uint32_t a, unsigned count, uint32_t *flags) \
    { \
        type x = (type)a; \
        uint64_t f; \
        __asm__(ASM_SET_CARRY insn " %%cl, %[x]\n\t" ASM_GET_FLAGS \
                : [x] "+q"(x), [f] "=&r"(f) : "c"((uint8_t)count), [c] "r"(*flags) : "cc"); \
        *flags = flags_merge(*flags, f, changed); \
        return x; \
    }
#define SHIFT_SIZES(name, changed) \
    SHIFT(name##_1, uint8_t, #name "b", changed) SHIFT(name##_2, uint16_t, #name "w", changed) \
    SHIFT(name##_4, uint32_t, #name "l", changed)
SHIFT_SIZES(rol, FL_CF | FL_OF) SHIFT_SIZES(ror, FL_CF | FL_OF)
SHIFT_SIZES(rcl, FL_CF | FL_OF) SHIFT_SIZES(rcr, FL_CF | FL_OF)
SHIFT_SIZES(shl, FL_ARITH) SHIFT_SIZES(shr, FL_ARITH) SHIFT_SIZES(sar, FL_ARITH)

#define DOUBLE(name, type, insn) \
    static uint32_t name(uint32_t a, uint32_t b, unsigned count, uint32_t *flags) \
    { \
        type x = (type)a; \
        uint64_t f; \
        __asm__(insn " %%cl, %[b], %[x]\n\t" ASM_GET_FLAGS \
                : [x] "+r"(x), [f] "=&r"(f) : [b] "r"((type)b), "c"((uint8_t)count) : "cc"); \
        *flags = flags_merge(*flags, f, FL_ARITH); \
        return x; \
    }
DOUBLE(shld_2, uint16_t, "shldw") DOUBLE(shld_4, uint32_t, "shldl")
DOUBLE(shrd_2, uint16_t, "shrdw") DOUBLE(shrd_4, uint32_t, "shrdl")

static shift_fn *const shift_table[][3] = {
    [OP_ROL - OP_ROL] = {rol_1, rol_2, rol_4}, [OP_ROR - OP_ROL] = {ror_1, ror_2, ror_4},
    [OP_RCL - OP_ROL] = {rcl_1, rcl_2, rcl_4}, [OP_RCR - OP_ROL] = {rcr_1, rcr_2, rcr_4},
    [OP_SHL - OP_ROL] = {shl_1, shl_2, shl_4}, [OP_SHR - OP_ROL] = {shr_1, shr_2, shr_4},
    [OP_SAR - OP_ROL] = {sar_1, sar_2, sar_4},
};
static double_fn *const double_table[][3] = {
    [OP_SHLD - OP_SHLD] = {NULL, shld_2, shld_4}, [OP_SHRD - OP_SHLD] = {NULL, shrd_2, shrd_4},
};
/* clang-format on */

bool interp_shift(struct vcpu *v, const struct insn *i)
{
    uint32_t a, count, flags = v->eflags;
    if (!operand_read(v, i, 0, &a) || !operand_read(v, i, 1, &count))
        return false;
    count &= 31;
    if (count)
        a = shift_table[i->op - OP_ROL][i->opd[0].size / 2](a, count, &flags);
    if (!operand_write(v, i, 0, a))
        return false;
    v->eflags = flags;
    return true;
}

bool interp_shift_double(struct vcpu *v, const struct insn *i)
{
    uint32_t a, b, count, flags = v->eflags;
    if (!operand_read(v, i, 0, &a) || !operand_read(v, i, 1, &b) || !operand_read(v, i, 2, &count))
        return false;
    count &= 31;
    if (count)
        a = double_table[i->op - OP_SHLD][i->opd[0].size / 2](a, b, count, &flags);
    if (!operand_write(v, i, 0, a))
        return false;
    v->eflags = flags;
    return true;
}
