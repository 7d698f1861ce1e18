/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The names of the operations, and what holds for each in all its encodings: its use of
 * EFLAGS, of its operands, of LOCK, and whether a deprivileged ring may run it as it is.
 * Knows no encoding; read table_one.c for those.
 */
#include "bt/decode/row.h"

static const char *const names[OP_COUNT] = {
#define X(name) [OP_##name] = #name,
    OPS(X)
#undef X
};

const char *op_name(enum op op)
{
    return (unsigned)op < OP_COUNT ? names[op] : "?";
}

/* clang-format off */
#define ALL FL_ARITH
#define NO_CF (FL_ARITH & ~FL_CF)
#define NO_ZF (FL_ARITH & ~FL_ZF)
#define LOW (FL_ARITH & ~FL_OF)      /* what LAHF and SAHF move */
#define ALL_DF (FL_ARITH | FL_DF)
#define SENS INSN_SENSITIVE
#define PRIV (INSN_SENSITIVE | INSN_PRIVILEGED)
#define BR INSN_BRANCH
#define STRING INSN_STRING
#define FPU INSN_FPU
#define R ACC_READ
#define W ACC_WRITE
#define RW ACC_RW
#define LOCK true, false
#define SHIFT false, true
#define PLAIN false, false

/*
 * Columns: instruction flags; access to operand 0 and 1; LOCK or SHIFT; EFLAGS read;
 * EFLAGS written. The EFLAGS columns are SDM volume 1, appendix A, with M, 0, 1 and "-"
 * (undefined) all counted as written, but for MOV of CR and DR, which leave the flags alone on
 * every CPU. Far transfers may switch tasks and so save all flags.
 */
