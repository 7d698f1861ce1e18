/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The one place where events enter the guest: gate checks, stack switch, frame, error
 * code, double and triple fault, as in SDM 3A chapter 6. Real mode's vector table too.
 */
#ifndef RING1_INJECT_H
#define RING1_INJECT_H

#include "monitor/vcpu.h"

/* Delivers the exception in v->exc (which is cleared). Further faults become a double
 * fault, then a triple fault: vm_end(EXIT_GUEST_OFF...) is for a reset on purpose, so a
 * triple fault kills the VM with a report. Fault-class frames get RF as the manual says. */
void inject_exception(struct vcpu *v);

/* External interrupt VECTOR from the interrupt controller. v's window must be open. */
void inject_interrupt(struct vcpu *v, uint8_t vector);

/* INT N (also INT3 and INTO with their own vector): v->eip stands behind the instruction. False
 * with v->exc set (error code: the gate's selector, with EXT clear): eip is the caller's
 * to restore. */
bool inject_software(struct vcpu *v, uint8_t vector);

/* May an external interrupt be delivered now? IF, STI/MOV SS shadow. */
bool inject_window_open(const struct vcpu *v);

#endif
