/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One instruction, from its prefixes to its last byte: finds the row of the opcode, reads
 * what the row's operands ask for, and adds what holds for the operation. What the opcodes
 * are stands in the tables; read table_one.c, then op.c.
 */
#include "bt/decode/row.h"
#include "monitor/mem.h"

/* ---- Prefixes (SDM volume 2, 2.1.1) ---------------------------------------- */

struct prefixes {
    bool lock, opsize, addrsize, f2, f3;
    uint8_t rep; /* the last of F2 and F3, or 0 */
};

/* Takes one prefix byte in. False: the byte is none. Of several in a group the last counts. */
static bool take_prefix(struct prefixes *p, struct stream *s, uint8_t byte)
{
    switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
        s->seg = byte >> 3 & 3;
        return true;
    case 0x64:
    case 0x65:
        s->seg = byte == 0x64 ? S_FS : S_GS;
        return true;
    case 0x66:
        return p->opsize = true;
    case 0x67:
        return p->addrsize = true;
    case 0xf0:
        return p->lock = true;
    case 0xf2:
        p->rep = byte;
        return p->f2 = true;
    case 0xf3:
        p->rep = byte;
        return p->f3 = true;
    default:
        return false;
    }
}

static void read_prefixes(struct insn *i, struct stream *s, struct prefixes *p, bool code32)
{
    while (s->pos < s->end && take_prefix(p, s, s->bytes[s->pos]))
        s->pos++;
    i->prefix_len = (uint8_t)s->pos;
    i->opsize = code32 != p->opsize ? 4 : 2;
    i->addrsize = code32 != p->addrsize ? 4 : 2;
    i->flags = (p->lock ? INSN_LOCK : 0) | (p->opsize ? INSN_66 : 0) | (p->addrsize ? INSN_67 : 0) |
               (p->f2 ? INSN_F2 : 0) | (p->f3 ? INSN_F3 : 0);
}

/* ---- From the opcode to its row -------------------------------------------- */

static void read_opcode(struct insn *i, struct stream *s)
{
    uint8_t byte = stream_u8(s);

    if (byte == 0x0f) {
        i->map = 1;
        byte = stream_u8(s);
        if (byte == 0x38 || byte == 0x3a) {
            i->map = byte == 0x38 ? 2 : 3;
            byte = stream_u8(s);
        }
    }
    i->opcode = byte;
    i->opcode_offset = (uint8_t)(s->pos - !s->over);
}

static void read_modrm(struct insn *i, struct stream *s)
{
    i->flags |= INSN_MODRM;
    i->modrm_offset = (uint8_t)s->pos;
    i->modrm = stream_u8(s);
}

/* What an encoding says: the row of a group may take its operands from the row that named the
 * group. Pieces of rows, not a row put together: copying those costs a store that the next load
 * waits for. */
struct found {
    const uint8_t *opd;
    uint8_t op, attr;
};

/* The column that the prefixes pick; F2 and F3 go before 66. */
static const struct row *prefixed(const struct row table[256][COL_COUNT], uint8_t opcode,
                                  const struct prefixes *p)
{
    enum prefix_column col = p->rep == 0xf3 ? COL_F3
                             : p->rep       ? COL_F2
                             : p->opsize    ? COL_66
                                            : COL_NONE;
    return &table[opcode][col];
}

static const struct row *opcode_row(const struct insn *i, const struct prefixes *p)
{
    switch (i->map) {
    case 0:
        return &table_one[i->opcode];
    case 1:
        if (table_0f[i->opcode].attr & A_PREFIX)
            return prefixed(table_0f_sse, i->opcode, p);
        return &table_0f[i->opcode];
    case 2:
        return prefixed(table_38, i->opcode, p);
    default:
        return prefixed(table_3a, i->opcode, p);
    }
}

static struct found group_row(const struct insn *i, const struct row *outer)
{
    unsigned second = outer->attr & A_GROUP2 && insn_mod(i) == 3;
    const struct row *row = &groups[outer->sub + second][insn_reg(i)];
    bool none = row->attr & A_RM1 && insn_rm(i) != 1;

    return (struct found){row->opd[0] == SP__ ? outer->opd : row->opd,
                          none ? (uint8_t)OP_INVALID : row->op, row->attr};
}

bool row_has_modrm(const struct row *row)
{
    bool modrm = row->attr & (A_GROUP | A_GROUP2 | A_X87);

    for (unsigned n = 0; n < 3 && !modrm && row->opd[n] != SP__; n++)
        modrm = spec_has_modrm(row->opd[n]);
    return modrm;
}

static struct found find_row(struct insn *i, struct stream *s, const struct prefixes *p)
{
    const struct row *row = opcode_row(i, p);
    bool modrm = row_has_modrm(row);
    struct found f;

    if (modrm)
        read_modrm(i, s);
    if (row->attr & (A_GROUP | A_GROUP2)) {
        f = group_row(i, row);
    } else {
        if (row->attr & A_X87)
            row = x87_row(i);
        f = (struct found){row->opd, row->op, row->attr};
    }
    if (modrm && insn_mod(i) != 3 && !(f.attr & A_MOD3))
        decode_memory(i, s);
    return f;
}

