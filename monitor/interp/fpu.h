/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the host-run instructions share: may they run now, is their operand aligned, run.
 * Each returns false with v->exc set.
 */
#ifndef RING1_INTERP_FPU_H
#define RING1_INTERP_FPU_H

#include "bt/decode/insn.h"
#include "monitor/vcpu.h"

#define FPU_OPERAND_MAX 128u /* FNSAVE's 108 bytes, rounded up; FXSAVE has its own file */
#define FXSAVE_SIZE     512u

/* CR0.EM, CR0.TS and CR4.OSFXSR let the instruction run. */
bool fpu_available(struct vcpu *v, const struct insn *i);

/* #GP(0) if I demands 16-byte alignment and its operand has none. */
bool fpu_aligned16(struct vcpu *v, const struct insn *i);

/* Runs I on the host with its memory operand at MEM, 64-byte aligned and large enough. */
bool fpu_run(struct vcpu *v, const struct insn *i, void *mem);

#endif
