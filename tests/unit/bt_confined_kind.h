/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Instructions that translated code must not have, whatever their operands (bt_confined.c).
 */
#ifndef RING1_TEST_BT_CONFINED_KIND_H
#define RING1_TEST_BT_CONFINED_KIND_H

#include <Zydis/Zydis.h>

#include "monitor/types.h"

static bool is_allowed_extension(const ZydisDecodedInstruction *i)
{
    static const ZydisISAExt allowed[] = {
        ZYDIS_ISA_EXT_BASE,  ZYDIS_ISA_EXT_X87,   ZYDIS_ISA_EXT_MMX,      ZYDIS_ISA_EXT_SSE,
        ZYDIS_ISA_EXT_SSE2,  ZYDIS_ISA_EXT_SSE3,  ZYDIS_ISA_EXT_SSSE3,    ZYDIS_ISA_EXT_SSE4,
        ZYDIS_ISA_EXT_PAUSE, ZYDIS_ISA_EXT_CLFSH, ZYDIS_ISA_EXT_LONGMODE,
    };
    for (unsigned n = 0; n < ARRAY_SIZE(allowed); n++) {
        if (i->meta.isa_ext == allowed[n])
            return i->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY;
    }
    return false;
}

static const char *forbidden_category(const ZydisDecodedInstruction *i)
{
    switch (i->meta.category) {
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_IO:
    case ZYDIS_CATEGORY_IOSTRINGOP:
    case ZYDIS_CATEGORY_SEGOP:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_RDWRFSGS:
        return "a sensitive instruction";
    case ZYDIS_CATEGORY_SYSTEM:
        return i->mnemonic == ZYDIS_MNEMONIC_RDTSC ? NULL : "a system instruction";
    default:
        return NULL;
    }
}

/* What is wrong with I; NULL: nothing. */
static const char *confined_forbids(const ZydisDecodedInstruction *i)
{
    if (!is_allowed_extension(i))
        return "an instruction that is not of the guest's CPU";
    if (i->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
        return "a privileged instruction";
    if (i->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
        return "a far jump";
    switch (i->mnemonic) {
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
        return "POPF of 16 bits";
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_CLI:
    case ZYDIS_MNEMONIC_STI:
    case ZYDIS_MNEMONIC_LAR:
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_VERR:
    case ZYDIS_MNEMONIC_VERW:
    case ZYDIS_MNEMONIC_ENTER:
        return "an instruction that means something else here";
    default:
        return forbidden_category(i);
    }
}

#endif
