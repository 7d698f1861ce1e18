/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The opcode extensions of SDM volume 2, table A-6: eight rows a group, by ModRM.reg. A
 * row without operands has those of the opcode that named the group. Groups whose register
 * forms are other instructions have a second eight rows for mod = 3.
 */
#include "bt/decode/row.h"

/* clang-format off */
const struct row groups[G_COUNT][8] = {
    [G_1] = {R0(ADD), R0(OR), R0(ADC), R0(SBB), R0(AND), R0(SUB), R0(XOR), R0(CMP)},
    [G_1A] = {[0] = R0(POP)},
    /* /6 is an undocumented SHL on every CPU. */
    [G_2] = {R0(ROL), R0(ROR), R0(RCL), R0(RCR), R0(SHL), R0(SHR), R0(SHL), R0(SAR)},
    /* /1 is an undocumented TEST, likewise. */
    [G_3B] = {R2(TEST, Eb, Ib), R2(TEST, Eb, Ib), R0(NOT), R0(NEG),
              R0(MUL), R0(IMUL), R0(DIV), R0(IDIV)},
    [G_3V] = {R2(TEST, Ev, Iz), R2(TEST, Ev, Iz), R0(NOT), R0(NEG),
              R0(MUL), R0(IMUL), R0(DIV), R0(IDIV)},
    [G_4] = {R0(INC), R0(DEC)},
    [G_5] = {R0(INC), R0(DEC), R0(CALL_IND), R1(CALL_FAR_IND, Mp),
             R0(JMP_IND), R1(JMP_FAR_IND, Mp), R0(PUSH)},
    [G_6] = {R1(SLDT, RvMw), R1(STR, RvMw), R1(LLDT, Ew), R1(LTR, Ew),
             R1(VERR, Ew), R1(VERW, Ew)},
    [G_7] = {R1(SGDT, Ms), R1(SIDT, Ms), R1(LGDT, Ms), R1(LIDT, Ms),
             R1(SMSW, RvMw), R0(INVALID), R1(LMSW, Ew), R1(INVLPG, M)},
    [G_7R] = {[0] = ROW(VMCALL, _, _, _, A_RM1, 0), [3] = ROW(VMMCALL, _, _, _, A_RM1, 0),
              [4] = R1(SMSW, RvMw), [6] = R1(LMSW, Ew)},
    [G_8] = {[4] = R0(BT), [5] = R0(BTS), [6] = R0(BTR), [7] = R0(BTC)},
    [G_9] = {[1] = R1(CMPXCHG8B, Mq)},
    [G_11] = {[0] = R0(MOV)},
    /* Groups 12 - 14: MMX and SSE shifts by an immediate; PSxLDQ (/3, /7) are SSE only. */
    [G_12M] = {[2] = R0(MMX), [4] = R0(MMX), [6] = R0(MMX)},
    [G_12X] = {[2] = R0(SSE), [4] = R0(SSE), [6] = R0(SSE)},
    [G_14M] = {[2] = R0(MMX), [6] = R0(MMX)},
    [G_14X] = {[2] = R0(SSE), [3] = R0(SSE), [6] = R0(SSE), [7] = R0(SSE)},
    [G_15] = {R1(FXSAVE, Mfx), R1(FXRSTOR, Mfx), R1(LDMXCSR, Md), R1(STMXCSR, Md),
              [7] = R1(CLFLUSH, Mb)},
    [G_15R] = {[5] = R0(LFENCE), [6] = R0(MFENCE), [7] = R0(SFENCE)},
    /* The prefetches without a meaning yet, and their register forms, are NOPs. */
    [G_16] = {R1(PREFETCH, Mb), R1(PREFETCH, Mb), R1(PREFETCH, Mb), R1(PREFETCH, Mb),
              R1(NOP, Ev), R1(NOP, Ev), R1(NOP, Ev), R1(NOP, Ev)},
    [G_16R] = {R1(NOP, Ev), R1(NOP, Ev), R1(NOP, Ev), R1(NOP, Ev),
               R1(NOP, Ev), R1(NOP, Ev), R1(NOP, Ev), R1(NOP, Ev)},
    [G_P] = {R1(PREFETCH, Mb), R1(PREFETCH, Mb), R1(PREFETCH, Mb), R1(PREFETCH, Mb),
             R1(PREFETCH, Mb), R1(PREFETCH, Mb), R1(PREFETCH, Mb), R1(PREFETCH, Mb)},
    [G_PR] = {R1(NOP, Ev), R1(NOP, Ev), R1(NOP, Ev), R1(NOP, Ev),
              R1(NOP, Ev), R1(NOP, Ev), R1(NOP, Ev), R1(NOP, Ev)},
};
/* clang-format on */
