/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The operations that the tests against the real CPU try, and which flags the manual leaves
 * undefined after each; and those that they do not try. Included by one file of a test program.
 */
#ifndef RING1_REAL_ROWS_H
#define RING1_REAL_ROWS_H

#include "tests/unit/real_insn.h"

/* ---- What is tried, and which flags are undefined after it (SDM 2) ------------ */

enum special {
    S_ANY,
    S_SHIFT,  /* OF and AF depend on the count */
    S_DIVIDE, /* operands should fit now and then */
};

/* clang-format off */
#define AF_ FL_AF
#define NO_ZF (FL_OF | FL_SF | FL_AF | FL_PF)
static const struct row {
    uint16_t op;
    uint8_t special;
    uint32_t undefined;
} rows[] = {
    {OP_ADD, 0, 0}, {OP_OR, 0, AF_}, {OP_ADC, 0, 0}, {OP_SBB, 0, 0}, {OP_AND, 0, AF_},
    {OP_SUB, 0, 0}, {OP_XOR, 0, AF_}, {OP_CMP, 0, 0}, {OP_TEST, 0, AF_},
    {OP_INC, 0, 0}, {OP_DEC, 0, 0}, {OP_NOT, 0, 0}, {OP_NEG, 0, 0},
    {OP_MUL, 0, FL_SF | FL_ZF | FL_AF | FL_PF}, {OP_IMUL, 0, FL_SF | FL_ZF | FL_AF | FL_PF},
    {OP_DIV, S_DIVIDE, FL_ARITH}, {OP_IDIV, S_DIVIDE, FL_ARITH},
    {OP_ROL, S_SHIFT, 0}, {OP_ROR, S_SHIFT, 0}, {OP_RCL, S_SHIFT, 0}, {OP_RCR, S_SHIFT, 0},
    {OP_SHL, S_SHIFT, 0}, {OP_SHR, S_SHIFT, 0}, {OP_SAR, S_SHIFT, 0},
    {OP_SHLD, S_SHIFT, 0}, {OP_SHRD, S_SHIFT, 0},
    {OP_DAA, 0, FL_OF}, {OP_DAS, 0, FL_OF},
    {OP_AAA, 0, FL_OF | FL_SF | FL_ZF | FL_PF}, {OP_AAS, 0, FL_OF | FL_SF | FL_ZF | FL_PF},
    {OP_AAM, 0, FL_OF | FL_AF | FL_CF}, {OP_AAD, 0, FL_OF | FL_AF | FL_CF}, {OP_SALC, 0, 0},
    {OP_BT, 0, NO_ZF}, {OP_BTS, 0, NO_ZF}, {OP_BTR, 0, NO_ZF}, {OP_BTC, 0, NO_ZF},
    {OP_BSF, 0, FL_ARITH & ~FL_ZF}, {OP_BSR, 0, FL_ARITH & ~FL_ZF},
    {OP_BSWAP, 0, 0}, {OP_XADD, 0, 0}, {OP_CMPXCHG, 0, 0}, {OP_CMPXCHG8B, 0, 0},
    {OP_POPCNT, 0, 0}, {OP_CRC32, 0, 0},
    {OP_MOV, 0, 0}, {OP_MOVNTI, 0, 0}, {OP_MOVZX, 0, 0}, {OP_MOVSX, 0, 0}, {OP_LEA, 0, 0},
    {OP_XCHG, 0, 0}, {OP_CBW, 0, 0}, {OP_CWD, 0, 0}, {OP_XLAT, 0, 0}, {OP_LAHF, 0, 0},
    {OP_SAHF, 0, 0}, {OP_CMOVCC, 0, 0}, {OP_SETCC, 0, 0},
    {OP_CLC, 0, 0}, {OP_STC, 0, 0}, {OP_CMC, 0, 0}, {OP_CLD, 0, 0}, {OP_STD, 0, 0},
    {OP_PUSH, 0, 0}, {OP_POP, 0, 0}, {OP_PUSHA, 0, 0}, {OP_POPA, 0, 0}, {OP_PUSHF, 0, 0},
    {OP_POPF, 0, 0}, {OP_ENTER, 0, 0}, {OP_LEAVE, 0, 0}, {OP_PUSH_SREG, 0, 0},
    {OP_MOV_FROM_SREG, 0, 0},
    {OP_MOVS, 0, 0}, {OP_CMPS, 0, 0}, {OP_SCAS, 0, 0}, {OP_LODS, 0, 0}, {OP_STOS, 0, 0},
    {OP_JCC, 0, 0}, {OP_JCXZ, 0, 0}, {OP_LOOP, 0, 0}, {OP_LOOPE, 0, 0}, {OP_LOOPNE, 0, 0},
    {OP_JMP, 0, 0}, {OP_JMP_IND, 0, 0}, {OP_CALL, 0, 0}, {OP_CALL_IND, 0, 0}, {OP_RET, 0, 0},
    {OP_JMP_FAR, 0, 0}, {OP_JMP_FAR_IND, 0, 0}, {OP_CALL_FAR, 0, 0}, {OP_CALL_FAR_IND, 0, 0},
    {OP_RET_FAR, 0, 0}, {OP_IRET, 0, 0}, {OP_INT, 0, 0}, {OP_INT3, 0, 0}, {OP_INTO, 0, 0},
    {OP_ICEBP, 0, 0}, {OP_BOUND, 0, 0}, {OP_ARPL, 0, 0},
    {OP_MOV_TO_SREG, 0, 0}, {OP_POP_SREG, 0, 0}, {OP_LDS, 0, 0}, {OP_LES, 0, 0},
    {OP_LFS, 0, 0}, {OP_LGS, 0, 0}, {OP_LSS, 0, 0},
    {OP_LAR, 0, 0}, {OP_LSL, 0, 0}, {OP_VERR, 0, 0}, {OP_VERW, 0, 0},
    {OP_NOP, 0, 0}, {OP_PAUSE, 0, 0}, {OP_PREFETCH, 0, 0}, {OP_LFENCE, 0, 0},
    {OP_MFENCE, 0, 0}, {OP_SFENCE, 0, 0}, {OP_CLFLUSH, 0, 0},
    /* These fault at CPL 3 with IOPL 0. */
    {OP_CLI, 0, 0}, {OP_STI, 0, 0}, {OP_HLT, 0, 0}, {OP_CLTS, 0, 0}, {OP_INVD, 0, 0},
    {OP_WBINVD, 0, 0}, {OP_INVLPG, 0, 0}, {OP_LMSW, 0, 0}, {OP_LGDT, 0, 0}, {OP_LIDT, 0, 0},
    {OP_LLDT, 0, 0}, {OP_LTR, 0, 0}, {OP_MOV_FROM_CR, 0, 0}, {OP_MOV_TO_CR, 0, 0},
    {OP_MOV_FROM_DR, 0, 0}, {OP_MOV_TO_DR, 0, 0}, {OP_RDMSR, 0, 0}, {OP_WRMSR, 0, 0},
    {OP_IN, 0, 0}, {OP_OUT, 0, 0}, {OP_INS, 0, 0}, {OP_OUTS, 0, 0},
    {OP_UD0, 0, 0}, {OP_UD1, 0, 0}, {OP_UD2, 0, 0},
};

