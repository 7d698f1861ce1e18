/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Events into the guest. A vector comes in; the handler's frame on the right stack and the
 * handler's first instruction go out (SDM 3A 6.11-6.13, SDM 2 INT n), or the next exception that
 * the attempt raised: inject_exception follows that chain to double and triple fault. It does
 * not know where events come from.
 */
#include "monitor/inject.h"

#include "monitor/journal.h"
#include "monitor/log.h"
#include "monitor/selector.h"
#include "monitor/task.h"
#include "monitor/transfer.h"
#include "monitor/vm.h"
#include "monitor/vmem.h"

struct event {
    uint8_t vector;
    bool soft; /* INT n, INT3, INTO: the gate's DPL counts, EXT is clear */
    bool has_error;
    uint32_t error;
    uint32_t flags; /* the EFLAGS image to push */
};

static unsigned ext_bit(const struct event *e)
{
    return e->soft ? 0 : ERROR_EXT;
}

static bool gate_fault(struct vcpu *v, uint8_t vector, const struct event *e)
{
    return vcpu_raise_error(v, vector, e->vector * 8u | ERROR_IDT | ext_bit(e));
}

/* ---- Protected mode ------------------------------------------------------------- */

#define TYPE_BIT(t) (1u << (t))
static const uint32_t interrupt_gates = TYPE_BIT(SYS_INT16) | TYPE_BIT(SYS_INT32);
static const uint32_t trap_gates = TYPE_BIT(SYS_TRAP16) | TYPE_BIT(SYS_TRAP32);
static const uint32_t task_gates = TYPE_BIT(SYS_TASK);

/* E's gate from the IDT, with the checks that concern the gate itself. */
static bool read_gate(struct vcpu *v, const struct event *e, struct descriptor *gate)
{
    gate->where = gva(v->idtr.base + e->vector * 8u);
    if (e->vector * 8u + 7 > v->idtr.limit)
        return gate_fault(v, VEC_GP, e);
    if (!vmem_read(v, gate->where, &gate->raw, 8, 0))
        return false;
    uint32_t attr = descriptor_attr(gate);
    uint32_t type = TYPE_BIT(attr_system_type(attr));
    if (!(type & (interrupt_gates | trap_gates | task_gates)))
        return gate_fault(v, VEC_GP, e);
    if (e->soft && attr_dpl(attr) < v->cpl)
        return gate_fault(v, VEC_GP, e);
    return (attr & SA_P) || gate_fault(v, VEC_NP, e);
}

/* The handler's code segment; handlers never run at less privilege. */
static bool read_handler(struct vcpu *v, uint16_t sel, unsigned ext, struct descriptor *d)
{
    if (NO_SELECTOR(sel))
        return vcpu_raise_error(v, VEC_GP, ext);
    if (!selector_read(v, sel, VEC_GP, ext, d))
        return false;
    uint32_t attr = descriptor_attr(d);
    if (!attr_is_code(attr) || attr_dpl(attr) > v->cpl)
        return selector_fault(v, VEC_GP, sel, ext);
    return (attr & SA_P) || selector_fault(v, VEC_NP, sel, ext);
}

/* What an event out of V86 mode pushes first and then unloads, in this order. */
static const enum sreg v86_data[] = {S_GS, S_FS, S_DS, S_ES};

/* SDM 3A figure 6-4, SDM 3B figure 20-3. */
static void build_frame(const struct vcpu *v, const struct event *e, bool inner, struct entry *en)
{
    for (unsigned i = 0; vcpu_v86(v) && i < ARRAY_SIZE(v86_data); i++)
        entry_add(en, v->seg[v86_data[i]].sel);
    if (inner) {
        entry_add(en, v->seg[S_SS].sel);
        entry_add(en, v->gpr[R_ESP]);
    }
    entry_add(en, e->flags);
    entry_add(en, v->seg[S_CS].sel);
    entry_add(en, v->eip);
    if (e->has_error)
        entry_add(en, e->error);
}

/* A handler's data segments are null when it was V86 code that it interrupted. */
static void unload_data(struct vcpu *v)
{
    for (unsigned i = 0; i < ARRAY_SIZE(v86_data); i++)
        v->seg[v86_data[i]] = (struct segment){.attr = SA_NULL};
}

/* Out of V86 mode the handler must run at CPL 0 (SDM 3B 20.3.1). */
static bool through_gate(struct vcpu *v, const struct event *e, const struct gate *g)
{
    struct entry en = {.size = g->size, .ext = ext_bit(e)};
    struct descriptor code;
    struct stack st;
    if (!read_handler(v, g->sel, en.ext, &code))
        return false;
    uint32_t attr = descriptor_attr(&code);
    bool inner = !attr_is_conforming(attr) && attr_dpl(attr) < v->cpl;
    if (vcpu_v86(v) && (!inner || attr_dpl(attr) != 0))
        return selector_fault(v, VEC_GP, g->sel, en.ext);
    entry_aim(&en, g->sel, &code, g->off, inner ? attr_dpl(attr) : v->cpl);
    if (!inner)
        st = frame_current(v, en.ext);
    else if (!frame_inner(v, en.cpl, en.ext, &st))
        return false;
    build_frame(v, e, inner, &en);
    if (!entry_finish(v, &en, &st))
        return false;
    if (vcpu_v86(v))
        unload_data(v);
    return true;
}

