/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Exits. Most exceptions need no knowledge here: the interpreter executes the instruction that
 * faulted and does, or raises, what the architecture says. Only page faults (which the
 * shadow may have caused), system calls and descriptor loads have a shorter way.
 */
#include "monitor/exit.h"

#include "bt/bt.h"
#include "bt/decode/insn.h"
#include "monitor/direct.h"
#include "monitor/gdb/gdb.h"
#include "monitor/guestmem.h"
#include "monitor/guestwalk.h"
#include "monitor/hypercall.h"
#include "monitor/inject.h"
#include "monitor/interp/interp.h"
#include "monitor/journal.h"
#include "monitor/profile.h"
#include "monitor/segment.h"
#include "monitor/timer.h"
#include "monitor/trace.h"
#include "monitor/vmem.h"
#include "shadow/shadow.h"

static void count(struct vcpu *v, enum stat s)
{
    v->vm->stats.n[s]++;
}

unsigned exit_interpret_run(struct vcpu *v, unsigned most)
{
    struct stats *st = &v->vm->stats;
    bool kernel = v->cpl < 3;
    unsigned n = interp_run(v, most);
    st->n[STAT_INSN_INTERP] += n;
    if (kernel)
        st->n[STAT_INSN_INTERP_KERNEL] += n;
    return n;
}

void exit_interpret(struct vcpu *v)
{
    exit_interpret_run(v, 1);
}

/* ---- Finding blocks ------------------------------------------------------- */

/*
 * The page of guest code that holds LINEAR, for the translator. False: not there, or not RAM; the
 * interpreter's fetch then raises what is to be raised. The page behind the block's own is only
 * looked at: should an instruction need it while its A bit is clear, the interpreter does the
 * fetch.
 */
static bool code_page(struct vcpu *v, gva_t linear, bool fetched, struct code_page *out)
{
    struct walk w;
    uint32_t error;
    uint32_t access = PF_I | (fetched ? WALK_SET_AD : 0) | (v->cpl == 3 ? (uint32_t)PF_U : 0);
    if (!guest_walk(v, linear, access, &w, &error))
        return false;
    if (w.large)
        vmem_used_large(v, linear);
    out->linear = gva(linear.v & ~PAGE_MASK);
    out->frame = gpa_to_gfn(w.page);
    out->bytes = guest_page(v->vm, gfn_to_gpa(out->frame), PAGE_SIZE);
    out->global = !vcpu_paging(v) || (w.global && (v->cr4 & CR4_PGE));
    return out->bytes != NULL && w.accessed;
}

/* The translator traces the frames that it read; the shadow tables follow. */
static uint64_t translate(struct vcpu *v, const struct code_page *page,
                          const struct code_page *next)
{
    struct vm *vm = v->vm;
    unsigned before = trace_clients(vm, page->frame);
    unsigned next_before = next ? trace_clients(vm, next->frame) : 0;
    uint64_t entry = bt_translate(v, page, next);
    if (!before && trace_clients(vm, page->frame))
        shadow_trace_changed(vm, page->frame);
    if (next && !next_before && trace_clients(vm, next->frame))
        shadow_trace_changed(vm, next->frame);
    return entry;
}

uint64_t exit_find_block(struct vcpu *v)
{
    struct code_page page, next;
    uint32_t at = vcpu_next(v);
    if (gdb_breaks_on_page(v->vm, at))
        return 0;
    uint64_t entry = bt_lookup(v);
    if (entry)
        return entry;
    uint64_t start = host_now_ns();
    if (!code_page(v, gva(at), true, &page))
        return 0;
    bool has_next = code_page(v, gva(page.linear.v + PAGE_SIZE), false, &next);
    uint64_t before = v->vm->stats.n[STAT_BT_INSNS];
    entry = translate(v, &page, has_next ? &next : NULL);
    JOURNAL(v->vm, BLOCKS, "eip %08x instructions %lu", v->eip,
            v->vm->stats.n[STAT_BT_INSNS] - before);
    v->vm->stats.n[STAT_NS_TRANSLATE] += host_now_ns() - start;
    return entry;
}

/* ---- Exceptions ----------------------------------------------------------- */

static bool is_string_operation(struct vcpu *v)
{
    uint8_t bytes[INSN_MAX];
    struct insn i;
    unsigned got = 0;
    bool fetched = vmem_fetch(v, gva(vcpu_next(v)), bytes, sizeof bytes, &got);
    v->exc.valid &= fetched; /* what was got is enough */
    return insn_decode(bytes, got, v->seg[S_CS].attr & SA_DB, &i) == DECODE_OK &&
           (i.flags & INSN_STRING);
}

