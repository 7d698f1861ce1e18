/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a guest's x87, MMX or SSE instruction to the 64-bit instruction that does the same
 * on the host CPU with its memory operand at [r15] and guest ESP in r12, as host_fpu_run
 * wants it. Pure: bytes in, bytes out.
 */
#ifndef RING1_INTERP_FPU_STUB_H
#define RING1_INTERP_FPU_STUB_H

#include "bt/decode/insn.h"

/* Writes the code for I, which decodes as INSN_FPU, to OUT and returns its length. */
unsigned fpu_stub_build(uint8_t out[INSN_MAX], const struct insn *i);

/* Likewise for a store of all of register REG to [r15]: MOVQ (MMX) or MOVDQA (XMM). */
unsigned fpu_stub_store(uint8_t out[INSN_MAX], enum operand_kind kind, unsigned reg);

#endif
