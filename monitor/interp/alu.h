/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The arithmetic of the host CPU as functions: operands and flags in, result and flags
 * out, for sizes of 1, 2 and 4 bytes. Undefined flags come out as this CPU leaves them. No
 * vcpu: other handlers use these for their own flags.
 */
#ifndef RING1_INTERP_ALU_H
#define RING1_INTERP_ALU_H

#include "bt/decode/op.h"
#include "monitor/types.h"
#include "monitor/x86.h"

/*
 * Fetches RFLAGS into %[f] in an asm statement. The red zone that a host build may use below
 * RSP is stepped over; LEA changes no flag. PUSHFQ rather than LAHF and SETO: the first
 * CPUs with long mode have no LAHF there.
 */
#define ASM_GET_FLAGS "leaq -128(%%rsp), %%rsp\n\tpushfq\n\tpopq %[f]\n\tleaq 128(%%rsp), %%rsp"

/* Sets CF from bit 0 of %[c], the flags before. */
#define ASM_SET_CARRY "btl $0, %[c]\n\t"

/* CHANGED of OLD replaced by those of NEW. */
static inline uint32_t flags_merge(uint32_t old, uint64_t new, uint32_t changed)
{
    return (old & ~changed) | ((uint32_t) new &changed);
}

/* OP is ADD, OR, ADC, SBB, AND, SUB, XOR, CMP or TEST. *FLAGS: in CF, out all six. */
uint32_t alu_binary(enum op op, unsigned size, uint32_t a, uint32_t b, uint32_t *flags);

/* OP is INC, DEC, NOT or NEG. *FLAGS as the operation leaves them (INC, DEC keep CF). */
uint32_t alu_unary(enum op op, unsigned size, uint32_t a, uint32_t *flags);

/* Does condition code CC (0 - 15: O, NO, B, ...) hold in FLAGS? SDM 1 appendix B. */
bool alu_condition(uint32_t flags, unsigned cc);

#endif
