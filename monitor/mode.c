/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Direct execution if user code can have it, translation if kernel code can, and the
 * interpreter with a countable reason for the rest.
 */
#include "monitor/mode.h"

#include "monitor/segment.h"
#include "monitor/vm.h"

static enum run_mode interpret(enum stat reason, enum stat *why)
{
    *why = reason;
    return MODE_INTERPRETED;
}

static bool flat_stack(const struct vcpu *v)
{
    const struct segment *ss = &v->seg[S_SS];
    return segment_flat(ss) && (ss->attr & SA_DB) && !(ss->attr & SA_DC);
}

/* 16-bit code is translated on a 16-bit stack, where both segments hold all that 16 bits reach and
 * lie below 4 GiB. */
static enum run_mode choose_code16(const struct vcpu *v, enum stat *why)
{
    bool plain =
        segment_holds16(v, S_CS) && v->eip <= 0xffff && v->seg[S_CS].base <= 0xffffffffu - 0xffff;
    if (!plain)
        return interpret(STAT_FB_CODE16, why);
    if ((v->seg[S_SS].attr & SA_DB) || !segment_holds16(v, S_SS))
        return interpret(STAT_FB_SS, why);
    return MODE_TRANSLATED;
}

static enum run_mode choose_translated(const struct vcpu *v, enum stat *why)
{
    if (!(v->seg[S_CS].attr & SA_DB))
        return choose_code16(v, why);
    if (!segment_flat(&v->seg[S_CS]) ||
        !(v->seg[S_CS].attr & SA_RW)) /* read through CS is checked */
        return interpret(STAT_FB_CS_BASE, why);
    if (!flat_stack(v))
        return interpret(STAT_FB_SS, why);
    return MODE_TRANSLATED;
}

/*
 * Direct execution begins with an IRET of the monitor's, which must not fault: EIP has to lie
 * within the limit (a guest that runs off its end may stop just behind it). And with a 16-bit SS
 * that IRET would load only the low half of ESP, on Intel and AMD alike.
 */
static enum run_mode choose_user(struct vcpu *v, enum stat *why)
{
    if (vcpu_iopl(v) == 3)
        return interpret(STAT_FB_IOPL, why);
    if (!(v->seg[S_SS].attr & SA_DB))
        return interpret(STAT_FB_SS, why);
    if (v->eip > v->seg[S_CS].limit || !segtab_prepare(v))
        return interpret(STAT_FB_SEG, why);
    return MODE_DIRECT;
}

/* User code on a host that translates it; alignment is checked by the interpreter alone. */
static enum run_mode choose_user_code(const struct vcpu *v, enum stat *why)
{
    if (vcpu_iopl(v) == 3)
        return interpret(STAT_FB_IOPL, why);
    if ((v->cr0 & CR0_AM) && (v->eflags & FL_AC))
        return interpret(STAT_FB_SEG, why);
    return choose_translated(v, why);
}

enum run_mode mode_choose(struct vcpu *v, enum stat *why)
{
    if (v->vm->engine == PLAN_INTERP)
        return interpret(STAT_FB_FORCED, why);
    if (v->inhibit)
        return interpret(STAT_FB_SHADOW, why);
    if (v->vm->a20_masked)
        return interpret(STAT_FB_A20, why);
    if (v->armed)
        return interpret(STAT_FB_BREAKPOINT, why);
    if (v->eflags & FL_TF)
        return interpret(STAT_FB_TF, why);
    if (vcpu_v86(v)) /* user code of the kernel's own rights: not on every host (limits.md) */
        return interpret(STAT_FB_V86, why);
    if (!vcpu_protected(v) && (v->seg[S_CS].attr & SA_DB))
        return interpret(STAT_FB_REALMODE, why);
    if (v->cpl < 3)
        return choose_translated(v, why);
    return v->vm->user_code ? choose_user_code(v, why) : choose_user(v, why);
}
