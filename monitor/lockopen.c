/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What two right engines may do differently (lockstep.h): flags that the manual leaves undefined,
 * where such flags are stored, and pointers of the FPU, which are the host's. Noted as the follower
 * executes, and at the next comparison taken from the leader.
 */
#include "monitor/interp/operand.h"
#include "monitor/lockstep.h"
#include "monitor/vmem.h"

/* Flags that I leaves undefined (SDM 2), for one operand or another. */
static uint32_t undefined_flags(const struct insn *i)
{
    switch (i->op) {
    case OP_MUL:
    case OP_IMUL:
        return FL_SF | FL_ZF | FL_AF | FL_PF;
    case OP_DIV:
    case OP_IDIV:
        return FL_ARITH;
    case OP_BSF:
    case OP_BSR:
        return FL_ARITH & ~(uint32_t)FL_ZF;
    case OP_BT:
    case OP_BTS:
    case OP_BTR:
    case OP_BTC:
        return FL_ARITH & ~(uint32_t)(FL_CF | FL_ZF);
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_TEST:
        return FL_AF;
    case OP_ROL ... OP_RCR:
        return FL_OF;
    case OP_SHL ... OP_SHRD:
        return FL_OF | FL_AF | FL_CF;
    default:
        return 0; /* decimal ones are interpreted on both sides */
    }
}

static void add_area(struct lockstep *l, uint32_t linear, uint16_t len)
{
    gpa_t at;
    for (unsigned n = 0; n < len && l->areas < LOCKSTEP_AREAS; n += 8) {
        if (vmem_translate(l->follower->vcpu, gva(linear + n), 0, &at))
            l->area[l->areas++] = (struct area){at, (uint16_t)(len - n < 8 ? len - n : 8)};
        else
            l->follower->vcpu->exc.valid = false;
    }
}

/* Of an FXSAVE image: opcode and pointers, and what is reserved. Of FNSTENV's and FNSAVE's: from
 * the pointers on. */
static void note_fpu_store(struct lockstep *l, const struct insn *i)
{
    struct vcpu *v = l->follower->vcpu;
    bool env = i->op == OP_X87 && insn_reg(i) == 6 && (i->opcode == 0xd9 || i->opcode == 0xdd);
    if (i->nopd == 0 || i->opd[0].kind != OPD_MEM || !(env || i->op == OP_FXSAVE))
        return;
    uint32_t linear = v->seg[i->mem.seg].base + operand_offset(v, i);
    if (env) {
        add_area(l, linear + 12, 16);
        return;
    }
    add_area(l, linear + 6, 18);
    add_area(l, linear + 288, 224);
}

/* Flags at OFFSET from the top of the stack: the arithmetic ones are in two bytes. */
static void note_stored_flags(struct lockstep *l, uint32_t offset)
{
    const struct vcpu *v = l->follower->vcpu;
    if (!l->open)
        return;
    add_area(l, v->seg[S_SS].base + v->gpr[R_ESP] + offset, 2);
    l->open_stored = true;
}

void lockstep_before(struct lockstep *l, const struct insn *i)
{
    if (i->op == OP_X87 || i->op == OP_FXSAVE)
        note_fpu_store(l, i);
}

void lockstep_behind(struct lockstep *l, const struct insn *i)
{
    if (i->op == OP_PUSHF)
        note_stored_flags(l, 0);
    else if (i->op == OP_INT)
        note_stored_flags(l, 8);
    l->open = (l->open & ~i->flags_written) | undefined_flags(i);
    if (l->open_stored && (i->op == OP_POPF || i->op == OP_IRET))
        l->open |= FL_ARITH;
}
