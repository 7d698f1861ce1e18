/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the operand specifications of SDM volume 2, A.2 mean: specification in, filled
 * operand out. An operation plays no part here; decode.c puts both together.
 */
#include "bt/decode/row.h"

/* Where an operand is found. */
enum source {
    NOWHERE,
    REG,         /* ModRM.reg */
    RM,          /* ModRM.rm, a register whatever mod is */
    RM_REG,      /* ModRM.rm, a register only */
    RM_MEM,      /* memory only */
    RM_ANY,      /* register or memory */
    OPCODE,      /* the opcode's low three bits */
    OPCODE_SREG, /* the three above them */
    FIXED,       /* no bits: spec.reg */
    IMM,         /* the next bytes */
    SIMM,        /* the next byte, sign-extended to the operand's size */
    ONE,         /* the constant 1 */
    LEVEL,       /* ENTER's second immediate */
    REL,         /* displacement of a branch */
    FAR,         /* selector of a far pointer; reads the whole of it */
    FAR_OFFSET,  /* its offset, then already read */
    MOFFS,       /* an address without ModRM */
    SOURCE,      /* DS:ESI or an override: no operand, only its size */
    DEST,        /* ES:EDI, likewise */
    AT_REG,      /* DS:spec.reg or an override */
};

/* Sizes that the effective operand size decides. */
enum { V = 0x400, V2, VFAR, VENV, VSAVE, V_END };

static const uint8_t sized[V_END - V][2] = {{2, 4}, {4, 8}, {4, 6}, {14, 28}, {94, 108}};

struct spec_row {
    uint8_t source;    /* enum source */
    uint8_t kind;      /* enum operand_kind of the register, or of the operand itself */
    uint16_t size;     /* in bytes, or V.. */
    uint16_t mem_size; /* of the memory form, where there is another one */
    uint8_t reg;       /* the number of a FIXED register */
    bool align16;      /* memory must be aligned (SDM volume 1, 4.1.1) */
};

