/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Far RET and IRET, to the same or to an outer level. Both take CS and EIP from the stack and obey
 * the same rules (SDM 2, RET and IRET; SDM 3A 5.8.6); IRET brings flags as well. A return
 * outwards takes SS and ESP too and unloads what the outer level may not hold.
 */
#include "monitor/segment.h"
#include "monitor/selector.h"
#include "monitor/task.h"
#include "monitor/transfer.h"
#include "monitor/vm.h"

enum frame_word { RET_EIP, RET_CS, RET_FLAGS };

struct ret {
    bool iret;
    uint8_t size;
    uint16_t pop; /* RET n */
    uint32_t word[3];
    struct descriptor code;
};

/* ---- Flags ------------------------------------------------------------------------ */

/* What IRET may change at the CPL it runs at. VIF, VIP and VM are not for it to change here:
 * there is no VME, and a return to V86 mode loads all flags. */
static uint32_t loadable_flags(const struct vcpu *v, unsigned size)
{
    uint32_t mask = FL_ARITH | FL_TF | FL_DF | FL_NT;
    if (size == 4)
        mask |= FL_RF | FL_AC | FL_ID;
    if (v->cpl <= vcpu_iopl(v))
        mask |= FL_IF;
    if (v->cpl == 0 && !vcpu_v86(v))
        mask |= FL_IOPL;
    return mask;
}

static uint32_t merged_flags(const struct vcpu *v, const struct ret *r)
{
    uint32_t mask = loadable_flags(v, r->size);
    return (vcpu_eflags(v) & ~mask) | (r->word[RET_FLAGS] & mask);
}

/* ---- The two checks ----------------------------------------------------------------- */

static bool code_fits(const struct vcpu *v, uint16_t sel, uint32_t attr)
{
    unsigned rpl = SEL_RPL(sel), dpl = attr_dpl(attr);
    if (!attr_is_code(attr) || rpl < v->cpl)
        return false;
    return attr_is_conforming(attr) ? dpl <= rpl : dpl == rpl;
}

static bool check_code(struct vcpu *v, struct ret *r)
{
    uint16_t sel = (uint16_t)r->word[RET_CS];
    if (NO_SELECTOR(sel))
        return vcpu_raise_error(v, VEC_GP, 0);
    if (!selector_read(v, sel, VEC_GP, 0, &r->code))
        return false;
    uint32_t attr = descriptor_attr(&r->code);
    if (!code_fits(v, sel, attr))
        return selector_fault(v, VEC_GP, sel, 0);
    return (attr & SA_P) || selector_fault(v, VEC_NP, sel, 0);
}

/* Pops ESP and SS from ST, which becomes the outer stack. */
static bool outer_stack(struct vcpu *v, const struct ret *r, unsigned cpl, struct stack *st)
{
    struct descriptor d;
    struct segment ss;
    uint32_t w[2];
    if (!frame_pop(v, st, w, 2, r->size))
        return false;
    uint16_t sel = (uint16_t)w[1];
    if (NO_SELECTOR(sel))
        return vcpu_raise_error(v, VEC_GP, 0);
    if (!selector_read(v, sel, VEC_GP, 0, &d))
        return false;
    uint32_t attr = descriptor_attr(&d);
    if (SEL_RPL(sel) != cpl || attr_dpl(attr) != cpl || !attr_is_writable(attr))
        return selector_fault(v, VEC_GP, sel, 0);
    if (!(attr & SA_P))
        return selector_fault(v, VEC_SS, sel, 0);
    if (!descriptor_mark_accessed(v, &d))
        return false;
    segment_unpack(sel, d.raw, &ss);
    *st = frame_outer(&ss, w[0], v->gpr[R_ESP], cpl);
    return true;
}

/* Data segments and non-conforming code that v->cpl, now an outer level, may not hold. */
static void unload_inner_segments(struct vcpu *v)
{
    static const enum sreg data[] = {S_ES, S_DS, S_FS, S_GS};
    for (unsigned i = 0; i < ARRAY_SIZE(data); i++) {
        struct segment *s = &v->seg[data[i]];
        if (s->attr & SA_NULL || attr_is_conforming(s->attr))
            continue;
        if (attr_dpl(s->attr) < v->cpl)
            *s = (struct segment){.attr = SA_NULL};
    }
}

