/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The classes are a table over the decoder's operations, so a new sensitive operation without
 * a class shows up in the unit test and not as a wrong count.
 */
#include "loader/census.h"

#include "bt/decode/insn.h"

/* clang-format off */
enum class {
    C_POPF, C_PUSHF, C_CLI, C_IRET, C_INT, C_INT3, C_FAR, C_SEG_LOAD, C_SEG_READ, C_LAR, C_SGDT, C_CPUID,
    C_IN, C_LGDT, C_MOV_CR, C_MOV_DR, C_CLTS, C_INVLPG, C_HLT, C_MSR, C_RDTSC, C_SYSENTER, C_VMCALL,
};

const struct census_class census_classes[CENSUS_CLASSES] = {
    [C_POPF] = {"POPF", "keeps IF and IOPL as they were", CENSUS_SILENT},
    [C_PUSHF] = {"PUSHF", "shows the real IF and IOPL", CENSUS_SILENT},
    [C_CLI] = {"CLI STI", "the interrupt flag", CENSUS_IOPL},
    [C_IRET] = {"IRET", "keeps IF and IOPL, cannot go inward", CENSUS_SILENT},
    [C_INT] = {"INT INTO", "through the real IDT", CENSUS_TRAPS},
    [C_INT3] = {"INT3", "through the real IDT; most are padding", CENSUS_TRAPS},
    [C_FAR] = {"far CALL JMP RET", "change CS and with it the ring", CENSUS_SILENT},
    [C_SEG_LOAD] = {"segment loads", "from the real GDT and LDT", CENSUS_SILENT},
    [C_SEG_READ] = {"segment reads", "show the real ring in CS and SS", CENSUS_SILENT},
    [C_LAR] = {"LAR LSL VERR VERW", "judge by the real ring and tables", CENSUS_SILENT},
    [C_SGDT] = {"SGDT SIDT SLDT STR SMSW", "show the real tables and CR0", CENSUS_SILENT},
    [C_CPUID] = {"CPUID", "shows the real CPU", CENSUS_SILENT},
    [C_IN] = {"IN OUT INS OUTS", "the real devices", CENSUS_IOPL},
    [C_LGDT] = {"LGDT LIDT LLDT LTR LMSW", "the CPU's own tables", CENSUS_TRAPS},
    [C_MOV_CR] = {"MOV CR", "paging and CPU modes", CENSUS_TRAPS},
    [C_MOV_DR] = {"MOV DR", "breakpoints", CENSUS_TRAPS},
    [C_CLTS] = {"CLTS", "the FPU's switch flag", CENSUS_TRAPS},
    [C_INVLPG] = {"INVLPG INVD WBINVD", "TLB and caches", CENSUS_TRAPS},
    [C_HLT] = {"HLT", "waits for an interrupt", CENSUS_TRAPS},
    [C_MSR] = {"RDMSR WRMSR RDPMC", "model-specific registers", CENSUS_TRAPS},
    [C_RDTSC] = {"RDTSC", "the real time, unless CR4.TSD is set", CENSUS_SILENT},
    [C_SYSENTER] = {"SYSENTER SYSEXIT SYSCALL SYSRET RSM", "change the ring", CENSUS_TRAPS},
    [C_VMCALL] = {"VMCALL VMMCALL", "hypercalls", CENSUS_TRAPS},
};

/* Class + 1; 0: not sensitive, or an operation that only raises #UD. */
static const uint8_t class_of[OP_COUNT] = {
    [OP_POPF] = C_POPF + 1, [OP_PUSHF] = C_PUSHF + 1, [OP_CLI] = C_CLI + 1, [OP_STI] = C_CLI + 1,
    [OP_IRET] = C_IRET + 1, [OP_INT] = C_INT + 1, [OP_INT3] = C_INT3 + 1, [OP_INTO] = C_INT + 1,
    [OP_ICEBP] = C_INT + 1, [OP_JMP_FAR] = C_FAR + 1, [OP_JMP_FAR_IND] = C_FAR + 1,
    [OP_CALL_FAR] = C_FAR + 1, [OP_CALL_FAR_IND] = C_FAR + 1, [OP_RET_FAR] = C_FAR + 1,
    [OP_MOV_TO_SREG] = C_SEG_LOAD + 1, [OP_POP_SREG] = C_SEG_LOAD + 1, [OP_LDS] = C_SEG_LOAD + 1,
    [OP_LES] = C_SEG_LOAD + 1, [OP_LFS] = C_SEG_LOAD + 1, [OP_LGS] = C_SEG_LOAD + 1,
    [OP_LSS] = C_SEG_LOAD + 1, [OP_MOV_FROM_SREG] = C_SEG_READ + 1, [OP_PUSH_SREG] = C_SEG_READ + 1,
    [OP_LAR] = C_LAR + 1, [OP_LSL] = C_LAR + 1, [OP_VERR] = C_LAR + 1, [OP_VERW] = C_LAR + 1,
    [OP_SGDT] = C_SGDT + 1, [OP_SIDT] = C_SGDT + 1, [OP_SLDT] = C_SGDT + 1, [OP_STR] = C_SGDT + 1,
    [OP_SMSW] = C_SGDT + 1, [OP_CPUID] = C_CPUID + 1, [OP_IN] = C_IN + 1, [OP_OUT] = C_IN + 1,
    [OP_INS] = C_IN + 1, [OP_OUTS] = C_IN + 1, [OP_LGDT] = C_LGDT + 1, [OP_LIDT] = C_LGDT + 1,
    [OP_LLDT] = C_LGDT + 1, [OP_LTR] = C_LGDT + 1, [OP_LMSW] = C_LGDT + 1,
    [OP_MOV_FROM_CR] = C_MOV_CR + 1, [OP_MOV_TO_CR] = C_MOV_CR + 1, [OP_MOV_FROM_DR] = C_MOV_DR + 1,
    [OP_MOV_TO_DR] = C_MOV_DR + 1, [OP_CLTS] = C_CLTS + 1, [OP_INVLPG] = C_INVLPG + 1,
    [OP_INVD] = C_INVLPG + 1, [OP_WBINVD] = C_INVLPG + 1, [OP_HLT] = C_HLT + 1,
    [OP_RDMSR] = C_MSR + 1, [OP_WRMSR] = C_MSR + 1, [OP_RDPMC] = C_MSR + 1, [OP_RDTSC] = C_RDTSC + 1,
    [OP_SYSENTER] = C_SYSENTER + 1, [OP_SYSEXIT] = C_SYSENTER + 1, [OP_SYSCALL] = C_SYSENTER + 1,
    [OP_SYSRET] = C_SYSENTER + 1, [OP_RSM] = C_SYSENTER + 1, [OP_VMCALL] = C_VMCALL + 1,
    [OP_VMMCALL] = C_VMCALL + 1,
};
/* clang-format on */

void census_add(struct census *c, const uint8_t *code, size_t size)
{
    struct insn insn;
    c->bytes += size;
    for (size_t at = 0; at < size;) {
        bool known = insn_decode(code + at, size - at, true, &insn) == DECODE_OK;
        if (known && insn.op != OP_INVALID)
            c->instructions++;
        else
            c->undecodable++;
        if (known && class_of[insn.op])
            c->count[class_of[insn.op] - 1]++;
        at += known && insn.len ? insn.len : 1;
    }
}