/* clang-format off */
static const struct spec_row specs[SP_COUNT] = {
    [SP_Eb] = {RM_ANY, OPD_GPR, 1, 1, 0, 0},
    [SP_Ew] = {RM_ANY, OPD_GPR, 2, 2, 0, 0},
    [SP_Ev] = {RM_ANY, OPD_GPR, V, V, 0, 0},
    [SP_Ed] = {RM_ANY, OPD_GPR, 4, 4, 0, 0},
    [SP_RvMw] = {RM_ANY, OPD_GPR, V, 2, 0, 0},
    [SP_RdMb] = {RM_ANY, OPD_GPR, 4, 1, 0, 0},
    [SP_RdMw] = {RM_ANY, OPD_GPR, 4, 2, 0, 0},
    [SP_Rd] = {RM, OPD_GPR, 4, 0, 0, 0},
    [SP_Gb] = {REG, OPD_GPR, 1, 0, 0, 0},
    [SP_Gw] = {REG, OPD_GPR, 2, 0, 0, 0},
    [SP_Gv] = {REG, OPD_GPR, V, 0, 0, 0},
    [SP_Gd] = {REG, OPD_GPR, 4, 0, 0, 0},

    [SP_M] = {RM_MEM, 0, 0, 0, 0, 0},
    [SP_Mb] = {RM_MEM, 0, 0, 1, 0, 0},
    [SP_Mw] = {RM_MEM, 0, 0, 2, 0, 0},
    [SP_Md] = {RM_MEM, 0, 0, 4, 0, 0},
    [SP_Mv] = {RM_MEM, 0, 0, V, 0, 0},
    [SP_Mq] = {RM_MEM, 0, 0, 8, 0, 0},
    [SP_Mt] = {RM_MEM, 0, 0, 10, 0, 0},
    [SP_Ma] = {RM_MEM, 0, 0, V2, 0, 0},
    [SP_Mp] = {RM_MEM, 0, 0, VFAR, 0, 0},
    [SP_Ms] = {RM_MEM, 0, 0, 6, 0, 0},
    [SP_Mdq] = {RM_MEM, 0, 0, 16, 0, 1},
    [SP_Mu] = {RM_MEM, 0, 0, 16, 0, 0},
    [SP_Mfx] = {RM_MEM, 0, 0, 512, 0, 1},
    [SP_Menv] = {RM_MEM, 0, 0, VENV, 0, 0},
    [SP_Msave] = {RM_MEM, 0, 0, VSAVE, 0, 0},

    [SP_Ib] = {IMM, OPD_IMM, 1, 0, 0, 0},
    [SP_sIb] = {SIMM, OPD_IMM, V, 0, 0, 0},
    [SP_Iw] = {IMM, OPD_IMM, 2, 0, 0, 0},
    [SP_Iz] = {IMM, OPD_IMM, V, 0, 0, 0},
    [SP_I1] = {ONE, OPD_IMM, 1, 0, 0, 0},
    [SP_Lb] = {LEVEL, OPD_IMM2, 1, 0, 0, 0},
    [SP_Jb] = {REL, OPD_REL, 1, 0, 0, 0},
    [SP_Jz] = {REL, OPD_REL, V, 0, 0, 0},
    [SP_Ap] = {FAR, OPD_IMM2, 2, 0, 0, 0},
    [SP_Ap2] = {FAR_OFFSET, OPD_IMM, V, 0, 0, 0},

    [SP_AL] = {FIXED, OPD_GPR, 1, 0, R_EAX, 0},
    [SP_eAX] = {FIXED, OPD_GPR, V, 0, R_EAX, 0},
    [SP_AX] = {FIXED, OPD_GPR, 2, 0, R_EAX, 0},
    [SP_CL] = {FIXED, OPD_GPR, 1, 0, R_ECX, 0},
    [SP_DX] = {FIXED, OPD_GPR, 2, 0, R_EDX, 0},
    [SP_Zb] = {OPCODE, OPD_GPR, 1, 0, 0, 0},
    [SP_Zv] = {OPCODE, OPD_GPR, V, 0, 0, 0},

    [SP_Ob] = {MOFFS, OPD_MEM, 1, 0, 0, 0},
    [SP_Ov] = {MOFFS, OPD_MEM, V, 0, 0, 0},
    [SP_Xb] = {SOURCE, OPD_NONE, 1, 0, R_ESI, 0},
    [SP_Xv] = {SOURCE, OPD_NONE, V, 0, R_ESI, 0},
    [SP_Yb] = {DEST, OPD_NONE, 1, 0, R_EDI, 0},
    [SP_Yv] = {DEST, OPD_NONE, V, 0, R_EDI, 0},
    [SP_BXb] = {AT_REG, OPD_MEM, 1, 0, R_EBX, 0},

    [SP_Sw] = {REG, OPD_SREG, 2, 0, 0, 0},
    [SP_Sl] = {REG, OPD_SREG, 2, 0, 0, 0},
    [SP_Zs] = {OPCODE_SREG, OPD_SREG, V, 0, 0, 0},
    [SP_Cd] = {REG, OPD_CR, 4, 0, 0, 0},
    [SP_Dd] = {REG, OPD_DR, 4, 0, 0, 0},

    [SP_ST0] = {FIXED, OPD_ST, 10, 0, 0, 0},
    [SP_STi] = {RM_REG, OPD_ST, 10, 0, 0, 0},
    [SP_Pq] = {REG, OPD_MM, 8, 0, 0, 0},
    [SP_Qd] = {RM_ANY, OPD_MM, 8, 4, 0, 0},
    [SP_Qq] = {RM_ANY, OPD_MM, 8, 8, 0, 0},
    [SP_Nq] = {RM_REG, OPD_MM, 8, 0, 0, 0},
    [SP_Vdq] = {REG, OPD_XMM, 16, 0, 0, 0},
    [SP_Ww] = {RM_ANY, OPD_XMM, 16, 2, 0, 0},
    [SP_Wd] = {RM_ANY, OPD_XMM, 16, 4, 0, 0},
    [SP_Wq] = {RM_ANY, OPD_XMM, 16, 8, 0, 0},
    [SP_Wdq] = {RM_ANY, OPD_XMM, 16, 16, 0, 1},
    [SP_Wu] = {RM_ANY, OPD_XMM, 16, 16, 0, 0},
    [SP_Udq] = {RM_REG, OPD_XMM, 16, 0, 0, 0},
    [SP_DIq] = {AT_REG, OPD_MEM, 8, 0, R_EDI, 0},
    [SP_DIdq] = {AT_REG, OPD_MEM, 16, 0, R_EDI, 0},
};
/* clang-format on */

