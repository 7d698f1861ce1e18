/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The one decoder: bytes in, struct insn out. No globals, no vcpu, no allocation; the
 * translator, the interpreter, the fault paths and the host tools all use it. 32-bit
 * and 16-bit code, the i686 instruction set with x87, MMX and SSE up to SSE4.2; what is
 * not in it (VEX, 64-bit, vendor extensions) decodes as OP_INVALID with its length as
 * far as known. SDM volume 2, chapter 2 and appendix A.
 */
#ifndef RING1_INSN_H
#define RING1_INSN_H

#include "bt/decode/op.h"
#include "monitor/types.h"
#include "monitor/x86.h"

#define INSN_MAX 15

enum operand_kind {
    OPD_NONE,
    OPD_GPR,  /* .reg, .size; size 1: 0-3 = AL..BL, 4-7 = AH..BH */
    OPD_MEM,  /* insn.mem; moffs forms too */
    OPD_IMM,  /* insn.imm, already sign-extended to 32 bits where the form says so */
    OPD_IMM2, /* insn.imm2: ENTER's level; selector of a far pointer */
    OPD_REL,  /* insn.imm is the displacement; the target is eip + len + imm, & opsize */
    OPD_SREG, /* .reg is enum sreg */
    OPD_CR,
    OPD_DR,
    OPD_ST, /* x87 stack register */
    OPD_MM,
    OPD_XMM,
};

/* Where in the encoding an operand's register number stands. */
enum operand_field {
    FIELD_NONE,   /* implied by the opcode, or no register */
    FIELD_REG,    /* ModRM.reg */
    FIELD_RM,     /* ModRM.rm */
    FIELD_OPCODE, /* the opcode's low three bits */
};

enum operand_access { ACC_READ = 1, ACC_WRITE = 2, ACC_RW = 3 };

struct operand {
    uint8_t kind; /* enum operand_kind */
    uint8_t reg;
    uint16_t size;  /* bytes; 0 for LEA's memory and other operands without a size */
    uint8_t access; /* enum operand_access; 0 = the address alone is used */
    uint8_t field;  /* enum operand_field */
};

struct mem_operand {
    uint8_t seg;   /* enum sreg, override applied */
    uint8_t base;  /* enum gpr or R_NONE */
    uint8_t index; /* enum gpr or R_NONE; with addrsize 2, SI or DI after BX or BP */
    uint8_t scale; /* 1, 2, 4, 8 */
    int32_t disp;  /* sign-extended; address = base + index*scale + disp, & addrsize */
};

enum insn_flags {
    INSN_LOCK = 1u << 0,
    INSN_REP = 1u << 1,   /* F3, where it is a repeat prefix of this string operation */
    INSN_REPNE = 1u << 2, /* F2, likewise */
    INSN_MODRM = 1u << 3,
    INSN_SEG_OVERRIDE = 1u << 4, /* a segment prefix was there and mem.seg is it */
    INSN_PRIVILEGED = 1u << 5,   /* #GP(0) at CPL != 0 in protected mode */
    INSN_SENSITIVE = 1u << 6,    /* must not be copied to run at another ring: see rings */
    INSN_BRANCH = 1u << 7, /* may set EIP, or never completes (UD2): ends a translated block */
    INSN_STRING = 1u << 8,
    INSN_FPU = 1u << 9,       /* x87/MMX/SSE: runs on the host CPU with its operand redirected */
    INSN_BAD_LOCK = 1u << 10, /* LOCK where the manual does not allow it: #UD */
    INSN_F2 = 1u << 11,       /* raw prefix bytes seen, whatever they meant */
    INSN_F3 = 1u << 12,
    INSN_66 = 1u << 13,
    INSN_67 = 1u << 14,
    INSN_IMPLICIT_MEM = 1u << 15, /* XLAT, MASKMOVQ, MASKMOVDQU: mem is not in the encoding */
    INSN_ALIGN16 = 1u << 16,      /* #GP(0) unless the memory operand is 16-byte aligned */
};

struct insn {
    uint8_t bytes[INSN_MAX];
    uint8_t len;
    uint16_t op;      /* enum op */
    uint32_t flags;   /* enum insn_flags */
    uint8_t opsize;   /* 2 or 4: the effective operand size (byte forms: see operands) */
    uint8_t addrsize; /* 2 or 4 */
    uint8_t cond;     /* JCC, SETCC, CMOVCC: condition code 0-15 */
    uint8_t map;      /* 0: one byte, 1: 0F, 2: 0F38, 3: 0F3A */
    uint8_t opcode;
    uint8_t modrm;
    uint8_t prefix_len;             /* legacy prefixes before the opcode */
    uint8_t opcode_offset;          /* of the opcode byte proper */
    uint8_t modrm_offset;           /* 0 if none */
    uint8_t disp_offset, disp_size; /* size 0 if none */
    uint8_t imm_offset, imm_size;   /* of imm in the encoding; 0 if none */
    uint8_t nopd;
    struct operand opd[3]; /* Intel order, destination first */
    /* Valid if an operand is OPD_MEM. Of a string operation: its source, DS:ESI or an override,
     * or ES:EDI if it has none; opd[0].size is then the size of an element, and nopd is 0. */
    struct mem_operand mem;
    uint32_t imm;
    uint16_t imm2;
    uint32_t flags_read;    /* arithmetic flags and DF tested ... */
    uint32_t flags_written; /* ... and defined, undefined results included */
};

static inline unsigned insn_mod(const struct insn *i)
{
    return i->modrm >> 6;
}

static inline unsigned insn_reg(const struct insn *i)
{
    return (i->modrm >> 3) & 7;
}

static inline unsigned insn_rm(const struct insn *i)
{
    return i->modrm & 7;
}

enum decode_result {
    DECODE_OK,       /* op may be OP_INVALID: an instruction that raises #UD */
    DECODE_SHORT,    /* more than LEN bytes are needed */
    DECODE_TOO_LONG, /* over 15 bytes: #GP(0) */
};

/* Decodes one instruction from LEN bytes (0 - 15 used) of code with default size 16 or
 * 32 bits (CS.D). */
enum decode_result insn_decode(const uint8_t *bytes, size_t len, bool code32, struct insn *out);

/* One line of text in Intel syntax, for logs, tools and golden tests: at most SIZE bytes
 * with the NUL. EIP is where the instruction stands (for branch targets). */
size_t insn_format(const struct insn *i, uint32_t eip, char *buf, size_t size);

#endif
