/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The operations of the 32-bit x86 instruction set as the decoder names them. One name
 * an operation, not an encoding: ADD covers its nine forms, told apart by operands.
 * Families that Ring1 never looks into (x87, MMX, SSE) have one name each.
 */
#ifndef RING1_OP_H
#define RING1_OP_H

/* clang-format off */
#define OPS(X) \
    X(INVALID) \
    /* arithmetic and logic */ \
    X(ADD) X(OR) X(ADC) X(SBB) X(AND) X(SUB) X(XOR) X(CMP) X(TEST) \
    X(INC) X(DEC) X(NOT) X(NEG) X(MUL) X(IMUL) X(DIV) X(IDIV) \
    X(ROL) X(ROR) X(RCL) X(RCR) X(SHL) X(SHR) X(SAR) X(SHLD) X(SHRD) \
    X(DAA) X(DAS) X(AAA) X(AAS) X(AAM) X(AAD) X(SALC) \
    X(BT) X(BTS) X(BTR) X(BTC) X(BSF) X(BSR) X(BSWAP) \
    X(XADD) X(CMPXCHG) X(CMPXCHG8B) X(POPCNT) X(MOVBE) X(CRC32) \
    /* moves */ \
    X(MOV) X(MOVZX) X(MOVSX) X(LEA) X(XCHG) X(CBW) X(CWD) X(XLAT) X(LAHF) X(SAHF) \
    X(CMOVCC) X(SETCC) X(MOVNTI) \
    /* flags */ \
    X(CLC) X(STC) X(CMC) X(CLD) X(STD) X(CLI) X(STI) \
    /* stack */ \
    X(PUSH) X(POP) X(PUSHA) X(POPA) X(PUSHF) X(POPF) X(ENTER) X(LEAVE) \
    X(PUSH_SREG) X(POP_SREG) \
    /* strings */ \
    X(MOVS) X(CMPS) X(SCAS) X(LODS) X(STOS) X(INS) X(OUTS) \
    /* control flow */ \
    X(JCC) X(JCXZ) X(LOOP) X(LOOPE) X(LOOPNE) \
    X(JMP) X(JMP_IND) X(JMP_FAR) X(JMP_FAR_IND) \
    X(CALL) X(CALL_IND) X(CALL_FAR) X(CALL_FAR_IND) X(RET) X(RET_FAR) \
    X(INT) X(INT3) X(INTO) X(ICEBP) X(IRET) X(BOUND) \
    /* segments */ \
    X(MOV_FROM_SREG) X(MOV_TO_SREG) X(LDS) X(LES) X(LFS) X(LGS) X(LSS) \
    X(ARPL) X(LAR) X(LSL) X(VERR) X(VERW) \
    X(SLDT) X(STR) X(LLDT) X(LTR) X(SGDT) X(SIDT) X(LGDT) X(LIDT) X(SMSW) X(LMSW) \
    /* system */ \
    X(MOV_FROM_CR) X(MOV_TO_CR) X(MOV_FROM_DR) X(MOV_TO_DR) X(CLTS) X(INVLPG) \
    X(INVD) X(WBINVD) X(HLT) X(IN) X(OUT) X(RDTSC) X(RDMSR) X(WRMSR) X(RDPMC) X(CPUID) \
    X(SYSENTER) X(SYSEXIT) X(SYSCALL) X(SYSRET) X(RSM) X(VMCALL) X(VMMCALL) \
    X(UD0) X(UD1) X(UD2) \
    /* no operation; NOP with a ModRM byte touches no memory */ \
    X(NOP) X(PAUSE) X(PREFETCH) X(CLFLUSH) X(LFENCE) X(MFENCE) X(SFENCE) \
    /* run on the host CPU */ \
    X(WAIT) X(X87) X(MMX) X(SSE) X(FXSAVE) X(FXRSTOR) X(LDMXCSR) X(STMXCSR)
/* clang-format on */

enum op {
#define X(name) OP_##name,
    OPS(X)
#undef X
        OP_COUNT
};

/* The name as written above, "ADD". */
const char *op_name(enum op op);

#endif
