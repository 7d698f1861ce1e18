/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The decoder against Zydis, over every opcode with every ModRM byte and prefix that matters:
 * validity, length, name, operands, EFLAGS, privilege. With the name of an ELF file as argument
 * it sweeps that file's .text instead (tests/unit/test_decode_binutils.c does both with
 * libopcodes).
 */
#include <Zydis/Zydis.h>

#include "tests/unit/decode_space.h"

static ZydisDecoder decoders[2];
static ZydisDecodedInstruction z;
static ZydisDecodedOperand zops[ZYDIS_MAX_OPERAND_COUNT];

/* Instructions of newer or other CPUs that Ring1's guests do not have. They are invalid here. */
static const ZydisISAExt absent[] = {
    ZYDIS_ISA_EXT_ADOX_ADCX, ZYDIS_ISA_EXT_AES,
    ZYDIS_ISA_EXT_AMD3DNOW,  ZYDIS_ISA_EXT_AMD_INVLPGB,
    ZYDIS_ISA_EXT_AVX,       ZYDIS_ISA_EXT_AVX2,
    ZYDIS_ISA_EXT_CET,       ZYDIS_ISA_EXT_CLFLUSHOPT,
    ZYDIS_ISA_EXT_CLWB,      ZYDIS_ISA_EXT_CLZERO,
    ZYDIS_ISA_EXT_ENQCMD,    ZYDIS_ISA_EXT_GFNI,
    ZYDIS_ISA_EXT_HRESET,    ZYDIS_ISA_EXT_INVPCID,
    ZYDIS_ISA_EXT_KEYLOCKER, ZYDIS_ISA_EXT_KEYLOCKER_WIDE,
    ZYDIS_ISA_EXT_MCOMMIT,   ZYDIS_ISA_EXT_MONITOR,
    ZYDIS_ISA_EXT_MONITORX,  ZYDIS_ISA_EXT_MOVDIR,
    ZYDIS_ISA_EXT_PADLOCK,   ZYDIS_ISA_EXT_PCLMULQDQ,
    ZYDIS_ISA_EXT_PCONFIG,   ZYDIS_ISA_EXT_PKU,
    ZYDIS_ISA_EXT_PT,        ZYDIS_ISA_EXT_RDPID,
    ZYDIS_ISA_EXT_RDPRU,     ZYDIS_ISA_EXT_RDRAND,
    ZYDIS_ISA_EXT_RDSEED,    ZYDIS_ISA_EXT_RDTSCP,
    ZYDIS_ISA_EXT_RTM,       ZYDIS_ISA_EXT_SERIALIZE,
    ZYDIS_ISA_EXT_SGX,       ZYDIS_ISA_EXT_SGX_ENCLV,
    ZYDIS_ISA_EXT_SHA,       ZYDIS_ISA_EXT_SMAP,
    ZYDIS_ISA_EXT_SMX,       ZYDIS_ISA_EXT_SNP,
    ZYDIS_ISA_EXT_SSE4A,     ZYDIS_ISA_EXT_SVM,
    ZYDIS_ISA_EXT_TDX,       ZYDIS_ISA_EXT_TSX_LDTRK,
    ZYDIS_ISA_EXT_VMFUNC,    ZYDIS_ISA_EXT_VTX,
    ZYDIS_ISA_EXT_WAITPKG,   ZYDIS_ISA_EXT_XSAVE,
    ZYDIS_ISA_EXT_XSAVEC,    ZYDIS_ISA_EXT_XSAVEOPT,
    ZYDIS_ISA_EXT_XSAVES,
};
static unsigned long absent_used[ARRAY_SIZE(absent)];

/* All other differences. ALIGNMENT has the opcode, plus 1000 if 16 bytes are demanded. cd5 = all
 * arithmetic flags and DF, 8d5 = without DF, 801 = OF and CF. */
