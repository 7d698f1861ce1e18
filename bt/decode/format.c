/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A decoded instruction as a line of text in Intel syntax, close to what NASM reads. The
 * x87, MMX and SSE families, which have no mnemonics here, show their opcode instead.
 */
#include "bt/decode/insn.h"
#include "monitor/log.h"

/* Text under construction; what does not fit is cut. */
struct text {
    char *buf;
    size_t size, len;
};

#define PUT(t, ...)                                                                                \
    ((t)->len += (t)->len + 1 < (t)->size                                                          \
                     ? fmt_print((t)->buf + (t)->len, (t)->size - (t)->len, __VA_ARGS__)           \
                     : 0)

static const char *const gpr_names[3][8] = {
    {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"},
    {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"},
    {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"},
};
static const char *const sreg_names[8] = {"es", "cs", "ss", "ds", "fs", "gs", "?", "?"};
static const char *const conditions[16] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                           "s", "ns", "p", "np", "l", "ge", "le", "g"};

/* Operations whose mnemonic is not their name in lower case. */
static const char *const mnemonics[OP_COUNT] = {
    [OP_JCC] = "j",
    [OP_SETCC] = "set",
    [OP_CMOVCC] = "cmov",
    [OP_JMP_IND] = "jmp",
    [OP_JMP_FAR] = "jmp far",
    [OP_JMP_FAR_IND] = "jmp far",
    [OP_CALL_IND] = "call",
    [OP_CALL_FAR] = "call far",
    [OP_CALL_FAR_IND] = "call far",
    [OP_RET_FAR] = "retf",
    [OP_PUSH_SREG] = "push",
    [OP_POP_SREG] = "pop",
    [OP_MOV_FROM_SREG] = "mov",
    [OP_MOV_TO_SREG] = "mov",
    [OP_MOV_FROM_CR] = "mov",
    [OP_MOV_TO_CR] = "mov",
    [OP_MOV_FROM_DR] = "mov",
    [OP_MOV_TO_DR] = "mov",
    [OP_INVALID] = "(bad)",
};

static const char *gpr_name(unsigned reg, unsigned size)
{
    return gpr_names[size == 1 ? 0 : size == 2 ? 1 : 2][reg & 7];
}

static const char *size_name(unsigned size)
{
    static const struct {
        unsigned size;
        const char *name;
    } names[] = {{0, ""},       {1, "byte "},  {2, "word "},   {4, "dword "},
                 {6, "fword "}, {8, "qword "}, {10, "tword "}, {16, "oword "}};

    for (unsigned n = 0; n < ARRAY_SIZE(names); n++) {
        if (names[n].size == size)
            return names[n].name;
    }
    return "large ";
}

static void put_lower(struct text *t, const char *s)
{
    for (; *s; s++)
        PUT(t, "%c", *s >= 'A' && *s <= 'Z' ? *s + ('a' - 'A') : *s);
}

static void put_signed(struct text *t, int32_t disp)
{
    if (disp < 0)
        PUT(t, "-0x%x", 0u - (uint32_t)disp);
    else
        PUT(t, "+0x%x", (uint32_t)disp);
}

static void put_memory(struct text *t, const struct insn *i, unsigned size)
{
    const struct mem_operand *m = &i->mem;
    bool base = m->base != R_NONE, index = m->index != R_NONE;

    PUT(t, "%s[", size_name(size));
    if (i->flags & INSN_SEG_OVERRIDE)
        PUT(t, "%s:", sreg_names[m->seg & 7]);
    if (base)
        PUT(t, "%s", gpr_name(m->base, i->addrsize));
    if (index)
        PUT(t, "%s%s", base ? "+" : "", gpr_name(m->index, i->addrsize));
    if (index && m->scale > 1)
        PUT(t, "*%u", m->scale);
    if (!base && !index)
        PUT(t, "0x%x", (uint32_t)m->disp & (i->addrsize == 2 ? 0xffffu : ~0u));
    else if (i->disp_size)
        put_signed(t, m->disp);
    PUT(t, "]");
}

static void put_target(struct text *t, const struct insn *i, uint32_t eip)
{
    uint32_t target = eip + i->len + i->imm;
    PUT(t, "0x%x", i->opsize == 2 ? target & 0xffff : target);
}

static void put_operand(struct text *t, const struct insn *i, const struct operand *o, uint32_t eip)
{
    static const char *const files[] = {
        [OPD_CR] = "cr", [OPD_DR] = "dr", [OPD_ST] = "st", [OPD_MM] = "mm", [OPD_XMM] = "xmm"};
    uint32_t mask = o->size == 1 ? 0xff : o->size == 2 ? 0xffff : ~0u;

    switch (o->kind) {
    case OPD_GPR:
        PUT(t, "%s", gpr_name(o->reg, o->size));
        break;
    case OPD_MEM:
        put_memory(t, i, o->size);
        break;
    case OPD_IMM:
        PUT(t, "0x%x", i->imm & mask);
        break;
    case OPD_IMM2:
        PUT(t, "0x%x", i->imm2);
        break;
    case OPD_REL:
        put_target(t, i, eip);
        break;
    case OPD_SREG:
        PUT(t, "%s", sreg_names[o->reg & 7]);
        break;
    default:
        PUT(t, "%s%u", files[o->kind], o->reg);
    }
}

/* "sse:66.0f6f", "x87:d9/5". */
static void put_family(struct text *t, const struct insn *i)
{
    static const char *const maps[4] = {"", "0f", "0f38", "0f3a"};

    PUT(t, ":");
    if (i->op != OP_X87 && i->flags & (INSN_F2 | INSN_F3))
        PUT(t, "%s.", i->flags & INSN_F3 ? "f3" : "f2");
    else if (i->op != OP_X87 && i->flags & INSN_66)
        PUT(t, "66.");
    PUT(t, "%s%02x", maps[i->map & 3], i->opcode);
    if (i->op == OP_X87)
        PUT(t, "/%u", insn_reg(i));
    if (i->op == OP_X87 && insn_mod(i) == 3)
        PUT(t, ".%u", insn_rm(i));
}

static void put_prefixes(struct text *t, const struct insn *i)
{
    if (i->flags & INSN_LOCK)
        PUT(t, "lock ");
    if (i->flags & INSN_REP)
        PUT(t, "rep ");
    if (i->flags & INSN_REPNE)
        PUT(t, "repne ");
    if (i->flags & INSN_STRING && i->flags & INSN_SEG_OVERRIDE)
        PUT(t, "%s ", sreg_names[i->mem.seg & 7]);
}

/* CBW and CWD, PUSHA and so on have a mnemonic for each operand size; the suffix tells. */
static const char *size_suffix(const struct insn *i)
{
    switch (i->op) {
    case OP_PUSHA:
    case OP_POPA:
    case OP_PUSHF:
    case OP_POPF:
    case OP_IRET:
        return i->opsize == 4 ? "d" : "";
    default:
        return "";
    }
}

static void put_mnemonic(struct text *t, const struct insn *i)
{
    bool wide = i->opsize == 4;

    if (i->op == OP_CBW || i->op == OP_CWD)
        PUT(t, "%s", i->op == OP_CBW ? wide ? "cwde" : "cbw" : wide ? "cdq" : "cwd");
    else if (i->op == OP_JCXZ)
        PUT(t, "%s", i->addrsize == 4 ? "jecxz" : "jcxz");
    else if (i->op < OP_COUNT && mnemonics[i->op])
        PUT(t, "%s", mnemonics[i->op]);
    else
        put_lower(t, op_name((enum op)i->op));
    PUT(t, "%s", size_suffix(i));
    if (i->op == OP_JCC || i->op == OP_SETCC || i->op == OP_CMOVCC)
        PUT(t, "%s", conditions[i->cond & 15]);
    if (i->flags & INSN_STRING)
        PUT(t, "%c", i->opd[0].size == 1 ? 'b' : i->opd[0].size == 2 ? 'w' : 'd');
    if (i->op == OP_X87 || i->op == OP_MMX || i->op == OP_SSE)
        put_family(t, i);
}

size_t insn_format(const struct insn *i, uint32_t eip, char *buf, size_t size)
{
    struct text t = {buf, size, 0};
    unsigned nopd = i->nopd < 3 ? i->nopd : 3;

    if (size == 0)
        return 0;
    buf[0] = 0;
    put_prefixes(&t, i);
    put_mnemonic(&t, i);
    for (unsigned n = 0; n < nopd; n++) {
        PUT(&t, "%s", n ? i->op == OP_CALL_FAR || i->op == OP_JMP_FAR ? ":" : ", " : " ");
        put_operand(&t, i, &i->opd[n], eip);
    }
    return t.len;
}
