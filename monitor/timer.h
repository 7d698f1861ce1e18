/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The virtual clock's errands: devices are brought up to date when something of theirs is
 * due, and the host's timer is armed for what comes next.
 */
#ifndef RING1_TIMER_H
#define RING1_TIMER_H

#include "monitor/vm.h"

/* Brings the board up to now if a timer is due, or if POLL (a host interrupt came: there
 * may be console input). Updates v->event. Cheap when nothing is due. */
void timer_service(struct vm *vm, bool poll);

/* Before guest code runs: the host interrupts it no later than the next timer event. */
void timer_arm(struct vm *vm);

/* Says again whether an interrupt waits for the vcpu (v->event); after any device access. */
void timer_update_event(struct vm *vm);

#endif