const struct trait traits[OP_COUNT] = {
    [OP_INVALID] = {SENS | BR, {0, 0}, PLAIN, 0, 0},
    [OP_ADD] = {0, {RW, R}, LOCK, 0, ALL},
    [OP_OR] = {0, {RW, R}, LOCK, 0, ALL},
    [OP_ADC] = {0, {RW, R}, LOCK, FL_CF, ALL},
    [OP_SBB] = {0, {RW, R}, LOCK, FL_CF, ALL},
    [OP_AND] = {0, {RW, R}, LOCK, 0, ALL},
    [OP_SUB] = {0, {RW, R}, LOCK, 0, ALL},
    [OP_XOR] = {0, {RW, R}, LOCK, 0, ALL},
    [OP_CMP] = {0, {R, R}, PLAIN, 0, ALL},
    [OP_TEST] = {0, {R, R}, PLAIN, 0, ALL},
    [OP_INC] = {0, {RW, 0}, LOCK, 0, NO_CF},
    [OP_DEC] = {0, {RW, 0}, LOCK, 0, NO_CF},
    [OP_NOT] = {0, {RW, 0}, LOCK, 0, 0},
    [OP_NEG] = {0, {RW, 0}, LOCK, 0, ALL},
    [OP_MUL] = {0, {R, 0}, PLAIN, 0, ALL},
    [OP_IMUL] = {0, {RW, R}, PLAIN, 0, ALL},
    [OP_DIV] = {0, {R, 0}, PLAIN, 0, ALL},
    [OP_IDIV] = {0, {R, 0}, PLAIN, 0, ALL},
    [OP_ROL] = {0, {RW, R}, SHIFT, 0, FL_CF | FL_OF},
    [OP_ROR] = {0, {RW, R}, SHIFT, 0, FL_CF | FL_OF},
    [OP_RCL] = {0, {RW, R}, SHIFT, FL_CF, FL_CF | FL_OF},
    [OP_RCR] = {0, {RW, R}, SHIFT, FL_CF, FL_CF | FL_OF},
    [OP_SHL] = {0, {RW, R}, SHIFT, 0, ALL},
    [OP_SHR] = {0, {RW, R}, SHIFT, 0, ALL},
    [OP_SAR] = {0, {RW, R}, SHIFT, 0, ALL},
    [OP_SHLD] = {0, {RW, R}, SHIFT, 0, ALL},
    [OP_SHRD] = {0, {RW, R}, SHIFT, 0, ALL},
    [OP_DAA] = {0, {0, 0}, PLAIN, FL_CF | FL_AF, ALL},
    [OP_DAS] = {0, {0, 0}, PLAIN, FL_CF | FL_AF, ALL},
    [OP_AAA] = {0, {0, 0}, PLAIN, FL_AF, ALL},
    [OP_AAS] = {0, {0, 0}, PLAIN, FL_AF, ALL},
    [OP_AAM] = {0, {R, 0}, PLAIN, 0, ALL},
    [OP_AAD] = {0, {R, 0}, PLAIN, 0, ALL},
    [OP_SALC] = {0, {0, 0}, PLAIN, FL_CF, 0},
    [OP_BT] = {0, {R, R}, PLAIN, 0, NO_ZF},
    [OP_BTS] = {0, {RW, R}, LOCK, 0, NO_ZF},
    [OP_BTR] = {0, {RW, R}, LOCK, 0, NO_ZF},
    [OP_BTC] = {0, {RW, R}, LOCK, 0, NO_ZF},
    [OP_BSF] = {0, {RW, R}, PLAIN, 0, ALL},
    [OP_BSR] = {0, {RW, R}, PLAIN, 0, ALL},
    [OP_BSWAP] = {0, {RW, 0}, PLAIN, 0, 0},
    [OP_XADD] = {0, {RW, RW}, LOCK, 0, ALL},
    [OP_CMPXCHG] = {0, {RW, R}, LOCK, 0, ALL},
    [OP_CMPXCHG8B] = {0, {RW, 0}, LOCK, 0, FL_ZF},
    [OP_POPCNT] = {0, {W, R}, PLAIN, 0, ALL},
    [OP_MOVBE] = {0, {W, R}, PLAIN, 0, 0},
    [OP_CRC32] = {0, {RW, R}, PLAIN, 0, 0},

    [OP_MOV] = {0, {W, R}, PLAIN, 0, 0},
    [OP_MOVZX] = {0, {W, R}, PLAIN, 0, 0},
    [OP_MOVSX] = {0, {W, R}, PLAIN, 0, 0},
    [OP_LEA] = {0, {W, 0}, PLAIN, 0, 0},
    [OP_XCHG] = {0, {RW, RW}, LOCK, 0, 0},
    [OP_CBW] = {0, {0, 0}, PLAIN, 0, 0},
    [OP_CWD] = {0, {0, 0}, PLAIN, 0, 0},
    [OP_XLAT] = {INSN_IMPLICIT_MEM, {R, 0}, PLAIN, 0, 0},
    [OP_LAHF] = {0, {0, 0}, PLAIN, LOW, 0},
    [OP_SAHF] = {0, {0, 0}, PLAIN, 0, LOW},
    [OP_CMOVCC] = {0, {RW, R}, PLAIN, 0, 0},
    [OP_SETCC] = {0, {W, 0}, PLAIN, 0, 0},
    [OP_MOVNTI] = {0, {W, R}, PLAIN, 0, 0},

    [OP_CLC] = {0, {0, 0}, PLAIN, 0, FL_CF},
    [OP_STC] = {0, {0, 0}, PLAIN, 0, FL_CF},
    [OP_CMC] = {0, {0, 0}, PLAIN, FL_CF, FL_CF},
    [OP_CLD] = {0, {0, 0}, PLAIN, 0, FL_DF},
    [OP_STD] = {0, {0, 0}, PLAIN, 0, FL_DF},
    [OP_CLI] = {SENS, {0, 0}, PLAIN, 0, 0},
    [OP_STI] = {SENS, {0, 0}, PLAIN, 0, 0},

    [OP_PUSH] = {0, {R, 0}, PLAIN, 0, 0},
    [OP_POP] = {0, {W, 0}, PLAIN, 0, 0},
    [OP_PUSHA] = {0, {0, 0}, PLAIN, 0, 0},
    [OP_POPA] = {0, {0, 0}, PLAIN, 0, 0},
    [OP_PUSHF] = {SENS, {0, 0}, PLAIN, ALL_DF, 0},
    [OP_POPF] = {SENS, {0, 0}, PLAIN, 0, ALL_DF},
    [OP_ENTER] = {0, {R, R}, PLAIN, 0, 0},
    [OP_LEAVE] = {0, {0, 0}, PLAIN, 0, 0},
    [OP_PUSH_SREG] = {SENS, {R, 0}, PLAIN, 0, 0},
    [OP_POP_SREG] = {SENS, {W, 0}, PLAIN, 0, 0},

    [OP_MOVS] = {STRING, {0, 0}, PLAIN, FL_DF, 0},
    [OP_CMPS] = {STRING, {0, 0}, PLAIN, FL_DF, ALL},
    [OP_SCAS] = {STRING, {0, 0}, PLAIN, FL_DF, ALL},
    [OP_LODS] = {STRING, {0, 0}, PLAIN, FL_DF, 0},
    [OP_STOS] = {STRING, {0, 0}, PLAIN, FL_DF, 0},
    [OP_INS] = {STRING | SENS, {0, 0}, PLAIN, FL_DF, 0},
    [OP_OUTS] = {STRING | SENS, {0, 0}, PLAIN, FL_DF, 0},

    [OP_JCC] = {BR, {R, 0}, PLAIN, 0, 0},
    [OP_JCXZ] = {BR, {R, 0}, PLAIN, 0, 0},
    [OP_LOOP] = {BR, {R, 0}, PLAIN, 0, 0},
    [OP_LOOPE] = {BR, {R, 0}, PLAIN, FL_ZF, 0},
    [OP_LOOPNE] = {BR, {R, 0}, PLAIN, FL_ZF, 0},
    [OP_JMP] = {BR, {R, 0}, PLAIN, 0, 0},
    [OP_JMP_IND] = {BR, {R, 0}, PLAIN, 0, 0},
    [OP_JMP_FAR] = {BR | SENS, {R, R}, PLAIN, ALL_DF, 0},
    [OP_JMP_FAR_IND] = {BR | SENS, {R, 0}, PLAIN, ALL_DF, 0},
    [OP_CALL] = {BR, {R, 0}, PLAIN, 0, 0},
    [OP_CALL_IND] = {BR, {R, 0}, PLAIN, 0, 0},
    [OP_CALL_FAR] = {BR | SENS, {R, R}, PLAIN, ALL_DF, 0},
    [OP_CALL_FAR_IND] = {BR | SENS, {R, 0}, PLAIN, ALL_DF, 0},
    [OP_RET] = {BR, {R, 0}, PLAIN, 0, 0},
    [OP_RET_FAR] = {BR | SENS, {R, 0}, PLAIN, 0, 0},
    [OP_INT] = {BR | SENS, {R, 0}, PLAIN, ALL_DF, 0},
    [OP_INT3] = {BR | SENS, {0, 0}, PLAIN, ALL_DF, 0},
    [OP_INTO] = {BR | SENS, {0, 0}, PLAIN, ALL_DF, 0},
    [OP_ICEBP] = {BR | SENS, {0, 0}, PLAIN, ALL_DF, 0},
    [OP_IRET] = {BR | SENS, {0, 0}, PLAIN, ALL_DF, ALL_DF},
    [OP_BOUND] = {0, {R, R}, PLAIN, 0, 0},

    [OP_MOV_FROM_SREG] = {SENS, {W, R}, PLAIN, 0, 0},
    [OP_MOV_TO_SREG] = {SENS, {W, R}, PLAIN, 0, 0},
    [OP_LDS] = {SENS, {W, R}, PLAIN, 0, 0},
    [OP_LES] = {SENS, {W, R}, PLAIN, 0, 0},
    [OP_LFS] = {SENS, {W, R}, PLAIN, 0, 0},
    [OP_LGS] = {SENS, {W, R}, PLAIN, 0, 0},
    [OP_LSS] = {SENS, {W, R}, PLAIN, 0, 0},
    [OP_ARPL] = {0, {RW, R}, PLAIN, 0, FL_ZF},
    [OP_LAR] = {SENS, {RW, R}, PLAIN, 0, FL_ZF},
    [OP_LSL] = {SENS, {RW, R}, PLAIN, 0, FL_ZF},
    [OP_VERR] = {SENS, {R, 0}, PLAIN, 0, FL_ZF},
    [OP_VERW] = {SENS, {R, 0}, PLAIN, 0, FL_ZF},
    [OP_SLDT] = {SENS, {W, 0}, PLAIN, 0, 0},
    [OP_STR] = {SENS, {W, 0}, PLAIN, 0, 0},
    [OP_LLDT] = {PRIV, {R, 0}, PLAIN, 0, 0},
    [OP_LTR] = {PRIV, {R, 0}, PLAIN, 0, 0},
    [OP_SGDT] = {SENS, {W, 0}, PLAIN, 0, 0},
    [OP_SIDT] = {SENS, {W, 0}, PLAIN, 0, 0},
    [OP_LGDT] = {PRIV, {R, 0}, PLAIN, 0, 0},
    [OP_LIDT] = {PRIV, {R, 0}, PLAIN, 0, 0},
    [OP_SMSW] = {SENS, {W, 0}, PLAIN, 0, 0},
    [OP_LMSW] = {PRIV, {R, 0}, PLAIN, 0, 0},

    [OP_MOV_FROM_CR] = {PRIV, {W, R}, PLAIN, 0, 0},
    [OP_MOV_TO_CR] = {PRIV, {W, R}, PLAIN, 0, 0},
    [OP_MOV_FROM_DR] = {PRIV, {W, R}, PLAIN, 0, 0},
    [OP_MOV_TO_DR] = {PRIV, {W, R}, PLAIN, 0, 0},
    [OP_CLTS] = {PRIV, {0, 0}, PLAIN, 0, 0},
    [OP_INVLPG] = {PRIV, {0, 0}, PLAIN, 0, 0},
    [OP_INVD] = {PRIV, {0, 0}, PLAIN, 0, 0},
    [OP_WBINVD] = {PRIV, {0, 0}, PLAIN, 0, 0},
    [OP_HLT] = {PRIV, {0, 0}, PLAIN, 0, 0},
    [OP_IN] = {SENS, {W, R}, PLAIN, 0, 0},
    [OP_OUT] = {SENS, {R, R}, PLAIN, 0, 0},
    [OP_RDTSC] = {SENS, {0, 0}, PLAIN, 0, 0},
    [OP_RDMSR] = {PRIV, {0, 0}, PLAIN, 0, 0},
    [OP_WRMSR] = {PRIV, {0, 0}, PLAIN, 0, 0},
    [OP_RDPMC] = {SENS, {0, 0}, PLAIN, 0, 0},
    [OP_CPUID] = {SENS, {0, 0}, PLAIN, 0, 0},
    [OP_SYSENTER] = {BR | SENS, {0, 0}, PLAIN, ALL_DF, 0},
    [OP_SYSEXIT] = {BR | PRIV, {0, 0}, PLAIN, 0, 0},
    [OP_SYSCALL] = {BR | SENS, {0, 0}, PLAIN, ALL_DF, 0},
    [OP_SYSRET] = {BR | PRIV, {0, 0}, PLAIN, 0, 0},
    [OP_RSM] = {BR | SENS, {0, 0}, PLAIN, 0, ALL_DF},
    [OP_VMCALL] = {SENS, {0, 0}, PLAIN, 0, 0},
    [OP_VMMCALL] = {SENS, {0, 0}, PLAIN, 0, 0},
    [OP_UD0] = {BR | SENS, {0, 0}, PLAIN, 0, 0},
    [OP_UD1] = {BR | SENS, {0, 0}, PLAIN, 0, 0},
    [OP_UD2] = {BR | SENS, {0, 0}, PLAIN, 0, 0},

    [OP_NOP] = {0, {0, 0}, PLAIN, 0, 0},
    [OP_PAUSE] = {0, {0, 0}, PLAIN, 0, 0},
    [OP_PREFETCH] = {0, {0, 0}, PLAIN, 0, 0},
    [OP_CLFLUSH] = {0, {R, 0}, PLAIN, 0, 0},
    [OP_LFENCE] = {0, {0, 0}, PLAIN, 0, 0},
    [OP_MFENCE] = {0, {0, 0}, PLAIN, 0, 0},
    [OP_SFENCE] = {0, {0, 0}, PLAIN, 0, 0},

    [OP_WAIT] = {FPU, {0, 0}, PLAIN, 0, 0},
    [OP_X87] = {FPU, {RW, R}, PLAIN, 0, 0},
    [OP_MMX] = {FPU, {RW, R}, PLAIN, 0, 0},
    [OP_SSE] = {FPU, {RW, R}, PLAIN, 0, 0},
    [OP_FXSAVE] = {FPU, {W, 0}, PLAIN, 0, 0},
    [OP_FXRSTOR] = {FPU, {R, 0}, PLAIN, 0, 0},
    [OP_LDMXCSR] = {FPU, {R, 0}, PLAIN, 0, 0},
    [OP_STMXCSR] = {FPU, {W, 0}, PLAIN, 0, 0},
};
/* clang-format on */