/* clang-format off */
#define MAY_SAVE "an entry through a gate or task switch may store EFLAGS"
#define MAY_KEEP "a count of zero leaves the flags alone"
static struct difference differences[] = {
    {KNOWN_HERE, OP_VMCALL, 0x101, UNKNOWN, "with a prefix: no CPU gives it another meaning", 0},
    {NAME, OP_X87, 0, 1, "FISTTP is an x87 instruction, though it came with SSE3", 0},
    {PRIVILEGE, OP_LGDT, 1, 0, "an omission of Zydis; SDM volume 2, LGDT: #GP(0) if not at CPL 0", 0},

    {EFLAGS_READ, OP_CALL_FAR, 0xcd5, 0, MAY_SAVE, 0},
    {EFLAGS_READ, OP_CALL_FAR_IND, 0xcd5, 0, MAY_SAVE, 0},
    {EFLAGS_READ, OP_JMP_FAR, 0xcd5, 0, MAY_SAVE, 0},
    {EFLAGS_READ, OP_JMP_FAR_IND, 0xcd5, 0, MAY_SAVE, 0},
    {EFLAGS_READ, OP_INT, 0xcd5, 0, MAY_SAVE, 0},
    {EFLAGS_READ, OP_INT3, 0xcd5, 0, MAY_SAVE, 0},
    {EFLAGS_READ, OP_INTO, 0xcd5, FL_OF, MAY_SAVE, 0},
    {EFLAGS_READ, OP_ICEBP, 0xcd5, 0, MAY_SAVE, 0},
    {EFLAGS_READ, OP_IRET, 0xcd5, 0, "a return from a nested task saves the flags of this one", 0},
    {EFLAGS_READ, OP_SYSCALL, 0xcd5, 0, "the flags live on in the kernel", 0},
    {EFLAGS_READ, OP_SYSENTER, 0xcd5, 0, "the flags live on in the kernel", 0},
    {EFLAGS_READ, OP_CMPS, FL_DF, FL_DF | FL_ZF, "REP tests the ZF of its own comparison", 0},
    {EFLAGS_READ, OP_SCAS, FL_DF, FL_DF | FL_ZF, "REP tests the ZF of its own comparison", 0},

    {EFLAGS_WRITTEN, OP_ROL, 0, 0x801, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_ROR, 0, 0x801, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_RCL, 0, 0x801, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_RCR, 0, 0x801, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_SHL, 0, 0x8d5, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_SHR, 0, 0x8d5, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_SAR, 0, 0x8d5, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_SHLD, 0, 0x8d5, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_SHRD, 0, 0x8d5, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_CMPS, 0, 0x8d5, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_SCAS, 0, 0x8d5, MAY_KEEP, 0},
    {EFLAGS_WRITTEN, OP_X87, FL_ZF | FL_PF | FL_CF, 0x8d5,
     "FCOMI clears OF, SF and AF on some CPUs only", 0},
    {EFLAGS_WRITTEN, OP_SYSCALL, 0, 0xcd5, "so in 64-bit mode; here only VM, IF and RF change", 0},
    {EFLAGS_WRITTEN, OP_SYSRET, 0, 0xcd5, "so in 64-bit mode; here only IF changes", 0},
    {EFLAGS_WRITTEN, OP_VMCALL, 0, 0xcd5, "under Ring1 VMCALL is a call of the monitor", 0},

    {OPERANDS, OP_CALL_FAR, 1, 0, "here a far pointer is two immediates", 0},
    {OPERANDS, OP_JMP_FAR, 1, 0, "here a far pointer is two immediates", 0},
    {SIZE, OP_CALL_FAR, 2, ANY, "here a far pointer is two immediates", 0},
    {SIZE, OP_JMP_FAR, 2, ANY, "here a far pointer is two immediates", 0},
    {KIND, OP_ENTER, OPD_IMM2, OPD_IMM, "the second immediate has a kind of its own here", 0},
    {OPERANDS, OP_XLAT, 1, 0, "the memory operand is hidden there", 0},
    {OPERANDS, OP_MMX, 1, 0, "MASKMOVQ: the memory operand is hidden there", 0},
    {OPERANDS, OP_SSE, 1, 0, "MASKMOVDQU: the memory operand is hidden there", 0},
    {OPERANDS, OP_NOP, 0, 1, "a NOP uses no operand; here ModRM.reg is none", 0},
    {REGISTER, OP_NOP, ANY, ANY, "0F 1A and 1B name ModRM.reg first there", 0},