/* ---- Protected mode -------------------------------------------------------------------- */

static bool protected_return(struct vcpu *v, struct ret *r, struct stack *st)
{
    struct entry e = {.size = r->size};
    unsigned cpl = v->cpl, rpl = SEL_RPL(r->word[RET_CS]);
    if (!check_code(v, r))
        return false;
    frame_skip(st, r->pop);
    if (rpl > cpl) {
        if (!outer_stack(v, r, rpl, st))
            return false;
        frame_skip(st, r->pop);
    }
    uint32_t flags = r->iret ? merged_flags(v, r) : vcpu_eflags(v);
    entry_aim(&e, (uint16_t)r->word[RET_CS], &r->code, r->word[RET_EIP], rpl);
    if (!entry_finish(v, &e, st))
        return false;
    if (rpl > cpl)
        unload_inner_segments(v);
    vcpu_set_eflags(v, flags);
    return true;
}

/* ---- Real and V86 mode ------------------------------------------------------------------ */

static bool real_return(struct vcpu *v, const struct ret *r, struct stack *st)
{
    struct entry e = {.size = r->size,
                      .cs = segment_real(v, S_CS, (uint16_t)r->word[RET_CS]),
                      .eip = r->word[RET_EIP],
                      .cpl = v->cpl};
    uint32_t flags = r->iret ? merged_flags(v, r) : vcpu_eflags(v);
    frame_skip(st, r->pop);
    if (!entry_finish(v, &e, st))
        return false;
    vcpu_set_eflags(v, flags);
    return true;
}

static bool returns_to_v86(const struct vcpu *v, const struct ret *r)
{
    return r->iret && r->size == 4 && v->cpl == 0 && vcpu_protected(v) &&
           (r->word[RET_FLAGS] & FL_VM);
}

/* SDM 2, IRET, "RETURN-TO-VIRTUAL-8086-MODE": behind the three words follow ESP, SS, ES, DS, FS and
 * GS; all flags are loaded. */
static bool v86_return(struct vcpu *v, const struct ret *r, struct stack *st)
{
    static const enum sreg order[] = {S_SS, S_ES, S_DS, S_FS, S_GS};
    uint32_t w[6];
    if (!frame_pop(v, st, w, ARRAY_SIZE(w), 4))
        return false;
    if (r->word[RET_EIP] > 0xffff)
        return vcpu_raise_error(v, VEC_GP, 0);
    vcpu_set_eflags(v, r->word[RET_FLAGS] & FL_ALL);
    v->eip = r->word[RET_EIP];
    v->gpr[R_ESP] = w[0];
    v->cpl = 3;
    v->code_memo.minus_sel = 1;
    v->seg[S_CS] = segment_real(v, S_CS, (uint16_t)r->word[RET_CS]);
    for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
        v->seg[order[i]] = segment_real(v, order[i], (uint16_t)w[1 + i]);
    return true;
}

static bool pop_and_return(struct vcpu *v, struct ret *r)
{
    struct stack st = frame_current(v, 0);
    if (!frame_pop(v, &st, r->word, r->iret ? 3 : 2, r->size))
        return false;
    if (returns_to_v86(v, r))
        return v86_return(v, r, &st);
    return vcpu_protected(v) ? protected_return(v, r, &st) : real_return(v, r, &st);
}

/* ---- The instructions --------------------------------------------------------------------- */

bool segment_far_return(struct vcpu *v, unsigned size, uint16_t pop_bytes)
{
    return pop_and_return(v, &(struct ret){.size = (uint8_t)size, .pop = pop_bytes});
}

static bool unblock_nmi(struct vcpu *v)
{
    v->nmi_blocked = false;
    return true;
}

bool segment_iret(struct vcpu *v, unsigned size)
{
    if (vcpu_v86(v) && vcpu_iopl(v) < 3)
        return vcpu_raise_error(v, VEC_GP, 0);
    if (vcpu_protected(v) && (v->eflags & FL_NT))
        return task_return(v) && unblock_nmi(v);
    return pop_and_return(v, &(struct ret){.iret = true, .size = (uint8_t)size}) && unblock_nmi(v);
}