/* ---- What follows from operation and operands together --------------------- */

/* Families run on the host CPU: memory is never read and written by one of them, and a
 * general register as destination is always written as a whole. */
static uint8_t family_access(const struct found *row, const struct operand *o, unsigned n)
{
    if (o->kind == OPD_MEM && o->field == FIELD_NONE && n == 2)
        return ACC_WRITE; /* MASKMOVQ, MASKMOVDQU */
    if (n > 0)
        return ACC_READ;
    if (row->attr & A_STORE || o->kind == OPD_GPR)
        return ACC_WRITE;
    return o->kind == OPD_MEM ? ACC_READ : ACC_RW;
}

static uint8_t access_of(const struct insn *i, const struct found *row, unsigned n)
{
    if (row->op == OP_X87 || row->op == OP_MMX || row->op == OP_SSE)
        return family_access(row, &i->opd[n], n);
    if (row->op == OP_IMUL && n == 0) /* of AL, EAX; of itself; of two others */
        return i->nopd == 1 ? ACC_READ : i->nopd == 2 ? ACC_RW : ACC_WRITE;
    return n < 2 ? traits[row->op].access[n] : ACC_READ;
}

static bool read_operands(struct insn *i, struct stream *s, const struct found *row)
{
    bool valid = true;

    for (unsigned n = 0; n < 3 && row->opd[n] != SP__; n++) {
        valid &= decode_operand(i, s, n, row->opd[n]);
        i->nopd += i->opd[n].kind != OPD_NONE;
    }
    for (unsigned n = 0; n < i->nopd; n++)
        i->opd[n].access = access_of(i, row, n);
    return valid;
}

/* By condition / 2: O, B, Z, BE, S, P, L, LE (SDM volume 1, appendix B). */
static const uint16_t condition_flags[8] = {
    FL_OF, FL_CF, FL_ZF, FL_CF | FL_ZF, FL_SF, FL_PF, FL_SF | FL_OF, FL_ZF | FL_SF | FL_OF,
};

static void set_condition(struct insn *i)
{
    if (i->op != OP_JCC && i->op != OP_SETCC && i->op != OP_CMOVCC)
        return;
    i->cond = i->opcode & 15;
    i->flags_read |= condition_flags[i->cond / 2];
}

/* A count of zero writes no flag, and neither does a repeated string operation with ECX 0. */
static void set_eflags(struct insn *i, const struct found *row)
{
    const struct trait *t = &traits[i->op];
    const struct operand *count = i->nopd ? &i->opd[i->nopd - 1] : NULL;
    bool idle = i->flags & (INSN_REP | INSN_REPNE);

    if (t->shift && (count->kind != OPD_IMM || !(i->imm & 31)))
        idle = true;
    i->flags_read |= t->flags_read;
    i->flags_written |= row->attr & A_FLAGS ? FL_ARITH : idle ? 0 : t->flags_written;
}

static void set_flags(struct insn *i, const struct prefixes *p)
{
    const struct trait *t = &traits[i->op];

    i->flags |= t->insn_flags;
    if (t->insn_flags & INSN_STRING && p->rep)
        i->flags |= p->rep == 0xf3 ? INSN_REP : INSN_REPNE;
    if (p->lock && !(t->lockable && i->opd[0].kind == OPD_MEM))
        i->flags |= INSN_BAD_LOCK;
    if (t->insn_flags & INSN_FPU && i->nopd == 3 && i->opd[2].kind == OPD_MEM)
        i->flags |= INSN_IMPLICIT_MEM;
}

static void complete(struct insn *i, const struct prefixes *p, const struct found *row)
{
    if (i->op == OP_INVALID) {
        i->nopd = 0;
        memset(i->opd, 0, sizeof i->opd);
        i->flags &= ~(uint32_t)INSN_SEG_OVERRIDE;
    }
    if (i->op == OP_NOP && i->map == 0 && p->rep == 0xf3)
        i->op = OP_PAUSE;
    set_condition(i);
    set_flags(i, p);
    set_eflags(i, row);
}

enum decode_result insn_decode(const uint8_t *bytes, size_t len, bool code32, struct insn *out)
{
    struct stream s = {.bytes = bytes, .seg = S_COUNT};
    struct prefixes p = {0};

    s.end = len < INSN_MAX ? (unsigned)len : INSN_MAX;
    memset(out, 0, sizeof *out);
    read_prefixes(out, &s, &p, code32);
    read_opcode(out, &s);
    struct found row = find_row(out, &s, &p);
    if (!read_operands(out, &s, &row))
        row = (struct found){.op = OP_INVALID};
    if (s.over)
        return s.end == INSN_MAX ? DECODE_TOO_LONG : DECODE_SHORT;
    out->op = row.op;
    out->len = (uint8_t)s.pos;
    for (unsigned n = 0; n < s.pos; n++)
        out->bytes[n] = bytes[n];
    complete(out, &p, &row);
    return DECODE_OK;
}
