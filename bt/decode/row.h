/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the decoder's tables are made of: a row for an encoding (operation and operand
 * specifications in the notation of SDM volume 2, appendix A) and a row of traits for an
 * operation (flags, access, privilege). Private to bt/decode; outsiders read insn.h.
 */
#ifndef RING1_DECODE_ROW_H
#define RING1_DECODE_ROW_H

#include "bt/decode/insn.h"

/*
 * Operand specifications. The capital is the addressing method of SDM A.2.1, the rest the
 * type of A.2.2; what they mean is the table in operands.c. Names the manual does not have:
 * Z = register in the low bits of the opcode, sIb = a sign-extended byte, Lb = ENTER's second
 * byte, Ap2 = the offset of Ap, Sl = a loadable segment register, RdMw and the like = register
 * of one size or memory of another, Wu and Mu = 16 bytes that need not be aligned, DI = [EDI].
 */
/* clang-format off */
#define SPECS(X) \
    X(_) \
    X(Eb) X(Ew) X(Ev) X(Ed) X(RvMw) X(RdMb) X(RdMw) X(Rd) \
    X(Gb) X(Gw) X(Gv) X(Gd) \
    X(M) X(Mb) X(Mw) X(Md) X(Mv) X(Mq) X(Mt) X(Ma) X(Mp) X(Ms) X(Mdq) X(Mu) X(Mfx) \
    X(Menv) X(Msave) \
    X(Ib) X(sIb) X(Iw) X(Iz) X(I1) X(Lb) X(Jb) X(Jz) X(Ap) X(Ap2) \
    X(AL) X(eAX) X(AX) X(CL) X(DX) X(Zb) X(Zv) \
    X(Ob) X(Ov) X(Xb) X(Xv) X(Yb) X(Yv) X(BXb) \
    X(Sw) X(Sl) X(Zs) X(Cd) X(Dd) \
    X(ST0) X(STi) \
    X(Pq) X(Qd) X(Qq) X(Nq) \
    X(Vdq) X(Ww) X(Wd) X(Wq) X(Wdq) X(Wu) X(Udq) X(DIq) X(DIdq)

enum spec {
#define X(name) SP_##name,
    SPECS(X)
#undef X
    SP_COUNT
};

enum row_attr {
    A_GROUP = 1u << 0,  /* the operation is groups[sub][ModRM.reg] (SDM A.4) */
    A_GROUP2 = 1u << 1, /* groups[sub] for memory, groups[sub + 1] for mod = 3 */
    A_PREFIX = 1u << 2, /* the column of the mandatory prefix decides: table_0f_sse */
    A_X87 = 1u << 3,    /* escape opcode: x87.c */
    A_STORE = 1u << 4,  /* x87, MMX, SSE: operand 0 is only written */
    A_FLAGS = 1u << 5,  /* x87, MMX, SSE: writes all arithmetic flags */
    A_RM1 = 1u << 6,    /* only with ModRM.rm = 1 */
    A_MOD3 = 1u << 7,   /* mod is ignored and taken for 3: MOV of CR and DR */
};
/* clang-format on */

struct row {
    uint8_t op;     /* enum op; OP_INVALID = no such instruction */
    uint8_t opd[3]; /* enum spec; in a group SP__ = as in the row that named the group */
    uint8_t attr;   /* enum row_attr */
    uint8_t sub;    /* enum group, with A_GROUP or A_GROUP2 */
};

#define ROW(op, a, b, c, attr, sub)                                                                \
    {                                                                                              \
        OP_##op, {SP_##a, SP_##b, SP_##c}, attr, sub                                               \
    }
#define R0(op)            ROW(op, _, _, _, 0, 0)
#define R1(op, a)         ROW(op, a, _, _, 0, 0)
#define R2(op, a, b)      ROW(op, a, b, _, 0, 0)
#define R3(op, a, b, c)   ROW(op, a, b, c, 0, 0)
#define GROUP(g, a, b, c) ROW(INVALID, a, b, c, A_GROUP, G_##g)
#define GROUP2(g)         ROW(INVALID, _, _, _, A_GROUP2, G_##g)

enum group {
    G_1,
    G_2,
    G_1A,
    G_3B,
    G_3V,
    G_4,
    G_5,
    G_6,
    G_7,
    G_7R,
    G_8,
    G_9,
    G_11,
    G_12M, /* 12 and 13 */
    G_12X,
    G_14M,
    G_14X,
    G_15,
    G_15R,
    G_16,
    G_16R,
    G_P,
    G_PR,
    G_COUNT
};

enum prefix_column { COL_NONE, COL_66, COL_F3, COL_F2, COL_COUNT };

extern const struct row table_one[256];
extern const struct row table_0f[256];
extern const struct row table_0f_sse[256][COL_COUNT];
extern const struct row table_38[256][COL_COUNT];
extern const struct row table_3a[256][COL_COUNT];
extern const struct row groups[G_COUNT][8];

/* What holds for an operation in all its encodings. */
struct trait {
    uint32_t insn_flags;    /* enum insn_flags to set */
    uint8_t access[2];      /* of operands 0 and 1; operand 2 is read */
    bool lockable;          /* LOCK is allowed with a memory destination */
    bool shift;             /* a count of zero leaves the flags alone */
    uint16_t flags_read;    /* enum eflags */
    uint16_t flags_written; /* always, or left undefined */
};

extern const struct trait traits[OP_COUNT];

/* The row of an x87 instruction with escape opcode D8-DF; EFLAGS use goes to I. */
const struct row *x87_row(struct insn *i);

/* The bytes not yet decoded. Reading past the end gives zeros and sets over. */
struct stream {
    const uint8_t *bytes;
    unsigned pos, end;
    bool over;
    uint8_t seg; /* the segment override, or S_COUNT */
};

uint8_t stream_u8(struct stream *s);

/* SIZE bytes (1, 2, 4), little-endian, zero-extended. */
uint32_t stream_read(struct stream *s, unsigned size);

/* Whether an operand specification needs a ModRM byte. */
bool spec_has_modrm(enum spec spec);

/* Whether an encoding does. */
bool row_has_modrm(const struct row *row);

/* Reads a displacement of SIZE bytes into i->mem. */
void decode_displacement(struct insn *i, struct stream *s, unsigned size);

/* Reads SIB and displacement of i->modrm, whose mod is not 3, and fills i->mem. */
void decode_memory(struct insn *i, struct stream *s);

/* Makes the override, or NORMAL without one, the segment of i->mem. */
void memory_segment(struct insn *i, const struct stream *s, enum sreg normal);

/* Fills operand N as SPEC says, reading its bytes. False: no such encoding. */
bool decode_operand(struct insn *i, struct stream *s, unsigned n, enum spec spec);

#endif
