/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See lockstep.h. The leader's run loop is run.c's; at each stop of translated code, before
 * anything is done about it, the follower catches up by as many instructions as the leader counted.
 * What the leader then has interpreted, the follower does too. Comparing is lockdiff.c's.
 */
#include "monitor/lockstep.h"

#include "devices/board.h"
#include "monitor/interp/interp.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/pool.h"
#include "monitor/run.h"
#include "monitor/timer.h"

static bool is_repeated(struct vcpu *v, uint32_t eip, struct insn *i)
{
    return lockstep_peek(v, eip, i) && (i->flags & INSN_STRING) &&
           (i->flags & (INSN_REP | INSN_REPNE));
}

/* ---- The follower ----------------------------------------------------------------- */

static void before(void *with, const struct insn *i)
{
    struct lockstep *l = with;
    l->ring[l->ringed++ % LOCKSTEP_RING] = l->follower->vcpu->eip;
    lockstep_before(l, i);
    lockstep_will_write(l, i);
}

/* One step of the follower. Sets *RAISED if it raises an exception; *SAME if a repeated string
 * operation has not come to its end. */
static void step(struct lockstep *l, bool *raised, bool *same)
{
    struct vcpu *v = l->follower->vcpu;
    const struct insn *i;
    uint32_t eip = v->eip;
    *raised = interp_step_watched(v, before, l, &i) != INTERP_OK;
    *same = v->eip == eip && i && (i->flags & INSN_STRING) && (i->flags & (INSN_REP | INSN_REPNE));
    if (*raised)
        return;
    lockstep_has_written(l, i);
    lockstep_behind(l, i);
}

/* One whole instruction of the follower. */
static bool one(struct lockstep *l)
{
    bool raised, same;
    do {
        step(l, &raised, &same);
        if (raised)
            return lockstep_differ(l, "the interpreter raises exception %u at %08x",
                                   l->follower->vcpu->exc.vector, l->follower->vcpu->eip);
    } while (same);
    return true;
}

static bool follow(struct lockstep *l, uint64_t n)
{
    for (uint64_t k = 0; k < n; k++) {
        if (!one(l))
            return false;
    }
    l->insns += n;
    return true;
}

/* The leader stopped within a repeated string operation: the follower does as many elements. */
static bool follow_elements(struct lockstep *l)
{
    struct vcpu *v = l->follower->vcpu;
    struct insn i;
    uint32_t eip = v->eip, left = l->leader->vcpu->gpr[R_ECX];
    if (v->gpr[R_ECX] == left || !is_repeated(v, eip, &i) || i.addrsize != 4)
        return true;
    v->gpr[R_ECX] -= left;
    if (!one(l))
        return false;
    v->gpr[R_ECX] += left;
    v->eip = eip;
    if (i.op == OP_CMPS || i.op == OP_SCAS) /* the manual and CPUs differ on these */
        v->eflags = (v->eflags & ~(uint32_t)FL_ARITH) | (l->leader->vcpu->eflags & FL_ARITH);
    return true;
}

static bool same_place(const struct lockstep *l)
{
    const struct vcpu *a = l->leader->vcpu, *b = l->follower->vcpu;
    struct insn i;
    return a->eip == b->eip && (memcmp(a->gpr, b->gpr, sizeof a->gpr) == 0 ||
                                is_repeated(l->follower->vcpu, b->eip, &i));
}

/* The FPU holds the follower's state; the leader's is what it was just now. */
static void to_follower(struct lockstep *l)
{
    host_fpu_exchange(l->fpu);
    memcpy(l->leader_fpu, l->fpu, sizeof l->fpu);
}

/*
 * Translated code of the leader stopped. At a gate its count is exact; a fault or signal may have
 * come before or after the instruction that was counted last, and the follower shows which.
 */
