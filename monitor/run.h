/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The top: making a VM from a boot plan, and running it to its end.
 */
#ifndef RING1_RUN_H
#define RING1_RUN_H

#include "monitor/plan.h"
#include "monitor/pool.h"
#include "monitor/vm.h"

/* Builds the VM that PLAN describes, from POOL, as the session's guest number RUN. NULL, with a log
 * line, if the plan is wrong or memory is short. */
struct vm *vm_create(const struct plan *plan, struct pool *pool, uint32_t run);
/* The same with another engine than the plan's. */
struct vm *vm_create_for(const struct plan *plan, struct pool *pool, uint32_t run,
                         enum plan_engine engine);

/* The end of VM, whether it has run or not: host and pool have back what was its own, and VM is
 * gone, but for the memory that it lies in, which is the pool's until pool_end. */
void vm_destroy(struct vm *vm);

/* Runs VM until it ends; then vm->exit and vm->reason say how. */
void vm_run(struct vm *vm);

/* What that is made of, in this order: delivers an event that is due; lets the guest run to its
 * next stop and handles that; does what the board wants of the machine. */
void vm_deliver(struct vcpu *v);
void vm_execute(struct vcpu *v);
void vm_heed_board(struct vm *vm);

/* The counters as they stand, with those that others keep while VM runs. OUT may be VM's own. */
void vm_counters(const struct vm *vm, struct stats *out);

#endif