static const char *const shadow_answers[] = {[SHADOW_FIXED] = "filled",
                                             [SHADOW_REFLECT] = "reflected",
                                             [SHADOW_TRACE] = "traced",
                                             [SHADOW_MMIO] = "mmio"};

/* Asks the shadow, once. With SHADOW_REFLECT X->error becomes the guest's. */
static enum shadow_answer ask_shadow(struct vcpu *v, struct host_exit *x)
{
    uint32_t access = x->error & (PF_W | PF_U | PF_I);
    uint32_t error = x->error;
    if (x->asked)
        return (enum shadow_answer)(x->asked - 1);
    if (!x->user)
        access = (access & PF_W) | (v->cpl == 3 ? (uint32_t)PF_U : 0);
    enum shadow_answer answer = shadow_fault(v, gva(x->cr2), access, &error);
    JOURNAL(v->vm, SHADOW, "%s cr2 %08x access %x eip %08x", shadow_answers[answer], x->cr2, access,
            v->eip);
    x->asked = (uint8_t)(1 + answer);
    if (answer == SHADOW_REFLECT)
        x->error = error;
    return answer;
}

static void exit_page_fault(struct vcpu *v, const struct host_exit *fault)
{
    struct host_exit x = *fault;
    count(v, STAT_EXIT_PF);
    bool turns = x.other_window && v->cpl < 3; /* user code has no business in the kernel's */
    if (x.cr2_outside && !x.user)
        bt_missed(v, &x);
    if (x.cr2_outside || (turns && !bt_turn_window(v, &x, is_string_operation(v)))) {
        exit_interpret(v);
        return;
    }
    if (turns)
        return;
    switch (ask_shadow(v, &x)) {
    case SHADOW_FIXED:
        break;
    case SHADOW_REFLECT:
        vmem_faulted(v, gva(x.cr2));
        vcpu_raise_pf(v, gva(x.cr2), x.error);
        break;
    case SHADOW_TRACE:
    case SHADOW_MMIO:
        if (!x.user)
            bt_faulted(v, &x);
        exit_interpret(v);
        break;
    }
}

/* Does anybody want to see each exit? */
static bool is_watched(const struct vm *vm)
{
    return vm->pace.on || vm->gdb || vm->profile || vm->journal;
}

enum exit_quick exit_quick_fault(struct vcpu *v, struct host_exit *x)
{
    if (x->cr2_outside || is_watched(v->vm))
        return QUICK_NO;
    enum shadow_answer answer = ask_shadow(v, x);
    bool reflects = answer == SHADOW_REFLECT && x->user && v->direct.armed && v->direct.fault_eip;
    if (answer != SHADOW_FIXED && !reflects)
        return QUICK_NO;
    count(v, STAT_EXIT_PF);
    if (!reflects)
        return QUICK_AGAIN;
    count(v, STAT_INJ_EXCEPTION);
    vmem_faulted(v, gva(x->cr2));
    v->cr2 = x->cr2;
    return QUICK_REFLECT;
}

bool exit_quick_call(struct vcpu *v)
{
    if (is_watched(v->vm) || !hypercall_quick(v))
        return false;
    count(v, STAT_EXIT_CALLOUT);
    return true;
}

/* A selector that the shadow tables do not hold yet faults like a bad one. An error code with
 * the IDT bit is an INT n that its gate refused. */
static void exit_selector_fault(struct vcpu *v, const struct host_exit *x)
{
    uint16_t sel = (uint16_t)(x->error & 0xfffc);
    count(v, STAT_EXIT_GP);
    if (x->user && sel && !(x->error & 2) && segtab_fill(v, sel))
        return;
    exit_interpret(v);
}

static void exit_debug(struct vcpu *v, const struct host_exit *x)
{
    (void)x;
    count(v, STAT_EXIT_EXCEPTION);
    v->dr[6] |= 1u << 14; /* BS: user code set TF itself; the trap is behind the instruction */
    vcpu_raise(v, VEC_DB);
    v->exc.is_trap = true;
}

static void exit_device_not_available(struct vcpu *v, const struct host_exit *x)
{
    (void)x;
    count(v, STAT_EXIT_NM);
    exit_interpret(v);
}

static void exit_by_interpreting(struct vcpu *v, const struct host_exit *x)
{
    (void)x;
    count(v, STAT_EXIT_EXCEPTION);
    exit_interpret(v);
}