    {SIZE, OP_PUSH_SREG, 4, 2, "here the size is that of the slot on the stack", 0},
    {SIZE, OP_POP_SREG, 4, 2, "here the size is that of the slot on the stack", 0},
    {SIZE, OP_LEA, 0, ANY, "the memory is not accessed", 0},
    {SEGMENT, OP_LEA, S_FS, ANY, "LEA ignores the override; it is recorded here", 0},
    {SIZE, OP_INVLPG, 0, 1, "the memory is not accessed", 0},
    {ACCESS, OP_INVLPG, 0, ACC_READ, "the memory is not accessed", 0},
    {ACCESS, OP_PREFETCH, 0, ACC_READ, "a prefetch cannot fault", 0},
    {ACCESS, OP_NOP, 0, ACC_READ, "a NOP uses no operand", 0},
    {SIZE, OP_LAR, 2, 4, "only 16 bits of the register are used", 0},
    {SIZE, OP_LSL, 2, 4, "only 16 bits of the register are used", 0},
    {SIZE, OP_NOP, 2, 4, "a NOP uses no operand; 0F 1E with mod 3 has another size there", 0},
    {SIZE, OP_NOP, 4, 2, "a NOP uses no operand; 0F 1E with mod 3 has another size there", 0},
    {SIZE, OP_UD0, 2, 4, "#UD comes before any access", 0},
    {ACCESS, OP_UD0, 0, ACC_READ, "#UD comes before any access", 0},
    {SIZE, OP_UD1, 2, 4, "#UD comes before any access", 0},
    {ACCESS, OP_UD1, 0, ACC_READ, "#UD comes before any access", 0},
    {SIZE, OP_CLFLUSH, 1, 64, "the size of a line is the CPU's; one byte is checked", 0},
    {ACCESS, OP_BSF, ACC_RW, ACC_WRITE, "the old value stays if the source is 0", 0},
    {ACCESS, OP_BSR, ACC_RW, ACC_WRITE, "the old value stays if the source is 0", 0},
    {ACCESS, OP_CMOVCC, ACC_RW, ACC_WRITE, "the old value may stay", 0},
    {ALIGNMENT, OP_SSE, 0x110, 0x1110, "MOVUPS, MOVUPD", 0},
    {ALIGNMENT, OP_SSE, 0x111, 0x1111, "MOVUPS, MOVUPD", 0},
    {ALIGNMENT, OP_SSE, 0x16f, 0x116f, "MOVDQU", 0},
    {ALIGNMENT, OP_SSE, 0x17f, 0x117f, "MOVDQU", 0},
    {ALIGNMENT, OP_SSE, 0x1f0, 0x11f0, "LDDQU", 0},
    {ALIGNMENT, OP_SSE, 0x360, 0x1360, "PCMPESTRM may be unaligned", 0},
    {ALIGNMENT, OP_SSE, 0x361, 0x1361, "PCMPESTRI may be unaligned", 0},
    {ALIGNMENT, OP_SSE, 0x362, 0x1362, "PCMPISTRM may be unaligned", 0},
    {ALIGNMENT, OP_SSE, 0x363, 0x1363, "PCMPISTRI may be unaligned", 0},
    {ALIGNMENT, OP_SSE, 0x112c, 0x12c, "CVTTPD2PI has no class; SDM volume 3, table 23-4", 0},
    {ALIGNMENT, OP_SSE, 0x112d, 0x12d, "CVTPD2PI has no class; SDM volume 3, table 23-4", 0},
    {ALIGNMENT, OP_FXSAVE, 0x11ae, 0x1ae, "FXSAVE has no class; SDM volume 2, FXSAVE", 0},
    {ALIGNMENT, OP_FXRSTOR, 0x11ae, 0x1ae, "FXRSTOR has no class; SDM volume 2, FXRSTOR", 0},
    {ACCESS, OP_LAR, ACC_RW, ACC_WRITE, "the old value stays if the selector is bad", 0},
};
/* clang-format on */