/* The error code goes onto the new task's stack, in the width of its TSS (SDM 3A 6.13). */
static bool through_task_gate(struct vcpu *v, const struct event *e, uint16_t sel)
{
    if (!task_switch(v, TASK_EVENT, sel, ext_bit(e), e->flags))
        return false;
    struct stack st = frame_current(v, ext_bit(e));
    unsigned size = v->tr.attr & 8 ? 4 : 2;
    if (e->has_error && !frame_push(v, &st, &e->error, 1, size)) {
        v->exc.new_task = true;
        return false;
    }
    v->gpr[R_ESP] = st.esp;
    return true;
}

static bool deliver_protected(struct vcpu *v, const struct event *e)
{
    struct descriptor gate;
    if (!read_gate(v, e, &gate))
        return false;
    uint32_t type = TYPE_BIT(attr_system_type(descriptor_attr(&gate)));
    struct gate g = gate_unpack(gate.raw);
    if (type & task_gates)
        return through_task_gate(v, e, g.sel);
    if (!through_gate(v, e, &g))
        return false;
    uint32_t cleared = FL_TF | FL_NT | FL_RF | FL_VM;
    if (type & interrupt_gates)
        cleared |= FL_IF;
    vcpu_set_eflags(v, vcpu_eflags(v) & ~cleared);
    return true;
}

/* ---- Real mode --------------------------------------------------------------------- */

/* SDM 3A 20.1.4: four bytes a vector, no error codes. */
static bool deliver_real(struct vcpu *v, const struct event *e)
{
    uint16_t target[2]; /* IP, CS */
    struct entry en = {.size = 2, .cpl = v->cpl, .ext = ext_bit(e)};
    struct stack st = frame_current(v, en.ext);
    if (e->vector * 4u + 3 > v->idtr.limit)
        return gate_fault(v, VEC_GP, e);
    if (!vmem_read(v, gva(v->idtr.base + e->vector * 4u), target, 4, 0))
        return false;
    en.cs = segment_real(v, S_CS, target[1]);
    en.eip = target[0];
    entry_add(&en, e->flags);
    entry_add(&en, v->seg[S_CS].sel);
    entry_add(&en, v->eip);
    if (!entry_finish(v, &en, &st))
        return false;
    vcpu_set_eflags(v, vcpu_eflags(v) & ~(uint32_t)(FL_TF | FL_IF | FL_RF | FL_AC));
    return true;
}

/* One attempt. False: v->exc holds what went wrong. */
static bool deliver(struct vcpu *v, const struct event *e)
{
    if (!(v->cr0 & CR0_PE ? deliver_protected : deliver_real)(v, e))
        return false;
    v->inhibit = 0;
    v->halted = false;
    return true;
}

/* ---- Exceptions, and exceptions while they are delivered ------------------------------ */

/* SDM 3A table 6-4. */
enum fault_class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };
/* clang-format off */
static const struct {
    const char *name;
    enum fault_class fault_class;
    bool no_rf; /* an abort or always a trap: RF is pushed as it is (SDM 3B 17.3.1.1) */
} vectors[32] = {
    [VEC_DE] = {"#DE", CONTRIBUTORY, false},
    [VEC_DB] = {"#DB", BENIGN, false},
    [VEC_NMI] = {"NMI", BENIGN, true},
    [VEC_BP] = {"#BP", BENIGN, true},
    [VEC_OF] = {"#OF", BENIGN, true},
    [VEC_BR] = {"#BR", BENIGN, false},
    [VEC_UD] = {"#UD", BENIGN, false},
    [VEC_NM] = {"#NM", BENIGN, false},
    [VEC_DF] = {"#DF", DOUBLE_FAULT, true},
    [VEC_TS] = {"#TS", CONTRIBUTORY, false},
    [VEC_NP] = {"#NP", CONTRIBUTORY, false},
    [VEC_SS] = {"#SS", CONTRIBUTORY, false},
    [VEC_GP] = {"#GP", CONTRIBUTORY, false},
    [VEC_PF] = {"#PF", PAGE_FAULT, false},
    [VEC_MF] = {"#MF", BENIGN, false},
    [VEC_AC] = {"#AC", BENIGN, false},
    [VEC_MC] = {"#MC", BENIGN, true},
    [VEC_XM] = {"#XM", BENIGN, false},
};
/* clang-format on */

static enum fault_class class_of(const struct exception *e)
{
    return vectors[e->vector % ARRAY_SIZE(vectors)].fault_class;
}