static void (*const by_vector[32])(struct vcpu *, const struct host_exit *) = {
    [VEC_DB] = exit_debug,          [VEC_NM] = exit_device_not_available,
    [VEC_NP] = exit_selector_fault, [VEC_SS] = exit_selector_fault,
    [VEC_GP] = exit_selector_fault, [VEC_PF] = exit_page_fault,
};

/* ---- The rest ------------------------------------------------------------- */

/* Where did the INT that ended before v->eip begin? CC and CE are one byte, CD n two. */
static uint32_t software_interrupt_start(struct vcpu *v, uint8_t vector)
{
    uint8_t b;
    unsigned got;
    uint32_t one = v->eip - 1;
    if ((vector == VEC_BP || vector == VEC_OF) &&
        vmem_fetch(v, gva(v->seg[S_CS].base + one), &b, 1, &got) && b != vector)
        return one;
    v->exc.valid = false;
    return v->eip - 2;
}

static void exit_software_interrupt(struct vcpu *v, const struct host_exit *x)
{
    count(v, STAT_EXIT_SOFT_INT);
    if (inject_software(v, x->vector))
        return;
    struct exception e = v->exc;
    v->exc.valid = false;
    if (!e.new_task)
        v->eip = software_interrupt_start(v, x->vector);
    v->exc = e;
}

/* An instruction that was made a callout because it used to fault. Would it have this time? */
static void exit_adapted(struct vcpu *v, const struct host_exit *x)
{
    uint32_t at = vcpu_next(v), before = v->vm->trapping;
    count(v, STAT_EXIT_CALLOUT);
    count(v, STAT_EXIT_ADAPTED);
    exit_interpret(v);
    if (!v->exc.valid)
        bt_called_out(v, x, at, v->vm->trapping == before);
}

static void exit_translated(struct vcpu *v, const struct host_exit *x)
{
    uint64_t entry;
    switch ((enum tc_code)x->code) {
    case TC_EXIT_MISS:
        count(v, STAT_EXIT_MISS);
        entry = exit_find_block(v);
        if (entry)
            bt_chain(v, x, entry);
        break;
    case TC_EXIT_INTERP:
    case TC_EXIT_CALL:
        count(v, STAT_EXIT_CALLOUT);
        exit_interpret(v);
        break;
    case TC_EXIT_ADAPTED:
        exit_adapted(v, x);
        break;
    case TC_EXIT_EVENT:
        count(v, STAT_EXIT_EVENT);
        break;
    }
}

/* A vector means an exception or a software interrupt, a code an enum tc_code. */
static void journal_exit(const struct vcpu *v, const struct host_exit *x)
{
    static const char *const kinds[] = {[HX_EXCEPTION] = "exception",
                                        [HX_INTERRUPT] = "interrupt",
                                        [HX_SOFT_INT] = "int",
                                        [HX_TC] = "gate"};
    JOURNAL(v->vm, EXITS, "%s %s %02x error %x cr2 %08x eip %08x", x->user ? "user" : "tc  ",
            kinds[x->kind], x->kind == HX_TC ? x->code : x->vector, x->error, x->cr2, v->eip);
}

static void exit_from_user(struct vcpu *v, const struct host_exit *x)
{
    direct_leave(v);
    for (unsigned r = 0; r < S_COUNT; r++)
        v->seg[r].sel = x->sel[r];
    segtab_collect(v);
    bt_forget_calls(v); /* the kernel's stack begins anew */
}

void exit_handle(struct vcpu *v, const struct host_exit *x)
{
    if (x->user)
        exit_from_user(v, x);
    else
        bt_unwind(v, x);
    if (v->vm->pace.stopped)
        v->vm->pace.stopped(v->vm, x);
    if (profile_due(v->vm))
        profile_sample(v, PROFILE_GUEST, x->user ? 0 : bt_block_of(v, x));
    journal_exit(v, x);
    switch (x->kind) {
    case HX_INTERRUPT:
        count(v, STAT_EXIT_INTERRUPT);
        timer_service(v->vm, true);
        break;
    case HX_SOFT_INT:
        exit_software_interrupt(v, x);
        break;
    case HX_TC:
        exit_translated(v, x);
        break;
    case HX_EXCEPTION:
        (x->vector < 32 && by_vector[x->vector] ? by_vector[x->vector] : exit_by_interpreting)(v,
                                                                                               x);
        break;
    }
}