static bool known_absent(void)
{
    for (unsigned n = 0; n < ARRAY_SIZE(absent); n++) {
        if (z.meta.isa_ext == absent[n])
            return ++absent_used[n];
    }
    return false;
}

/* ---- Names ----------------------------------------------------------------- */

static const struct {
    enum op op;
    const char *name, *wide; /* the name with operand size 4, where it is another */
} renamed[] = {
    {OP_CALL_FAR, "call", NULL},     {OP_CALL_FAR_IND, "call", NULL}, {OP_CALL_IND, "call", NULL},
    {OP_CBW, "cbw", "cwde"},         {OP_CWD, "cwd", "cdq"},          {OP_ICEBP, "int1", NULL},
    {OP_IRET, "iret", "iretd"},      {OP_JMP_FAR, "jmp", NULL},       {OP_JMP_FAR_IND, "jmp", NULL},
    {OP_JMP_IND, "jmp", NULL},       {OP_MOV_FROM_CR, "mov", NULL},   {OP_MOV_FROM_DR, "mov", NULL},
    {OP_MOV_FROM_SREG, "mov", NULL}, {OP_MOV_TO_CR, "mov", NULL},     {OP_MOV_TO_DR, "mov", NULL},
    {OP_MOV_TO_SREG, "mov", NULL},   {OP_POPA, "popa", "popad"},      {OP_POPF, "popf", "popfd"},
    {OP_POP_SREG, "pop", NULL},      {OP_PUSHA, "pusha", "pushad"},   {OP_PUSHF, "pushf", "pushfd"},
    {OP_PUSH_SREG, "push", NULL},    {OP_RET_FAR, "ret", NULL},       {OP_WAIT, "fwait", NULL},
};

static const char *const conditions[16] = {"o", "no", "b", "nb", "z", "nz", "be", "nbe",
                                           "s", "ns", "p", "np", "l", "nl", "le", "nle"};

static void lower(char *to, const char *from)
{
    for (; *from; from++)
        *to++ = *from >= 'A' && *from <= 'Z' ? (char)(*from + 32) : *from;
    *to = 0;
}

static void name_here(char *name)
{
    bool wide = insn.opsize == 4;

    lower(name, op_name((enum op)insn.op));
    for (unsigned n = 0; n < ARRAY_SIZE(renamed); n++) {
        if (renamed[n].op == insn.op)
            strcpy(name, wide && renamed[n].wide ? renamed[n].wide : renamed[n].name);
    }
    if (insn.op == OP_JCC || insn.op == OP_SETCC || insn.op == OP_CMOVCC)
        strcpy(strstr(name, "cc"), conditions[insn.cond]);
    if (insn.op == OP_JCXZ && insn.addrsize == 4)
        strcpy(name, "jecxz");
    if (insn.flags & INSN_STRING)
        strcat(name, insn.opd[0].size == 1 ? "b" : insn.opd[0].size == 2 ? "w" : "d");
}

static bool is_family(void)
{
    return insn.op == OP_X87 || insn.op == OP_MMX || insn.op == OP_SSE;
}

static bool same_name(const char *theirs)
{
    char ours[40];

    switch (z.meta.isa_ext) {
    case ZYDIS_ISA_EXT_X87:
        if (insn.op == OP_X87)
            return true;
        break;
    case ZYDIS_ISA_EXT_MMX:
    case ZYDIS_ISA_EXT_SSE:
    case ZYDIS_ISA_EXT_SSE2:
    case ZYDIS_ISA_EXT_SSE3:
    case ZYDIS_ISA_EXT_SSSE3:
    case ZYDIS_ISA_EXT_SSE4:
        if (insn.op == OP_MMX || insn.op == OP_SSE)
            return true;
        break;
    default:
        break;
    }
    name_here(ours);
    return !strncmp(ours, theirs, insn.op == OP_PREFETCH ? 8 : 40);
}

/* ---- Operands -------------------------------------------------------------- */

