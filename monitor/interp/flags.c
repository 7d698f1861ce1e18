/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * EFLAGS as instructions see it: single flags, PUSHF and POPF with what each privilege
 * level may change (SDM 2, POPF), CLI and STI. The virtual IF is v->vif.
 */
#include "monitor/interp/alu.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"
#include "monitor/interp/stack.h"

bool interp_clc(struct vcpu *v, const struct insn *i)
{
    (void)i;
    v->eflags &= ~(uint32_t)FL_CF;
    return true;
}

bool interp_stc(struct vcpu *v, const struct insn *i)
{
    (void)i;
    v->eflags |= FL_CF;
    return true;
}

bool interp_cmc(struct vcpu *v, const struct insn *i)
{
    (void)i;
    v->eflags ^= FL_CF;
    return true;
}

bool interp_cld(struct vcpu *v, const struct insn *i)
{
    (void)i;
    v->eflags &= ~(uint32_t)FL_DF;
    return true;
}

bool interp_std(struct vcpu *v, const struct insn *i)
{
    (void)i;
    v->eflags |= FL_DF;
    return true;
}

/* VM and RF are never seen on the stack. */
bool interp_pushf(struct vcpu *v, const struct insn *i)
{
    if (v86_sensitive(v))
        return vcpu_raise_error(v, VEC_GP, 0);
    return stack_push(v, vcpu_eflags(v) & ~(uint32_t)(FL_VM | FL_RF), i->opsize);
}

/* IOPL changes at CPL 0 only, IF where CPL <= IOPL; in V86 mode (CPL 3, IOPL 3 to get here)
 * that rule gives IF and not IOPL, as the manual wants. */
static uint32_t popf_changes(const struct vcpu *v, unsigned size)
{
    uint32_t mask = FL_ARITH | FL_TF | FL_DF | FL_NT | FL_AC | FL_ID;
    if (v->cpl == 0)
        mask |= FL_IOPL;
    if (v->cpl <= vcpu_iopl(v))
        mask |= FL_IF;
    return mask & size_mask(size);
}

bool interp_popf(struct vcpu *v, const struct insn *i)
{
    uint32_t image;
    if (v86_sensitive(v))
        return vcpu_raise_error(v, VEC_GP, 0);
    if (!stack_peek(v, 0, i->opsize, &image))
        return false;
    vcpu_set_eflags(v, flags_merge(vcpu_eflags(v), image, popf_changes(v, i->opsize)));
    v->gpr[R_ESP] = stack_moved(v, i->opsize);
    return true;
}

/* Real mode: always; else CPL <= IOPL, which in V86 mode (CPL 3) means IOPL 3. */
static bool may_change_if(struct vcpu *v)
{
    if (!(v->cr0 & CR0_PE) || v->cpl <= vcpu_iopl(v))
        return true;
    return vcpu_raise_error(v, VEC_GP, 0);
}

bool interp_cli(struct vcpu *v, const struct insn *i)
{
    (void)i;
    if (!may_change_if(v))
        return false;
    v->vif = 0;
    return true;
}

bool interp_sti(struct vcpu *v, const struct insn *i)
{
    (void)i;
    if (!may_change_if(v))
        return false;
    v->inhibit = v->vif ? INHIBIT_NONE : INHIBIT_STI;
    v->vif = 1;
    return true;
}
