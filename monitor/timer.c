/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See timer.h. Console input and requests have no time of their own: they are looked at on every
 * host interrupt and at least every 10 ms.
 */
#include "monitor/timer.h"

#include "devices/board.h"
#include "monitor/gdb/gdb.h"
#include "monitor/host.h"
#include "monitor/profile.h"
#include "monitor/request.h"
#include "monitor/screen.h"
#include "monitor/vclock.h"
#include "monitor/vcpu.h"

#define POLL_NS 10000000ull
#define PACE_NS 300000ull /* of lock step: so often the two are compared at least */

void timer_update_event(struct vm *vm)
{
    vm->vcpu->event = board_pending(vm) || vm->pv.timer_due;
}

/* When something is due next: a device's event, or the timer that the guest has set by a call. */
static uint64_t next_event(const struct vm *vm)
{
    uint64_t board = board_next_event(vm);
    return vm->pv.timer_ns && vm->pv.timer_ns < board ? vm->pv.timer_ns : board;
}

void timer_service(struct vm *vm, bool poll)
{
    uint64_t now = vclock_ns(vm);
    if (!poll && now < vm->next_poll_ns && now < next_event(vm))
        return;
    vm->next_poll_ns = now + POLL_NS;
    board_advance(vm, now);
    screen_watch(vm);
    if (vm->pv.timer_ns && now >= vm->pv.timer_ns) {
        vm->pv.timer_ns = 0;
        vm->pv.timer_due = vm->pv.vector != 0;
    }
    timer_update_event(vm);
    if (vm->pace.on)
        return;
    request_service(vm);
    if (vm->gdb)
        gdb_poll(vm);
    if (vm->profile)
        profile_service(vm);
}

void timer_arm(struct vm *vm)
{
    uint64_t deadline = vclock_to_host(vm, next_event(vm));
    if (vm->profile)
        deadline = profile_arm(vm, deadline);
    if (vm->pace.on)
        deadline = host_now_ns() + PACE_NS;
    host_timer_arm(deadline);
}