static enum operand_kind register_kind(ZydisRegisterClass c)
{
    static const uint8_t kinds[ZYDIS_REGCLASS_MAX_VALUE + 1] = {
        [ZYDIS_REGCLASS_GPR8] = OPD_GPR,     [ZYDIS_REGCLASS_GPR16] = OPD_GPR,
        [ZYDIS_REGCLASS_GPR32] = OPD_GPR,    [ZYDIS_REGCLASS_X87] = OPD_ST,
        [ZYDIS_REGCLASS_MMX] = OPD_MM,       [ZYDIS_REGCLASS_XMM] = OPD_XMM,
        [ZYDIS_REGCLASS_SEGMENT] = OPD_SREG, [ZYDIS_REGCLASS_CONTROL] = OPD_CR,
        [ZYDIS_REGCLASS_DEBUG] = OPD_DR};
    return (enum operand_kind)kinds[c];
}

static enum operand_kind kind_there(const ZydisDecodedOperand *o)
{
    switch (o->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        return register_kind(ZydisRegisterGetClass(o->reg.value));
    case ZYDIS_OPERAND_TYPE_MEMORY:
        return OPD_MEM;
    case ZYDIS_OPERAND_TYPE_POINTER:
        return OPD_IMM2;
    default:
        return o->imm.is_relative ? OPD_REL : OPD_IMM;
    }
}

/* AH .. BH follow BL in Zydis' numbering of the byte registers. */
static uint8_t register_there(ZydisRegister r)
{
    if (r == ZYDIS_REGISTER_NONE)
        return R_NONE;
    if (ZydisRegisterGetClass(r) == ZYDIS_REGCLASS_GPR8)
        return (uint8_t)(r - ZYDIS_REGISTER_AL);
    return (uint8_t)ZydisRegisterGetId(r);
}

static unsigned access_there(const ZydisDecodedOperand *o)
{
    return (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ ? ACC_READ : 0) |
           (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE ? ACC_WRITE : 0);
}

/* The parts of an address as one number, different for all that the space holds. */
static uint32_t mix(uint32_t base, uint32_t index, uint32_t scale, uint32_t disp)
{
    return (base * 131 + (index == R_NONE ? 0 : index * 8 + scale)) * 1031 + disp;
}

/* Legacy SSE instructions of these classes fault on misaligned memory (SDM volume 2, 2.7). */
static bool aligned_there(const ZydisDecodedOperand *o)
{
    ZydisExceptionClass c = z.meta.exception_class;
    return o->size == 128 && (c == ZYDIS_EXCEPTION_CLASS_SSE1 || c == ZYDIS_EXCEPTION_CLASS_SSE2 ||
                              c == ZYDIS_EXCEPTION_CLASS_SSE4);
}

static void compare_memory(const ZydisDecodedOperand *o, const uint8_t *bytes, const char *text)
{
    const struct mem_operand *m = &insn.mem;
    uint32_t mask = insn.addrsize == 2 ? 0xffff : ~0u;
    uint32_t disp = o->mem.disp.has_displacement ? (uint32_t)o->mem.disp.value : 0;

    book_same(ALIGNMENT, opcode_id() | (insn.flags & INSN_ALIGN16 ? 0x1000 : 0),
              opcode_id() | (aligned_there(o) ? 0x1000 : 0), bytes, text);
    book_same(SEGMENT, m->seg, register_there(o->mem.segment), bytes, text);
    book_same(ADDRESS, mix(m->base, m->index, m->scale, (uint32_t)m->disp & mask),
              mix(register_there(o->mem.base), register_there(o->mem.index),
                  o->mem.scale ? o->mem.scale : 1, disp & mask),
              bytes, text);
}

static void compare_operand(const struct operand *p, const ZydisDecodedOperand *o,
                            const uint8_t *bytes, const char *text)
{
    enum operand_kind kind = kind_there(o);
    bool immediate = p->kind == OPD_IMM || p->kind == OPD_REL;
    uint32_t mask = p->size == 1 ? 0xff : p->size == 2 ? 0xffff : ~0u;

    if (!book_same(KIND, p->kind, kind, bytes, text))
        return;
    book_same(SIZE, immediate && insn.imm_size ? insn.imm_size : p->size, o->size / 8u, bytes,
              text);
    book_same(ACCESS, p->access, access_there(o), bytes, text);
    if (kind == OPD_MEM)
        compare_memory(o, bytes, text);
    else if (immediate)
        book_same(IMMEDIATE, insn.imm & mask, (uint32_t)o->imm.value.u & mask, bytes, text);
    else if (o->type == ZYDIS_OPERAND_TYPE_REGISTER)
        book_same(REGISTER, p->reg, register_there(o->reg.value), bytes, text);
}

