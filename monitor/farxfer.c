/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Far JMP and CALL: straight to a code segment, or through a call gate to one of the same or of
 * more privilege. The order of checks is that of the instructions' pages in SDM 2; the rules of
 * privilege are SDM 3A 5.8. Read farret.c for the way back.
 */
#include "monitor/segment.h"
#include "monitor/selector.h"
#include "monitor/task.h"
#include "monitor/transfer.h"

struct transfer {
    bool call;
    uint8_t size; /* operand size: of what CALL pushes */
    uint16_t sel;
    uint32_t off;
    struct descriptor d; /* what SEL names */
};

static uint32_t truncate(uint32_t off, unsigned size)
{
    return size == 2 ? off & 0xffff : off;
}

/* Pushes the return address if it is a CALL, and goes to where E aims, on the same stack. */
static bool enter_same(struct vcpu *v, const struct transfer *t, struct entry *e)
{
    struct stack st = frame_current(v, 0);
    if (t->call) {
        entry_add(e, v->seg[S_CS].sel);
        entry_add(e, v->eip);
    }
    return entry_finish(v, e, &st);
}

/* ---- Straight to code --------------------------------------------------------- */

static bool to_code(struct vcpu *v, struct transfer *t)
{
    struct entry e = {.size = t->size};
    uint32_t attr = descriptor_attr(&t->d);
    unsigned dpl = attr_dpl(attr);
    bool allowed =
        attr_is_conforming(attr) ? dpl <= v->cpl : SEL_RPL(t->sel) <= v->cpl && dpl == v->cpl;
    if (!attr_is_code(attr) || !allowed)
        return selector_fault(v, VEC_GP, t->sel, 0);
    if (!(attr & SA_P))
        return selector_fault(v, VEC_NP, t->sel, 0);
    entry_aim(&e, t->sel, &t->d, truncate(t->off, t->size), v->cpl);
    return enter_same(v, t, &e);
}

/* ---- Through a call gate -------------------------------------------------------- */

/* The gate's code segment: JMP must stay at CPL, CALL may go inwards. */
static bool gate_target(struct vcpu *v, const struct transfer *t, uint16_t sel,
                        struct descriptor *d)
{
    if (NO_SELECTOR(sel))
        return vcpu_raise_error(v, VEC_GP, 0);
    if (!selector_read(v, sel, VEC_GP, 0, d))
        return false;
    uint32_t attr = descriptor_attr(d);
    bool exact = !t->call && !attr_is_conforming(attr);
    unsigned dpl = attr_dpl(attr);
    if (!attr_is_code(attr) || dpl > v->cpl || (exact && dpl != v->cpl))
        return selector_fault(v, VEC_GP, sel, 0);
    if (!(attr & SA_P))
        return selector_fault(v, VEC_NP, sel, 0);
    return true;
}

/* The new stack gets the old one's pointer, the parameters in the order they had, and the
 * return address (SDM 3A figure 5-12). */
static bool enter_inner(struct vcpu *v, const struct gate *g, struct entry *e)
{
    struct stack outer = frame_current(v, 0), inner;
    uint32_t params[32];
    if (!frame_inner(v, e->cpl, 0, &inner))
        return false;
    e->n = (uint8_t)(4 + g->params);
    if (!entry_check(v, e, &inner) || !frame_pop(v, &outer, params, g->params, g->size))
        return false;
    e->n = 0;
    entry_add(e, v->seg[S_SS].sel);
    entry_add(e, v->gpr[R_ESP]);
    for (unsigned i = g->params; i > 0; i--)
        entry_add(e, params[i - 1]);
    entry_add(e, v->seg[S_CS].sel);
    entry_add(e, v->eip);
    return entry_finish(v, e, &inner);
}

static bool gate_usable(struct vcpu *v, const struct transfer *t)
{
    uint32_t attr = descriptor_attr(&t->d);
    unsigned dpl = attr_dpl(attr);
    if (dpl < v->cpl || dpl < SEL_RPL(t->sel))
        return selector_fault(v, VEC_GP, t->sel, 0);
    return (attr & SA_P) || selector_fault(v, VEC_NP, t->sel, 0);
}

static bool to_call_gate(struct vcpu *v, struct transfer *t)
{
    struct gate g = gate_unpack(t->d.raw);
    struct entry e = {.size = g.size};
    struct descriptor code;
    if (!gate_usable(v, t) || !gate_target(v, t, g.sel, &code))
        return false;
    uint32_t attr = descriptor_attr(&code);
    bool inwards = t->call && !attr_is_conforming(attr) && attr_dpl(attr) < v->cpl;
    entry_aim(&e, g.sel, &code, g.off, inwards ? attr_dpl(attr) : v->cpl);
    return inwards ? enter_inner(v, &g, &e) : enter_same(v, t, &e);
}

/* A task gate, or a TSS. */
static bool to_task(struct vcpu *v, struct transfer *t)
{
    bool gate = attr_system_type(descriptor_attr(&t->d)) == SYS_TASK;
    if (!gate_usable(v, t))
        return false;
    return task_switch(v, t->call ? TASK_CALL : TASK_JUMP,
                       gate ? gate_unpack(t->d.raw).sel : t->sel, 0, vcpu_eflags(v));
}

/* ---- Choosing --------------------------------------------------------------------- */

static bool (*const to_system[16])(struct vcpu *, struct transfer *) = {
    [SYS_CALL16] = to_call_gate, [SYS_CALL32] = to_call_gate, [SYS_TASK] = to_task,
    [SYS_TSS16] = to_task,       [SYS_TSS32] = to_task,
};

static bool protected_transfer(struct vcpu *v, struct transfer *t)
{
    if (NO_SELECTOR(t->sel))
        return vcpu_raise_error(v, VEC_GP, 0);
    if (!selector_read(v, t->sel, VEC_GP, 0, &t->d))
        return false;
    uint32_t attr = descriptor_attr(&t->d);
    if (attr & SA_S)
        return to_code(v, t);
    if (!to_system[attr_system_type(attr)])
        return selector_fault(v, VEC_GP, t->sel, 0);
    return to_system[attr_system_type(attr)](v, t);
}

/* Real and V86 mode: any selector is a paragraph. */
static bool real_transfer(struct vcpu *v, const struct transfer *t)
{
    struct entry e = {.size = t->size,
                      .cs = segment_real(v, S_CS, t->sel),
                      .eip = truncate(t->off, t->size),
                      .cpl = v->cpl};
    return enter_same(v, t, &e);
}

static bool transfer(struct vcpu *v, struct transfer *t)
{
    return vcpu_protected(v) ? protected_transfer(v, t) : real_transfer(v, t);
}

bool segment_far_jump(struct vcpu *v, uint16_t sel, uint32_t off, unsigned size)
{
    return transfer(v, &(struct transfer){false, (uint8_t)size, sel, off, {0}});
}

bool segment_far_call(struct vcpu *v, uint16_t sel, uint32_t off, unsigned size)
{
    return transfer(v, &(struct transfer){true, (uint8_t)size, sel, off, {0}});
}