/* And what is not tried: it has another test, tells what this machine is, or is the host's. */
static const uint16_t elsewhere[] = {
    OP_INVALID, OP_WAIT, OP_X87, OP_MMX, OP_SSE, OP_FXSAVE, OP_FXRSTOR, OP_LDMXCSR, OP_STMXCSR,
    OP_MOVBE, OP_CPUID, OP_RDTSC, OP_RDPMC, OP_SGDT, OP_SIDT, OP_SLDT, OP_STR, OP_SMSW,
    OP_SYSENTER, OP_SYSEXIT, OP_SYSCALL, OP_SYSRET, OP_RSM, OP_VMCALL, OP_VMMCALL,
};
/* clang-format on */

static inline const struct row *row_of(unsigned op)
{
    for (size_t n = 0; n < ARRAY_SIZE(rows); n++)
        if (rows[n].op == op)
            return &rows[n];
    return NULL;
}

static unsigned executed[OP_COUNT];

/* Every operation is on one of the lists. */
static inline void assert_complete(void)
{
    for (unsigned op = 0; op < OP_COUNT; op++) {
        unsigned times = row_of(op) != NULL;
        for (size_t n = 0; n < ARRAY_SIZE(elsewhere); n++)
            times += elsewhere[n] == op;
        if (times != 1)
            fail_msg("%s is listed %u times", op_name((enum op)op), times);
    }
}

/* Each row was tried often enough to tell. */
static inline void assert_executed(void)
{
    for (size_t n = 0; n < ARRAY_SIZE(rows); n++)
        if (executed[rows[n].op] < 5)
            fail_msg("%s ran %u times", op_name((enum op)rows[n].op), executed[rows[n].op]);
}

/* ---- Undefined flags ---------------------------------------------------------------- */

static inline uint32_t shift_undefined(const struct test_case *c)
{
    const struct insn *i = &c->insn;
    const struct operand *o = &i->opd[i->nopd - 1];
    bool rotate = i->op <= OP_RCR;
    unsigned count = (o->kind == OPD_IMM ? i->imm : c->in.gpr[R_ECX]) & 31;
    unsigned bits = 8u * i->opd[0].size;
    uint32_t mask = count == 1 || !count ? 0 : FL_OF;
    if (count && !rotate)
        mask |= FL_AF;
    if (count >= bits && (i->op == OP_SHL || i->op == OP_SHR))
        mask |= FL_CF;
    if (count >= bits && i->nopd == 3)
        mask |= FL_ARITH;
    return mask;
}

static inline uint32_t undefined_flags(const struct test_case *c)
{
    return c->row->special == S_SHIFT ? shift_undefined(c) : c->row->undefined;
}

#endif