/* Of x87, MMX and SSE instructions only memory and general registers are promised. */
static bool counts(enum operand_kind kind)
{
    return !is_family() || kind == OPD_MEM || kind == OPD_GPR;
}

static void compare_operands(const uint8_t *bytes, const char *text)
{
    unsigned here = 0, there = 0;

    for (;; here++, there++) {
        while (here < insn.nopd && !counts((enum operand_kind)insn.opd[here].kind))
            here++;
        while (there < z.operand_count_visible && !counts(kind_there(&zops[there])))
            there++;
        if (here >= insn.nopd || there >= z.operand_count_visible)
            break;
        compare_operand(&insn.opd[here], &zops[there], bytes, text);
    }
    book_same(OPERANDS, here < insn.nopd, there < z.operand_count_visible, bytes, text);
}

/* ---- Both ------------------------------------------------------------------ */

static void compare_eflags(const uint8_t *bytes, const char *text)
{
    const ZydisAccessedFlags *f = z.cpu_flags;
    const uint32_t mask = FL_ARITH | FL_DF;

    book_same(EFLAGS_READ, insn.flags_read, f->tested & mask, bytes, text);
    book_same(EFLAGS_WRITTEN, insn.flags_written,
              (f->modified | f->set_0 | f->set_1 | f->undefined) & mask, bytes, text);
}

static unsigned compare(const uint8_t *bytes, bool code32)
{
    bool here = insn_decode(bytes, INSN_MAX, code32, &insn) == DECODE_OK && insn.op != OP_INVALID &&
                !(insn.flags & INSN_BAD_LOCK);
    bool there = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoders[code32], bytes, INSN_MAX, &z, zops));
    const char *text = there ? ZydisMnemonicGetString(z.mnemonic) : "(bad)";

    book.instructions++;
    if (here && !there)
        book_same(KNOWN_HERE, opcode_id(), UNKNOWN, bytes, text);
    else if (there && !here && !known_absent())
        book_same(KNOWN_THERE, opcode_id(), UNKNOWN, bytes, text);
    book.unknown += !here && !there;
    if (!here || !there)
        return here ? insn.len : there ? z.length : 1;
    book_same(LENGTH, insn.len, z.length, bytes, text);
    book_same(NAME, same_name(text), true, bytes, text);
    book_same(PRIVILEGE, (insn.flags & INSN_PRIVILEGED) != 0,
              (z.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) != 0, bytes, text);
    compare_eflags(bytes, text);
    compare_operands(bytes, text);
    return insn.len;
}

/* Switches off what changes the meaning of instructions that all our CPUs have. */
static void open_decoders(void)
{
    static const ZydisDecoderMode newer[] = {
        ZYDIS_DECODER_MODE_MPX,   ZYDIS_DECODER_MODE_CET,      ZYDIS_DECODER_MODE_LZCNT,
        ZYDIS_DECODER_MODE_TZCNT, ZYDIS_DECODER_MODE_WBNOINVD, ZYDIS_DECODER_MODE_CLDEMOTE};

    ZydisDecoderInit(&decoders[0], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    ZydisDecoderInit(&decoders[1], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    for (unsigned n = 0; n < 2 * ARRAY_SIZE(newer); n++)
        ZydisDecoderEnableMode(&decoders[n & 1], newer[n / 2], ZYAN_FALSE);
    book.rows = differences;
    book.count = ARRAY_SIZE(differences);
}

static void all_encodings(void **state)
{
    (void)state;
    space_walk(compare, true);
    space_walk(compare, false);
    for (unsigned n = 0; n < ARRAY_SIZE(absent); n++)
        assert_true(absent_used[n] > 0);
    book_close();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_encodings)};

    open_decoders();
    if (argc == 2)
        return sweep_file(argv[1], compare);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
