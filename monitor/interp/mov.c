/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Data moves, conversions and segment register moves, and the operations that do
 * nothing. No flag changes here except by SAHF.
 */
#include "monitor/interp/alu.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"
#include "monitor/segment.h"
#include "monitor/vmem.h"

enum { REG_AH = 4, SAHF_FLAGS = FL_SF | FL_ZF | FL_AF | FL_PF | FL_CF };

/* MOV, MOVNTI and MOVZX: the source comes zero-extended. */
bool interp_mov(struct vcpu *v, const struct insn *i)
{
    uint32_t x;
    return operand_read(v, i, 1, &x) && operand_write(v, i, 0, x);
}

bool interp_movsx(struct vcpu *v, const struct insn *i)
{
    uint32_t x;
    return operand_read(v, i, 1, &x) && operand_write(v, i, 0, sign_extend(x, i->opd[1].size));
}

bool interp_lea(struct vcpu *v, const struct insn *i)
{
    return operand_write(v, i, 0, operand_offset(v, i));
}

/* Memory first: its store is the only step that can fail, and LOCK is implied. */
bool interp_xchg(struct vcpu *v, const struct insn *i)
{
    uint32_t a, b;
    if (!operand_read(v, i, 0, &a) || !operand_read(v, i, 1, &b))
        return false;
    unsigned mem = i->opd[1].kind == OPD_MEM ? 1 : 0;
    return operand_write(v, i, mem, mem ? a : b) && operand_write(v, i, !mem, mem ? b : a);
}

/* CBW, CWDE. */
bool interp_cbw(struct vcpu *v, const struct insn *i)
{
    gpr_write(v, R_EAX, i->opsize, sign_extend(v->gpr[R_EAX], i->opsize / 2u));
    return true;
}

/* CWD, CDQ. */
bool interp_cwd(struct vcpu *v, const struct insn *i)
{
    uint32_t sign = sign_extend(v->gpr[R_EAX], i->opsize) >> 31;
    gpr_write(v, R_EDX, i->opsize, 0u - sign);
    return true;
}

bool interp_xlat(struct vcpu *v, const struct insn *i)
{
    uint32_t x = 0, off = operand_offset(v, i) + gpr_read(v, R_EAX, 1);
    if (!mem_read(v, i->mem.seg, off & size_mask(i->addrsize), &x, 1, 0))
        return false;
    gpr_write(v, R_EAX, 1, x);
    return true;
}

bool interp_lahf(struct vcpu *v, const struct insn *i)
{
    (void)i;
    gpr_write(v, REG_AH, 1, (v->eflags & SAHF_FLAGS) | FL_ONE);
    return true;
}

bool interp_sahf(struct vcpu *v, const struct insn *i)
{
    (void)i;
    v->eflags = flags_merge(v->eflags, gpr_read(v, REG_AH, 1), SAHF_FLAGS);
    return true;
}

/* The source is read, and may fault, whether or not the condition holds. */
bool interp_cmov(struct vcpu *v, const struct insn *i)
{
    uint32_t x;
    if (!operand_read(v, i, 1, &x))
        return false;
    if (alu_condition(v->eflags, i->cond))
        gpr_write(v, i->opd[0].reg, i->opd[0].size, x);
    return true;
}

bool interp_setcc(struct vcpu *v, const struct insn *i)
{
    return operand_write(v, i, 0, alu_condition(v->eflags, i->cond));
}

/* A 32-bit register gets the selector zero-extended. */
bool interp_mov_from_sreg(struct vcpu *v, const struct insn *i)
{
    return operand_write(v, i, 0, v->seg[i->opd[1].reg % S_COUNT].sel);
}

/* A load of SS holds off interrupts and debug traps for one instruction (SDM 3A 6.8.3). */
bool interp_mov_to_sreg(struct vcpu *v, const struct insn *i)
{
    uint32_t sel;
    if (!operand_read(v, i, 1, &sel) || !segment_load(v, (enum sreg)i->opd[0].reg, (uint16_t)sel))
        return false;
    if (i->opd[0].reg == S_SS)
        v->inhibit = INHIBIT_SS;
    return true;
}

static enum sreg far_pointer_register(unsigned op)
{
    switch (op) {
    case OP_LDS:
        return S_DS;
    case OP_LES:
        return S_ES;
    case OP_LFS:
        return S_FS;
    case OP_LGS:
        return S_GS;
    default:
        return S_SS;
    }
}

/* LDS and its like. */
bool interp_load_far_pointer(struct vcpu *v, const struct insn *i)
{
    uint32_t off;
    uint16_t sel;
    if (!operand_read_far(v, i, &off, &sel) || !segment_load(v, far_pointer_register(i->op), sel))
        return false;
    gpr_write(v, i->opd[0].reg, i->opsize, off);
    return true;
}

bool interp_nop(struct vcpu *v, const struct insn *i)
{
    (void)v;
    (void)i;
    return true;
}

bool interp_invalid(struct vcpu *v, const struct insn *i)
{
    (void)i;
    return vcpu_raise(v, VEC_UD);
}

/* Faults as a byte load would; there is no cache to flush. */
bool interp_clflush(struct vcpu *v, const struct insn *i)
{
    gva_t linear;
    return mem_linear(v, i->mem.seg, operand_offset(v, i), 1, 0, &linear) &&
           vmem_probe(v, linear, 1, access_rights(v));
}
