/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Decimal adjustments, which the host's 64-bit mode no longer has, as the manual's
 * pseudocode says (SDM 2). SF, ZF and PF come from a TEST of the result.
 */
#include "monitor/interp/alu.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"

enum { REG_AH = 4 };

/* Stores AL and sets SF, ZF, PF by it; CF and AF by the two decisions; OF is undefined: 0. */
static void store_al(struct vcpu *v, uint32_t al, bool carry, bool adjust)
{
    uint32_t flags = v->eflags;
    gpr_write(v, R_EAX, 1, al);
    alu_binary(OP_TEST, 1, al, al, &flags);
    uint32_t decided = (carry ? FL_CF : 0u) | (adjust ? FL_AF : 0u);
    v->eflags = flags_merge(flags, decided, FL_CF | FL_AF);
}

static bool decimal_add_sub(struct vcpu *v, uint32_t sign)
{
    uint32_t old = gpr_read(v, R_EAX, 1), al = old;
    bool adjust = (old & 15) > 9 || (v->eflags & FL_AF);
    bool high = old > 0x99 || (v->eflags & FL_CF);
    bool carry = high;
    if (adjust) {
        al += sign * 6;
        carry |= al > 0xff && sign != 1; /* DAS: the borrow of the low digit counts too */
    }
    if (high)
        al += sign * 0x60;
    store_al(v, al & 0xff, carry, adjust);
    return true;
}

bool interp_daa(struct vcpu *v, const struct insn *i)
{
    (void)i;
    return decimal_add_sub(v, 1);
}

bool interp_das(struct vcpu *v, const struct insn *i)
{
    (void)i;
    return decimal_add_sub(v, 0xffffffffu);
}

/* AAA and AAS work on AX as a whole: AL and AH move by 6 and 1 with the carry between them. */
static bool ascii_add_sub(struct vcpu *v, uint32_t change)
{
    uint32_t ax = gpr_read(v, R_EAX, 2);
    bool adjust = (ax & 15) > 9 || (v->eflags & FL_AF);
    if (adjust)
        ax += change;
    gpr_write(v, R_EAX, 2, ax & 0xff0f);
    store_al(v, ax & 15, adjust, adjust);
    return true;
}

bool interp_aaa(struct vcpu *v, const struct insn *i)
{
    (void)i;
    return ascii_add_sub(v, 0x106);
}

bool interp_aas(struct vcpu *v, const struct insn *i)
{
    (void)i;
    return ascii_add_sub(v, 0u - 0x106u);
}

bool interp_aam(struct vcpu *v, const struct insn *i)
{
    uint32_t al = gpr_read(v, R_EAX, 1), base = i->imm & 0xff;
    if (base == 0)
        return vcpu_raise(v, VEC_DE);
    gpr_write(v, REG_AH, 1, al / base);
    store_al(v, al % base, false, false);
    return true;
}

bool interp_aad(struct vcpu *v, const struct insn *i)
{
    uint32_t al = gpr_read(v, R_EAX, 1) + gpr_read(v, REG_AH, 1) * (i->imm & 0xff);
    gpr_write(v, REG_AH, 1, 0);
    store_al(v, al & 0xff, false, false);
    return true;
}

/* Undocumented but in every CPU: AL = CF ? FFh : 0, no flags. */
bool interp_salc(struct vcpu *v, const struct insn *i)
{
    (void)i;
    gpr_write(v, R_EAX, 1, v->eflags & FL_CF ? 0xff : 0);
    return true;
}
