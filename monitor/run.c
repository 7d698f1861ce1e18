/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The run loop: deliver what is due, choose how to run, run, handle the exit; until the VM
 * has ended. Read exit.c next.
 */
#include "monitor/run.h"

#include "bt/bt.h"
#include "devices/board.h"
#include "monitor/direct.h"
#include "monitor/exit.h"
#include "monitor/gdb/gdb.h"
#include "monitor/host.h"
#include "monitor/inject.h"
#include "monitor/mode.h"
#include "monitor/pool.h"
#include "monitor/profile.h"
#include "monitor/timer.h"
#include "monitor/vcpu.h"

#define INTERP_BATCH 512

/* Interrupts enter only here and exceptions only here: between two instructions. */
void vm_deliver(struct vcpu *v)
{
    if (v->exc.valid) {
        inject_exception(v);
        return;
    }
    if (!v->event || !inject_window_open(v) || (v->vm->gdb && gdb_holds_interrupts(v)))
        return;
    if (v->vm->pv.timer_due) {
        v->vm->pv.timer_due = false;
        inject_interrupt(v, v->vm->pv.vector);
    } else if (board_pending(v->vm)) {
        inject_interrupt(v, board_ack(v->vm));
    }
    timer_update_event(v->vm);
}

static void idle(struct vm *vm)
{
    uint64_t start = host_now_ns();
    timer_arm(vm);
    vm->vcpu->shared.run_state = RING1_HALTED;
    host_idle();
    vm->vcpu->shared.run_state = RING1_RUNNING;
    uint64_t slept = host_now_ns() - start;
    vm->stats.n[STAT_NS_IDLE] += slept;
    if (vm->profile)
        profile_slept(vm, slept);
    timer_service(vm, true);
}

/* Guest code is about to run, or has run: the time. */
static uint64_t enter(struct vm *vm)
{
    vm->now_ns = host_now_ns();
    timer_arm(vm);
    return vm->now_ns;
}

static uint64_t leave(struct vm *vm)
{
    vm->now_ns = host_now_ns();
    return vm->now_ns;
}

static void run_direct(struct vcpu *v)
{
    struct host_exit x;
    uint16_t sel[S_COUNT];
    struct stats *st = &v->vm->stats;
    uint64_t start = enter(v->vm);
    st->n[STAT_RUN_USER]++;
    for (unsigned r = 0; r < S_COUNT; r++)
        sel[r] = v->seg[r].sel;
    if (!gdb_breaks_any(v->vm)) /* the way back from the kernel must come by here */
        direct_arm(v);
    host_run_user(v, sel, &x);
    st->n[STAT_NS_USER] += leave(v->vm) - start;
    exit_handle(v, &x);
}

/* What lasts: for most other reasons the next instruction can run natively again. */
static bool lasts(enum stat why)
{
    return why == STAT_FB_FORCED || why == STAT_FB_REALMODE || why == STAT_FB_V86 ||
           why == STAT_FB_CODE16 || why == STAT_FB_BREAKPOINT || why == STAT_FB_A20;
}

/* One instruction, or a batch where no debugger is looking. */
static void run_interpreted(struct vcpu *v, enum stat why)
{
    struct stats *st = &v->vm->stats;
    unsigned left = lasts(why) && !gdb_breaks_any(v->vm) ? INTERP_BATCH : 1;
    uint64_t start = host_now_ns();
    while (left) {
        unsigned n = exit_interpret_run(v, left);
        st->n[why] += n;
        left -= n;
        if (v->exc.valid || v->halted || v->vm->ended || (v->event && v->vif) ||
            board_request(v->vm) != BOARD_RUN)
            break;
    }
    st->n[STAT_NS_INTERP] += leave(v->vm) - start;
    if (profile_due(v->vm))
        profile_sample(v, PROFILE_INTERPRETER, 0);
}

static void run_translated(struct vcpu *v)
{
    struct host_exit x;
    struct stats *st = &v->vm->stats;
    uint64_t entry = exit_find_block(v);
    if (!entry) {
        run_interpreted(v, STAT_FB_DECLINED);
        return;
    }
    uint64_t start = enter(v->vm);
    if (v->cpl == 3)
        direct_arm_translated(v);
    st->n[STAT_RUN_TC]++;
    host_run_tc(v, entry, &x);
    st->n[STAT_NS_TC] += leave(v->vm) - start;
    exit_handle(v, &x);
}

void vm_heed_board(struct vm *vm)
{
    switch (board_request(vm)) {
    case BOARD_RUN:
        break;
    case BOARD_RESET:
        vm_end(vm, EXIT_GUEST_OFF, "the guest reset the machine");
        break;
    case BOARD_OFF:
        vm_end(vm, EXIT_GUEST_OFF, "the guest switched the machine off");
        break;
    }
}

void vm_execute(struct vcpu *v)
{
    enum stat why;
    if (v->halted) {
        idle(v->vm);
        return;
    }
    if (v->vm->gdb && gdb_interprets(v)) {
        run_interpreted(v, STAT_FB_GDB);
        return;
    }
    switch (mode_choose(v, &why)) {
    case MODE_DIRECT:
        run_direct(v);
        break;
    case MODE_TRANSLATED:
        run_translated(v);
        break;
    case MODE_INTERPRETED:
        run_interpreted(v, why);
        break;
    }
}

void vm_counters(const struct vm *vm, struct stats *out)
{
    struct host_counts host;
    uint64_t beyond = pool_touched_frames(vm->pool) - vm->ram.size / PAGE_SIZE;
    *out = vm->stats;
    out->n[STAT_NS_TOTAL] = host_now_ns() - vm->started_ns;
    out->n[STAT_INSN_TC] = vm->vcpu->tc_insns;
    out->n[STAT_SYSCALLS_DIRECT] = vm->vcpu->direct.syscalls;
    host_counts(&host);
    out->n[STAT_MAPS] = host.maps - vm->before.maps;
    out->n[STAT_MAP_PAGES] = host.pages - vm->before.pages;
    out->n[STAT_UNMAPS] = host.unmaps - vm->before.unmaps;
    out->n[STAT_EVICTIONS] = host.evictions - vm->before.evictions;
    out->n[STAT_MEMORY] = beyond * (PAGE_SIZE / 1024);
}

void vm_run(struct vm *vm)
{
    vm->started_ns = host_now_ns();
    if (vm->gdb)
        gdb_begin();
    if (vm->profile)
        profile_begin(vm);
    while (!vm->ended) {
        timer_service(vm, false);
        if (vm->bt)
            bt_tidy(vm, vm->now_ns);
        vm_deliver(vm->vcpu);
        if (!vm->ended && !(vm->gdb && gdb_attend(vm->vcpu)))
            vm_execute(vm->vcpu);
        vm_heed_board(vm);
    }
    if (vm->gdb)
        gdb_end(vm);
    vm_counters(vm, &vm->stats);
    if (vm->profile)
        profile_end(vm);
}
