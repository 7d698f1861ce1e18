/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One VM after another. The plan is only read, and the frames of the pool come back, so that the
 * second guest finds what the first one found.
 */
#include "monitor/session.h"

#include "monitor/log.h"
#include "monitor/report.h"
#include "monitor/run.h"

/* A frame that somebody kept is one that the monitor loses with every guest. */
static void end(struct vm *vm, struct pool *pool)
{
    vm_destroy(vm);
    uint32_t lost = pool_end(pool);
    if (lost)
        panic("%d frames did not come back from a guest that has ended", (int)lost);
}

int session_run(const struct plan *plan, struct pool *pool)
{
    int status = -1;
    uint32_t run = 0;
    do {
        pool_begin(pool);
        struct vm *vm = vm_create(plan, pool, ++run);
        if (!vm)
            return -1;
        vm_run(vm);
        report_end(vm, plan->flags);
        report_exit(vm, run, plan->runs);
        status = (int)vm->exit;
        end(vm, pool);
    } while (run < plan->runs);
    return status;
}
