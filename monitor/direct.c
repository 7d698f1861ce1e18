/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See direct.h. The ring-1 code compares the guest's tables with what is noted here each time, so a
 * note is only ever too old, never wrong; finding the notes is done once for many entries.
 */
#include "monitor/direct.h"

#include "bt/bt.h"
#include "monitor/segment.h"
#include "monitor/selector.h"
#include "monitor/vm.h"
#include "monitor/vmem.h"

#define SYSCALL_VECTOR 0x80u

/* Reads without raising anything. */
static bool peek(struct vcpu *v, uint32_t linear, void *to, unsigned len)
{
    struct exception pending = v->exc;
    v->exc.valid = false;
    bool ok = vmem_read(v, gva(linear), to, len, 0);
    v->exc = pending;
    return ok;
}

static bool peek_descriptor(struct vcpu *v, uint16_t sel, struct direct_check *c)
{
    gva_t where;
    if (NO_SELECTOR(sel) || (sel & SEL_TI) || !selector_locate(v, sel, &where))
        return false;
    c->where = where.v;
    return peek(v, where.v, &c->raw, sizeof c->raw);
}

/* A flat 32-bit segment of DPL 0 that needs no accessed bit set. */
static bool fit_for_kernel(const struct segment *s, uint32_t kind)
{
    const uint32_t must = SA_P | SA_S | SA_DB | SA_ACCESSED | kind;
    return segment_flat(s) && SEL_RPL(s->sel) == 0 &&
           (s->attr & (must | SA_CODE | SA_DC | SA_DPL)) == must;
}

/* The gate of VECTOR, of a DPL from LEAST on: noted as WHICH. */
static bool find_gate(struct vcpu *v, unsigned vector, unsigned least, enum direct_checks which,
                      struct gate *g, bool *trap)
{
    struct direct_check *gate = &v->direct.check[which];
    gate->where = v->idtr.base + vector * 8;
    if (vector * 8 + 7 > v->idtr.limit || !peek(v, gate->where, &gate->raw, 8))
        return false;
    struct descriptor raw = {.raw = gate->raw};
    uint32_t attr = descriptor_attr(&raw);
    unsigned type = attr_system_type(attr);
    *g = gate_unpack(gate->raw);
    *trap = type == SYS_TRAP32;
    return (type == SYS_INT32 || type == SYS_TRAP32) && (attr & SA_P) && attr_dpl(attr) >= least;
}

/* The gate of the system call and what it leads to. */
static bool find_call(struct vcpu *v, struct direct *d)
{
    struct gate g;
    bool trap;
    if (!find_gate(v, SYSCALL_VECTOR, 3, DIRECT_GATE, &g, &trap) ||
        !peek_descriptor(v, g.sel, &d->check[DIRECT_CODE]))
        return false;
    segment_unpack(g.sel & 0xfffcu, d->check[DIRECT_CODE].raw, &d->kernel_cs);
    d->eip = g.off;
    d->vif = trap;
    return fit_for_kernel(&d->kernel_cs, SA_CODE | (d->kernel_cs.attr & SA_RW));
}

/* Page faults go the same way if their gate leads to the same segment. True in any case. */
static bool find_fault(struct vcpu *v, struct direct *d)
{
    struct gate g;
    bool trap;
    d->fault_eip = d->fault_vif = 0;
    if (find_gate(v, VEC_PF, 0, DIRECT_FAULT_GATE, &g, &trap) &&
        (g.sel & 0xfffcu) == d->kernel_cs.sel) {
        d->fault_eip = g.off;
        d->fault_vif = trap;
    }
    return true;
}

static bool find_stack(struct vcpu *v, struct direct *d)
{
    uint16_t ss;
    d->tss = v->tr.base + 4; /* ESP0, then SS0 */
    if (attr_system_type(v->tr.attr) != SYS_TSS32_BUSY || v->tr.limit < 9 ||
        !peek(v, d->tss + 4, &ss, 2) || !peek_descriptor(v, ss, &d->check[DIRECT_STACK]))
        return false;
    segment_unpack(ss, d->check[DIRECT_STACK].raw, &d->kernel_ss);
    return fit_for_kernel(&d->kernel_ss, SA_RW);
}

/* Nothing about the user's flags, IF or stack is special. */
static bool usual_user(const struct vcpu *v)
{
    return v->cpl == 3 && v->vif && !v->event && !(v->eflags & DIRECT_FLAGS) &&
           v->vm->engine != PLAN_INTERP;
}

/* False: nothing can be armed. */
static bool note(struct vcpu *v)
{
    static const uint8_t data[4] = {S_DS, S_ES, S_FS, S_GS};
    struct direct *d = &v->direct;
    d->armed = 0;
    if (!usual_user(v))
        return false;
    if (!d->found)
        d->found = find_call(v, d) && find_stack(v, d) && find_fault(v, d);
    if (!d->found)
        return false;
    d->user_cs = v->seg[S_CS];
    d->user_ss = v->seg[S_SS];
    for (unsigned i = 0; i < 4; i++)
        d->loaded[i] = v->seg[data[i]];
    return true;
}

void direct_arm_translated(struct vcpu *v)
{
    struct direct *d = &v->direct;
    if (!note(v) || !(v->seg[S_CS].attr & SA_DB))
        return;
    v->cpl = 0;
    bool kernel = bt_ready(v);
    v->cpl = 3;
    if (!bt_ready(v) || !kernel)
        return;
    vcpu_memo(&v->code_memo, d->kernel_cs.sel, d->check[DIRECT_CODE].where,
              d->check[DIRECT_CODE].raw, &d->kernel_cs);
    d->armed = 1;
}

void direct_arm(struct vcpu *v)
{
    struct direct *d = &v->direct;
    if (!note(v) || !segtab_list(v, d->mirror, &d->mirrors))
        return;
    v->cpl = 0;
    v->seg[S_CS] = d->kernel_cs;
    v->seg[S_SS] = d->kernel_ss;
    v->code_memo.minus_sel = 1;
    if (bt_ready(v))
        d->armed = 1;
    else
        direct_leave(v);
}

void direct_leave(struct vcpu *v)
{
    if (v->cpl == 3)
        return;
    v->cpl = 3;
    v->vif = 1;
    v->seg[S_CS] = v->direct.user_cs;
    v->seg[S_SS] = v->direct.user_ss;
}
