/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The decoder against Zydis, over every opcode with every ModRM byte and prefix that matters:
 * validity, length, name, operands, EFLAGS, privilege. With the name of an ELF file as argument
 * it sweeps that file's .text instead (tests/unit/test_decode_binutils.c does both with libopcodes).
 */
#include <Zydis/Zydis.h>

#include "tests/unit/decode_space.h"

static ZydisDecoder decoders[2];
static ZydisDecodedInstruction z;
static ZydisDecodedOperand zops[ZYDIS_MAX_OPERAND_COUNT];

/* Instructions of newer or other CPUs that Ring1's guests do not have. They are invalid here. */
static const ZydisISAExt absent[] = {
    ZYDIS_ISA_EXT_ADOX_ADCX,   ZYDIS_ISA_EXT_AES,         ZYDIS_ISA_EXT_AMD3DNOW,
    ZYDIS_ISA_EXT_AMD_INVLPGB, ZYDIS_ISA_EXT_AVX,         ZYDIS_ISA_EXT_AVX2,
    ZYDIS_ISA_EXT_CET,         ZYDIS_ISA_EXT_CLFLUSHOPT,  ZYDIS_ISA_EXT_CLWB,
    ZYDIS_ISA_EXT_CLZERO,      ZYDIS_ISA_EXT_ENQCMD,      ZYDIS_ISA_EXT_GFNI,
    ZYDIS_ISA_EXT_HRESET,      ZYDIS_ISA_EXT_INVPCID,     ZYDIS_ISA_EXT_KEYLOCKER,
    ZYDIS_ISA_EXT_KEYLOCKER_WIDE, ZYDIS_ISA_EXT_MCOMMIT,  ZYDIS_ISA_EXT_MONITOR,
    ZYDIS_ISA_EXT_MONITORX,    ZYDIS_ISA_EXT_MOVDIR,      ZYDIS_ISA_EXT_PADLOCK,
    ZYDIS_ISA_EXT_PCLMULQDQ,   ZYDIS_ISA_EXT_PCONFIG,     ZYDIS_ISA_EXT_PKU,
    ZYDIS_ISA_EXT_PT,          ZYDIS_ISA_EXT_RDPID,       ZYDIS_ISA_EXT_RDPRU,
    ZYDIS_ISA_EXT_RDRAND,      ZYDIS_ISA_EXT_RDSEED,      ZYDIS_ISA_EXT_RDTSCP,
    ZYDIS_ISA_EXT_RTM,         ZYDIS_ISA_EXT_SERIALIZE,   ZYDIS_ISA_EXT_SGX,
    ZYDIS_ISA_EXT_SGX_ENCLV,   ZYDIS_ISA_EXT_SHA,         ZYDIS_ISA_EXT_SMAP,
    ZYDIS_ISA_EXT_SMX,         ZYDIS_ISA_EXT_SNP,         ZYDIS_ISA_EXT_SSE4A,
    ZYDIS_ISA_EXT_SVM,         ZYDIS_ISA_EXT_TDX,         ZYDIS_ISA_EXT_TSX_LDTRK,
    ZYDIS_ISA_EXT_VMFUNC,      ZYDIS_ISA_EXT_VTX,         ZYDIS_ISA_EXT_WAITPKG,
    ZYDIS_ISA_EXT_XSAVE,       ZYDIS_ISA_EXT_XSAVEC,      ZYDIS_ISA_EXT_XSAVEOPT,
    ZYDIS_ISA_EXT_XSAVES,
};
static unsigned long absent_used[ARRAY_SIZE(absent)];

/* All other differences. */
static const struct difference {
    enum aspect aspect;
    enum op op;
    const char *why;
} differences[] = {
    {VALID, OP_VMCALL, "no CPU gives VMCALL with a prefix another meaning, so it is a hypercall"},
};
static unsigned long used[ARRAY_SIZE(differences)];

static bool known_absent(void)
{
    for (unsigned n = 0; n < ARRAY_SIZE(absent); n++) {
        if (z.meta.isa_ext == absent[n])
            return ++absent_used[n];
    }
    return false;
}

static void differ(enum aspect aspect, const uint8_t *bytes, bool code32, const char *theirs)
{
    if (aspect == UNKNOWN && known_absent())
        return;
    for (unsigned n = 0; n < ARRAY_SIZE(differences); n++) {
        if (differences[n].aspect == aspect && differences[n].op == insn.op) {
            used[n]++;
            return;
        }
    }
    book_complain(aspect, bytes, code32, theirs);
}

/* ---- Names ----------------------------------------------------------------- */

static const struct {
    enum op op;
    const char *name, *wide; /* the name with operand size 4, where it is another */
} renamed[] = {
    {OP_CALL_FAR, "call", NULL},
    {OP_CALL_FAR_IND, "call", NULL},
    {OP_CALL_IND, "call", NULL},
    {OP_CBW, "cbw", "cwde"},
    {OP_CWD, "cwd", "cdq"},
    {OP_ICEBP, "int1", NULL},
    {OP_IRET, "iret", "iretd"},
    {OP_JMP_FAR, "jmp", NULL},
    {OP_JMP_FAR_IND, "jmp", NULL},
    {OP_JMP_IND, "jmp", NULL},
    {OP_MOV_FROM_CR, "mov", NULL},
    {OP_MOV_FROM_DR, "mov", NULL},
    {OP_MOV_FROM_SREG, "mov", NULL},
    {OP_MOV_TO_CR, "mov", NULL},
    {OP_MOV_TO_DR, "mov", NULL},
    {OP_MOV_TO_SREG, "mov", NULL},
    {OP_POPA, "popa", "popad"},
    {OP_POPF, "popf", "popfd"},
    {OP_POP_SREG, "pop", NULL},
    {OP_PUSHA, "pusha", "pushad"},
    {OP_PUSHF, "pushf", "pushfd"},
    {OP_PUSH_SREG, "push", NULL},
    {OP_RET_FAR, "ret", NULL},
    {OP_WAIT, "fwait", NULL},
};