static void stopped(struct vm *vm, const struct host_exit *x)
{
    struct lockstep *l = vm->pace.with;
    uint64_t n = vm->vcpu->tc_insns - l->counted;
    bool exact = x->kind == HX_TC || n == 0;
    l->counted = vm->vcpu->tc_insns;
    if (l->differs)
        return;
    to_follower(l);
    bool ok = follow(l, exact ? n : n - 1) && (exact || same_place(l) || follow(l, 1)) &&
              follow_elements(l);
    host_fpu_exchange(l->fpu);
    if (ok)
        lockstep_compare(l, false);
}

/* What the leader has interpreted since. STEPS of them; or none, and it raised a page fault. */
static void mirror(struct lockstep *l, uint64_t steps)
{
    struct vcpu *a = l->leader->vcpu, *b = l->follower->vcpu;
    if (!steps && a->exc.valid)
        steps = 1;
    if (!steps || l->differs)
        return;
    to_follower(l);
    for (uint64_t n = 0; n < steps; n++) {
        bool raised, same;
        step(l, &raised, &same);
        l->insns += !raised && !same;
    }
    host_fpu_exchange(l->fpu);
    if (a->exc.valid != b->exc.valid)
        lockstep_differ(l, "%s engine alone raises exception %u",
                        a->exc.valid ? "the translating" : "the interpreting",
                        a->exc.valid ? a->exc.vector : b->exc.vector);
}

/* ---- Both ----------------------------------------------------------------------------- */

static void set_time(struct lockstep *l)
{
    uint64_t ns = l->insns * PACE_INSN_NS + l->slept_ns;
    l->leader->pace.ns = l->follower->pace.ns = ns;
    timer_service(l->leader, false);
    timer_service(l->follower, false);
}

/* Both sleep: until the next event. */
static void sleep(struct lockstep *l)
{
    uint64_t next = board_next_event(l->leader), now = l->leader->pace.ns;
    if (next == UINT64_MAX)
        vm_end(l->leader, EXIT_GUEST_OFF, "both sleep, and no timer will wake them");
    else if (next > now)
        l->slept_ns += next - now;
}

static uint64_t interpreted(const struct lockstep *l)
{
    return l->leader->stats.n[STAT_INSN_INTERP];
}

static void turn(struct lockstep *l)
{
    struct vcpu *a = l->leader->vcpu;
    set_time(l);
    vm_deliver(a);
    vm_deliver(l->follower->vcpu);
    lockstep_delivered(l);
    if (!lockstep_compare(l, false) || l->leader->ended)
        return;
    if (a->halted) {
        sleep(l);
        return;
    }
    uint64_t before = interpreted(l);
    l->entry = a->eip;
    vm_execute(a);
    mirror(l, interpreted(l) - before);
    if (!l->differs)
        lockstep_compare(l, l->insns >= l->next_whole);
    vm_heed_board(l->leader);
    vm_heed_board(l->follower);
}

/* Both start with what the hardware holds now. */
static void copy_fpu(struct lockstep *l)
{
    uint8_t *now = l->leader_fpu;
    host_fpu_exchange(now); /* NOW has it, and the hardware has nothing good ... */
    memcpy(l->fpu, now, sizeof l->fpu);
    host_fpu_exchange(now); /* ... until it gets it back */
    memcpy(now, l->fpu, sizeof l->fpu);
}

bool lockstep_run(struct vm *leader, struct vm *follower)
{
    struct lockstep *l = pool_alloc(leader->pool, sizeof *l);
    if (!l)
        return false;
    l->leader = leader;
    l->follower = follower;
    l->next_whole = LOCKSTEP_WHOLE;
    leader->pace.with = l;
    leader->pace.stopped = stopped;
    copy_fpu(l);
    leader->started_ns = leader->now_ns = host_now_ns();
    while (!leader->ended && !l->differs)
        turn(l);
    if (!l->differs)
        lockstep_compare(l, true);
    if (l->differs) {
        lockstep_report(l);
        leader->exit = EXIT_DIFFERS;
        leader->ended = true;
        fmt_print(leader->reason, sizeof leader->reason, "%s", l->what);
    }
    log_line("report: lock step: %lu instructions, compared %lu times: %s", l->insns, l->compared,
             l->differs ? "a difference" : "no difference");
    vm_counters(leader, &leader->stats);
    return true;
}
