/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The process host from a boot plan to the end of the guest: memory first, then the VM, then its
 * run loop. Comes from the loader, in a process of its own.
 */
#include "monitor/process/process.h"

#include "monitor/lockstep.h"
#include "monitor/log.h"
#include "monitor/pool.h"
#include "monitor/process/console.h"
#include "monitor/process/frames.h"
#include "monitor/process/window.h"
#include "monitor/report.h"
#include "monitor/run.h"
#include "monitor/session.h"

#define MONITOR_MIB 128u /* the monitor's tables; what is not used costs nothing */

_Noreturn void process_give_up(const char *why)
{
    log_line("ring1-exit: %d host-refused: %s", EXIT_HOST_TROUBLE, why);
    host_exit(EXIT_HOST_TROUBLE);
}

static void need(const char *trouble)
{
    if (trouble)
        process_give_up(trouble);
}

static struct pool *make_pool(uint32_t memory_mib)
{
    uint32_t frames = (memory_mib + MONITOR_MIB) << (20 - PAGE_SHIFT);
    need(frames_create(frames));
    return pool_create(hfn(1), frames - 1, true); /* a new memory file is all zeros */
}

/* `ring1 lab step'. */
static _Noreturn void run_lockstep(const struct plan *plan, struct pool *pool)
{
    struct vm *vm = vm_create(plan, pool, 1);
    struct vm *follower = vm ? vm_create_for(plan, pool, 1, PLAN_INTERP) : NULL;
    if (!follower || !lockstep_run(vm, follower))
        process_give_up("the guest could not be set up twice");
    report_end(vm, plan->flags);
    report_exit(vm, 1, 1);
    host_exit((int)vm->exit);
}

static _Noreturn void run_guest(const struct plan *plan, struct pool *pool,
                                const struct process_io *io)
{
    if (!io->unconfined)
        need(process_confine(io));
    if (plan->flags & PLAN_LOCKSTEP)
        run_lockstep(plan, pool);
    int status = session_run(plan, pool);
    if (status < 0)
        process_give_up("the guest could not be set up");
    host_exit(status);
}

static struct pool *make_all(const struct process_io *io, uint32_t memory_mib, bool for_perf)
{
    process_console_init(io);
    process_debug_init(io);
    process_net_init(io);
    need(process_cache_init(for_perf));
    if (for_perf)
        need(process_perf_map_init());
    struct pool *pool = make_pool(memory_mib);
    need(window_create(0));
    need(process_time_init());
    need(process_signal_init());
    return pool;
}

void process_try(const struct process_io *io)
{
    make_all(io, 0, false);
    need(process_confine(io));
    log_line("ring1-exit: %d guest-off: there was none", EXIT_GUEST_OFF);
    host_exit(EXIT_GUEST_OFF);
}

void process_run(const struct plan *plan, const struct process_io *io)
{
    uint32_t vms = plan->flags & PLAN_LOCKSTEP ? 2 : 1;
    struct pool *pool = make_all(io, vms * plan->memory_mib, plan->flags & PLAN_PERF_MAP);
    process_disk_init(plan, io);
    log_line("ring1: monitor in a process, all guest code translated");
    log_line("ring1: TSC %lu kHz", host_tsc_hz() / 1000);
    run_guest(plan, pool, io);
}
