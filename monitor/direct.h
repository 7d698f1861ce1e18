/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * System calls and returns from them between guest user code (ring 3) and the translated kernel
 * (ring 1) without ring 0. The host has two pieces of ring-1 code for it (monitor/pc/gate.asm);
 * what they need, and when they may be used, is decided here and noted in v->direct. While user
 * code runs with the gate armed the vcpu is in *kernel view*: CPL, CS and SS are already those that
 * the system call's gate leads to; an exit from ring 3 brings the user's back.
 * Source: SDM 3A 6.12.1 (gates), 7.2.1 (TSS).
 */
#ifndef RING1_DIRECT_H
#define RING1_DIRECT_H

#include "monitor/host.h"
#include "monitor/vcpu.h"

/* Before user code that segtab_prepare has let run: arms the gate and goes to kernel view if the
 * guest's tables and flags are of the usual kind and the translator's look-up table is for the
 * kernel that the gate leads to. */
void direct_arm(struct vcpu *v);

/* The same before user code that is translated. There is no kernel view: the host's code changes
 * the vcpu, both ways. */
void direct_arm_translated(struct vcpu *v);

/* V has left ring 3: back to user view, if it is not in it. */
void direct_leave(struct vcpu *v);

/* What was noted of the guest's tables may be wrong: GDTR, IDTR, LDTR, TR or a mirrored entry
 * changed. */
static inline void direct_disarm(struct vcpu *v)
{
    v->direct.armed = 0;
    v->direct.found = false;
}

#endif