static uint16_t size_of(const struct insn *i, unsigned size)
{
    return size < V ? (uint16_t)size : sized[size - V][i->opsize == 4];
}

bool spec_has_modrm(enum spec spec)
{
    unsigned source = specs[spec].source;
    return source >= REG && source <= RM_ANY;
}

/* Control registers 1 and 5 - 7 and segment registers 6 and 7 do not exist. */
static bool register_exists(unsigned kind, unsigned reg)
{
    if (kind == OPD_CR)
        return reg == 0 || (reg >= 2 && reg <= 4);
    return kind != OPD_SREG || reg < S_COUNT;
}

static bool set_register(struct operand *o, const struct spec_row *row, unsigned field,
                         unsigned reg)
{
    o->kind = row->kind;
    o->reg = (uint8_t)reg;
    o->field = (uint8_t)field;
    return register_exists(row->kind, reg);
}

static bool set_rm(struct insn *i, struct operand *o, const struct spec_row *row)
{
    bool memory = insn_mod(i) != 3 && row->source != RM;

    if (!memory && row->source != RM_MEM)
        return set_register(o, row, FIELD_RM, insn_rm(i));
    o->kind = OPD_MEM;
    o->size = size_of(i, row->mem_size);
    i->flags |= row->align16 ? INSN_ALIGN16 : 0;
    return memory && row->source != RM_REG;
}

static bool set_immediate(struct insn *i, struct stream *s, unsigned source, unsigned size)
{
    unsigned bytes = source == SIMM ? 1 : size;

    i->imm_offset = (uint8_t)s->pos;
    i->imm_size = (uint8_t)bytes;
    i->imm = stream_read(s, bytes);
    if (source != IMM && bytes < 4)
        i->imm = (uint32_t)(bytes == 1 ? (int8_t)i->imm : (int16_t)i->imm);
    return true;
}

static bool set_far(struct insn *i, struct stream *s)
{
    set_immediate(i, s, IMM, i->opsize);
    i->imm2 = (uint16_t)stream_read(s, 2);
    return true;
}

/* A memory operand without ModRM: an address in the instruction or a fixed register. */
static bool set_memory(struct insn *i, struct stream *s, const struct spec_row *row)
{
    i->mem = (struct mem_operand){.base = R_NONE, .index = R_NONE, .scale = 1};
    if (row->source == DEST)
        i->mem.seg = S_ES;
    else
        memory_segment(i, s, S_DS);
    if (row->source != MOFFS) {
        i->mem.base = row->reg;
        return true;
    }
    decode_displacement(i, s, i->addrsize);
    return true;
}

bool decode_operand(struct insn *i, struct stream *s, unsigned n, enum spec spec)
{
    const struct spec_row *row = &specs[spec];
    struct operand *o = &i->opd[n];

    o->kind = row->kind;
    o->size = size_of(i, row->size);
    switch (row->source) {
    case REG:
        return set_register(o, row, FIELD_REG, insn_reg(i)) && !(spec == SP_Sl && o->reg == S_CS);
    case RM:
    case RM_REG:
    case RM_MEM:
    case RM_ANY:
        return set_rm(i, o, row);
    case OPCODE:
        return set_register(o, row, FIELD_OPCODE, i->opcode & 7);
    case OPCODE_SREG:
        return set_register(o, row, FIELD_NONE, i->opcode >> 3 & 7);
    case FIXED:
        return set_register(o, row, FIELD_NONE, row->reg);
    case IMM:
    case SIMM:
    case REL:
        return set_immediate(i, s, row->source, o->size);
    case ONE:
        i->imm = 1;
        return true;
    case LEVEL:
        i->imm2 = stream_u8(s);
        return true;
    case FAR:
        return set_far(i, s);
    case MOFFS:
    case SOURCE:
    case DEST:
    case AT_REG:
        return set_memory(i, s, row);
    default:
        return true;
    }
}