/* SDM 3A table 6-5: is SECOND, raised while FIRST was delivered, a double fault? */
static bool doubles(const struct exception *first, const struct exception *second)
{
    enum fault_class a = class_of(first), b = class_of(second);
    if (a == CONTRIBUTORY)
        return b == CONTRIBUTORY;
    return a == PAGE_FAULT && (b == CONTRIBUTORY || b == PAGE_FAULT);
}

static struct exception take(struct vcpu *v)
{
    struct exception e = v->exc;
    v->exc.valid = false;
    if (e.vector == VEC_PF) /* set when the fault is seen, delivered or not: SDM 3A 6.15 */
        v->cr2 = e.cr2;
    return e;
}

static struct event exception_event(const struct vcpu *v, const struct exception *e)
{
    bool fault = !e->is_trap && !vectors[e->vector % ARRAY_SIZE(vectors)].no_rf;
    return (struct event){
        .vector = e->vector,
        .has_error = e->has_error,
        .error = e->error,
        .flags = vcpu_eflags(v) | (fault ? FL_RF : 0u),
    };
}

/* How the exceptions came after one another, for the report of a triple fault: text is made only
 * then, as it costs as much as the delivery. */
#define CHAIN_MAX 8u
struct chain {
    struct exception link[CHAIN_MAX];
    unsigned count;
};

static void note(struct chain *c, const struct exception *e)
{
    if (c->count < CHAIN_MAX)
        c->link[c->count++] = *e;
}

static size_t name_link(char *to, size_t room, const struct exception *e, bool first)
{
    const char *name = vectors[e->vector % ARRAY_SIZE(vectors)].name;
    size_t n = fmt_print(to, room, "%s%s", first ? "" : ", then ", name ? name : "exception");
    if (e->vector == VEC_PF)
        n += fmt_print(to + n, room - n, "(%x) at %08x", e->error, e->cr2);
    else if (e->has_error)
        n += fmt_print(to + n, room - n, "(%x)", e->error);
    return n;
}

static void triple_fault(struct vcpu *v, const struct chain *c)
{
    char text[160] = "";
    size_t len = 0;
    for (unsigned i = 0; i < c->count; i++)
        len += name_link(text + len, sizeof text - len, &c->link[i], i == 0);
    vm_kill(v->vm, "triple fault at %04x:%08x: %s", v->seg[S_CS].sel, v->eip, text);
}

static const struct exception double_fault = {.valid = true, .has_error = true, .vector = VEC_DF};

/* What is to be delivered after SECOND came up in delivering FIRST. False: nothing. */
static bool follow(struct vcpu *v, struct exception *first, const struct exception *second,
                   const struct chain *c)
{
    if (class_of(first) == DOUBLE_FAULT) {
        triple_fault(v, c);
        return false;
    }
    *first = doubles(first, second) ? double_fault : *second;
    return true;
}

/* SDM 3A 6.15, #DB: GD is cleared so that the handler can use the debug registers. */
static void delivered(struct vcpu *v, const struct exception *e)
{
    if (e->vector == VEC_DB)
        v->dr[7] &= ~(uint32_t)DR7_GD;
    v->vm->stats.n[STAT_INJ_EXCEPTION]++;
    JOURNAL(v->vm, INJECT, "vector %02x error %x cr2 %08x to %08x", e->vector, e->error, e->cr2,
            v->eip);
}

/* Ends: after one serial exception of each class a double fault is due, then a triple. */
void inject_exception(struct vcpu *v)
{
    struct chain c;
    struct exception e = take(v), second;
    c.count = 0;
    do {
        struct event ev = exception_event(v, &e);
        note(&c, &e);
        if (deliver(v, &ev)) {
            delivered(v, &e);
            return;
        }
        second = take(v);
        if (v->vm->ended)
            return;
        if (class_of(&e) == DOUBLE_FAULT || doubles(&e, &second))
            note(&c, &second);
    } while (follow(v, &e, &second, &c));
}

/* ---- Interrupts ---------------------------------------------------------------------------- */

/* Interrupts are benign: what their delivery raises is an exception like any other. */
void inject_interrupt(struct vcpu *v, uint8_t vector)
{
    struct event e = {.vector = vector, .flags = vcpu_eflags(v)};
    v->halted = false;
    JOURNAL(v->vm, IRQ, "vector %02x at %08x", vector, v->eip);
    if (deliver(v, &e))
        v->vm->stats.n[STAT_INJ_INTERRUPT]++;
    else if (v->vm->ended)
        v->exc.valid = false;
    else
        inject_exception(v);
}

bool inject_software(struct vcpu *v, uint8_t vector)
{
    struct event e = {.vector = vector, .soft = true, .flags = vcpu_eflags(v)};
    if (!deliver(v, &e))
        return false;
    v->vm->stats.n[STAT_INJ_SOFT]++;
    JOURNAL(v->vm, INJECT, "int %02x eax %08x to %08x", vector, v->gpr[R_EAX], v->eip);
    return true;
}

bool inject_window_open(const struct vcpu *v)
{
    return v->vif && !v->inhibit;
}
