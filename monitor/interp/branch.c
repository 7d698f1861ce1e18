/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Control transfers. v->eip stands behind the instruction when a handler is called; the
 * target is checked against the code segment's limit before anything else changes. Far
 * ones are segment.c's work, software interrupts inject.c's.
 */
#include "monitor/inject.h"
#include "monitor/interp/alu.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"
#include "monitor/interp/stack.h"
#include "monitor/segment.h"

static bool target_allowed(struct vcpu *v, uint32_t target)
{
    if (target <= v->seg[S_CS].limit)
        return true;
    return vcpu_raise_error(v, VEC_GP, 0);
}

static bool jump_to(struct vcpu *v, uint32_t target)
{
    if (!target_allowed(v, target))
        return false;
    v->eip = target;
    return true;
}

static uint32_t relative_target(const struct vcpu *v, const struct insn *i)
{
    return (v->eip + i->imm) & size_mask(i->opsize);
}

bool interp_jcc(struct vcpu *v, const struct insn *i)
{
    if (!alu_condition(v->eflags, i->cond))
        return true;
    return jump_to(v, relative_target(v, i));
}

bool interp_jcxz(struct vcpu *v, const struct insn *i)
{
    if (gpr_read(v, R_ECX, i->addrsize) != 0)
        return true;
    return jump_to(v, relative_target(v, i));
}

/* LOOP, LOOPE, LOOPNE: the counter's width is the address size. */
bool interp_loop(struct vcpu *v, const struct insn *i)
{
    uint32_t count = (gpr_read(v, R_ECX, i->addrsize) - 1) & size_mask(i->addrsize);
    bool zf = v->eflags & FL_ZF, taken = count != 0;
    if (i->op == OP_LOOPE)
        taken = taken && zf;
    else if (i->op == OP_LOOPNE)
        taken = taken && !zf;
    if (taken && !jump_to(v, relative_target(v, i)))
        return false;
    gpr_write(v, R_ECX, i->addrsize, count);
    return true;
}

bool interp_jmp(struct vcpu *v, const struct insn *i)
{
    return jump_to(v, relative_target(v, i));
}

bool interp_jmp_ind(struct vcpu *v, const struct insn *i)
{
    uint32_t target;
    return operand_read(v, i, 0, &target) && jump_to(v, target);
}

static bool call_to(struct vcpu *v, uint32_t target, unsigned size)
{
    if (!target_allowed(v, target) || !stack_push(v, v->eip, size))
        return false;
    v->eip = target;
    return true;
}

bool interp_call(struct vcpu *v, const struct insn *i)
{
    return call_to(v, relative_target(v, i), i->opsize);
}

bool interp_call_ind(struct vcpu *v, const struct insn *i)
{
    uint32_t target;
    return operand_read(v, i, 0, &target) && call_to(v, target, i->opsize);
}

static uint32_t ret_pops(const struct insn *i)
{
    return i->nopd ? i->imm & 0xffff : 0;
}

bool interp_ret(struct vcpu *v, const struct insn *i)
{
    uint32_t target;
    if (!stack_peek(v, 0, i->opsize, &target) || !jump_to(v, target))
        return false;
    v->gpr[R_ESP] = stack_moved(v, i->opsize + ret_pops(i));
    return true;
}

static bool far_to(struct vcpu *v, const struct insn *i, uint16_t sel, uint32_t off)
{
    if (i->op == OP_JMP_FAR || i->op == OP_JMP_FAR_IND)
        return segment_far_jump(v, sel, off, i->opsize);
    return segment_far_call(v, sel, off, i->opsize);
}

/* JMP and CALL ptr16:16, ptr16:32. */
bool interp_far_direct(struct vcpu *v, const struct insn *i)
{
    return far_to(v, i, i->imm2, i->imm & size_mask(i->opsize));
}

/* JMP and CALL m16:16, m16:32. */
bool interp_far_indirect(struct vcpu *v, const struct insn *i)
{
    uint32_t off;
    uint16_t sel;
    return operand_read_far(v, i, &off, &sel) && far_to(v, i, sel, off);
}

bool interp_ret_far(struct vcpu *v, const struct insn *i)
{
    return segment_far_return(v, i->opsize, (uint16_t)ret_pops(i));
}

bool interp_iret(struct vcpu *v, const struct insn *i)
{
    if (v86_sensitive(v))
        return vcpu_raise_error(v, VEC_GP, 0);
    return segment_iret(v, i->opsize);
}

bool interp_int(struct vcpu *v, const struct insn *i)
{
    if (v86_sensitive(v))
        return vcpu_raise_error(v, VEC_GP, 0);
    return inject_software(v, (uint8_t)i->imm);
}

bool interp_int3(struct vcpu *v, const struct insn *i)
{
    (void)i;
    return inject_software(v, VEC_BP);
}

bool interp_into(struct vcpu *v, const struct insn *i)
{
    (void)i;
    return v->eflags & FL_OF ? inject_software(v, VEC_OF) : true;
}

/* INT1: a debug trap that no gate's DPL keeps out, hence not a software interrupt. */
bool interp_icebp(struct vcpu *v, const struct insn *i)
{
    (void)i;
    vcpu_raise(v, VEC_DB);
    v->exc.is_trap = true;
    return false;
}

/* Two signed bounds in memory, both included. */
bool interp_bound(struct vcpu *v, const struct insn *i)
{
    uint32_t bounds[2] = {0};
    unsigned size = i->opsize;
    uint32_t off = operand_offset(v, i), second = (off + size) & size_mask(i->addrsize);
    if (!mem_read(v, i->mem.seg, off, &bounds[0], size, 0) ||
        !mem_read(v, i->mem.seg, second, &bounds[1], size, 0))
        return false;
    int32_t index = (int32_t)sign_extend(gpr_read(v, i->opd[0].reg, size), size);
    if (index < (int32_t)sign_extend(bounds[0], size) ||
        index > (int32_t)sign_extend(bounds[1], size))
        return vcpu_raise(v, VEC_BR);
    return true;
}
