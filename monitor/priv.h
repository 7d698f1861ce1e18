/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Privileged state: control and debug registers, MSRs, CPUID, ports. Tables say what exists;
 * what they do not list faults as on hardware. The caller has checked CPL; these functions
 * check values. False: v->exc is set.
 */
#ifndef RING1_PRIV_H
#define RING1_PRIV_H

#include "monitor/vcpu.h"

/* control.c */
bool priv_read_cr(struct vcpu *v, unsigned cr, uint32_t *value);
bool priv_write_cr(struct vcpu *v, unsigned cr, uint32_t value);
bool priv_read_dr(struct vcpu *v, unsigned dr, uint32_t *value);
bool priv_write_dr(struct vcpu *v, unsigned dr, uint32_t value);

/* msr.c */
bool priv_read_msr(struct vcpu *v, uint32_t index, uint64_t *value);
bool priv_write_msr(struct vcpu *v, uint32_t index, uint64_t value);

/* CPUID as the guest sees it: one table of leaves and masks (cpuid.c). */
void priv_cpuid(struct vcpu *v, uint32_t leaf, uint32_t subleaf, uint32_t regs[4]);

/* Port access of SIZE 1, 2 or 4 with the permission check of segment.h. */
bool priv_in(struct vcpu *v, uint16_t port, unsigned size, uint32_t *value);
bool priv_out(struct vcpu *v, uint16_t port, unsigned size, uint32_t value);

/* An FPU error that CR0.NE does not make an exception goes to the board (IRQ 13). */
void priv_fpu_error(struct vcpu *v);

/* HLT: stops the vcpu until an interrupt, or ends the VM if none can ever come. */
void priv_halt(struct vcpu *v);

uint64_t priv_tsc(const struct vcpu *v);

#endif
