/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which handler executes which operation. What has no row, or is not offered to the
 * guest, is an invalid opcode: SEP and SYSCALL are hidden in the guest's CPUID, MOVBE too,
 * and there is neither VMX, SVM nor system management mode.
 */
#include "monitor/interp/ops.h"

/* clang-format off */
#define ANY(op, fn) [OP_##op] = {interp_##fn, NEED_NOTHING}
#define PROT(op, fn) [OP_##op] = {interp_##fn, NEED_PROTECTED}

static const struct interp_op table[OP_COUNT] = {
    ANY(ADD, binary), ANY(OR, binary), ANY(ADC, binary), ANY(SBB, binary), ANY(AND, binary),
    ANY(SUB, binary), ANY(XOR, binary), ANY(CMP, binary), ANY(TEST, binary),
    ANY(INC, unary), ANY(DEC, unary), ANY(NOT, unary), ANY(NEG, unary),
    ANY(MUL, mul), ANY(IMUL, imul), ANY(DIV, div), ANY(IDIV, idiv),
    ANY(ROL, shift), ANY(ROR, shift), ANY(RCL, shift), ANY(RCR, shift),
    ANY(SHL, shift), ANY(SHR, shift), ANY(SAR, shift),
    ANY(SHLD, shift_double), ANY(SHRD, shift_double),
    ANY(DAA, daa), ANY(DAS, das), ANY(AAA, aaa), ANY(AAS, aas), ANY(AAM, aam), ANY(AAD, aad),
    ANY(SALC, salc),
    ANY(BT, bit_test), ANY(BTS, bit_test), ANY(BTR, bit_test), ANY(BTC, bit_test),
    ANY(BSF, bit_scan), ANY(BSR, bit_scan), ANY(BSWAP, bswap),
    ANY(XADD, xadd), ANY(CMPXCHG, cmpxchg), ANY(CMPXCHG8B, cmpxchg8b),
    ANY(POPCNT, popcnt), ANY(CRC32, crc32),

    ANY(MOV, mov), ANY(MOVNTI, mov), ANY(MOVZX, mov), ANY(MOVSX, movsx), ANY(LEA, lea),
    ANY(XCHG, xchg), ANY(CBW, cbw), ANY(CWD, cwd), ANY(XLAT, xlat), ANY(LAHF, lahf),
    ANY(SAHF, sahf), ANY(CMOVCC, cmov), ANY(SETCC, setcc),
    ANY(CLC, clc), ANY(STC, stc), ANY(CMC, cmc), ANY(CLD, cld), ANY(STD, std),
    ANY(CLI, cli), ANY(STI, sti),

    ANY(PUSH, push), ANY(POP, pop), ANY(PUSHA, pusha), ANY(POPA, popa),
    ANY(PUSHF, pushf), ANY(POPF, popf), ANY(ENTER, enter), ANY(LEAVE, leave),
    ANY(PUSH_SREG, push_sreg), ANY(POP_SREG, pop_sreg),

    ANY(MOVS, string), ANY(CMPS, string), ANY(SCAS, string), ANY(LODS, string),
    ANY(STOS, string), ANY(INS, string), ANY(OUTS, string),

    ANY(JCC, jcc), ANY(JCXZ, jcxz), ANY(LOOP, loop), ANY(LOOPE, loop), ANY(LOOPNE, loop),
    ANY(JMP, jmp), ANY(JMP_IND, jmp_ind),
    ANY(JMP_FAR, far_direct), ANY(JMP_FAR_IND, far_indirect),
    ANY(CALL, call), ANY(CALL_IND, call_ind),
    ANY(CALL_FAR, far_direct), ANY(CALL_FAR_IND, far_indirect),
    ANY(RET, ret), ANY(RET_FAR, ret_far),
    ANY(INT, int), ANY(INT3, int3), ANY(INTO, into), ANY(ICEBP, icebp), ANY(IRET, iret),
    ANY(BOUND, bound),

    ANY(MOV_FROM_SREG, mov_from_sreg), ANY(MOV_TO_SREG, mov_to_sreg),
    ANY(LDS, load_far_pointer), ANY(LES, load_far_pointer), ANY(LFS, load_far_pointer),
    ANY(LGS, load_far_pointer), ANY(LSS, load_far_pointer),
    PROT(ARPL, arpl), PROT(LAR, lar), PROT(LSL, lsl), PROT(VERR, verify), PROT(VERW, verify),
    PROT(SLDT, store_selector), PROT(STR, store_selector),
    PROT(LLDT, load_selector), PROT(LTR, load_selector),
    ANY(SGDT, store_table), ANY(SIDT, store_table), ANY(LGDT, load_table), ANY(LIDT, load_table),
    ANY(SMSW, smsw), ANY(LMSW, lmsw),

    ANY(MOV_FROM_CR, mov_from_cr), ANY(MOV_TO_CR, mov_to_cr),
    ANY(MOV_FROM_DR, mov_from_dr), ANY(MOV_TO_DR, mov_to_dr),
    ANY(CLTS, clts), ANY(INVLPG, invlpg), ANY(INVD, nop), ANY(WBINVD, nop), ANY(HLT, hlt),
    ANY(IN, in), ANY(OUT, out), ANY(RDTSC, rdtsc), ANY(RDMSR, rdmsr), ANY(WRMSR, wrmsr),
    ANY(RDPMC, rdpmc), ANY(CPUID, cpuid), PROT(VMCALL, vmcall),

    ANY(NOP, nop), ANY(PAUSE, nop), ANY(PREFETCH, nop), ANY(CLFLUSH, clflush),
    ANY(LFENCE, nop), ANY(MFENCE, nop), ANY(SFENCE, nop),
    ANY(WAIT, wait), ANY(X87, fpu), ANY(MMX, fpu), ANY(SSE, fpu),
    ANY(LDMXCSR, fpu), ANY(STMXCSR, fpu), ANY(FXSAVE, fxsave), ANY(FXRSTOR, fxrstor),
};
/* clang-format on */

static const struct interp_op invalid = {interp_invalid, NEED_NOTHING};

const struct interp_op *interp_op(unsigned op)
{
    return op < OP_COUNT && table[op].run ? &table[op] : &invalid;
}
