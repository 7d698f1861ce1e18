/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The escape opcodes D8-DF, SDM volume 2, A.5: ModRM in, a row out that says which memory
 * or stack registers the instruction uses. The arithmetic is the host CPU's.
 */
#include "bt/decode/row.h"

/* clang-format off */
#define L(mem) ROW(X87, mem, _, _, 0, 0)
#define S(mem) ROW(X87, mem, _, _, A_STORE, 0)
#define NONE R0(INVALID)

/* Memory forms, a row for each of /0 to /7. */
static const struct row memory[8][8] = {
    /* D8 */ {L(Md), L(Md), L(Md), L(Md), L(Md), L(Md), L(Md), L(Md)},
    /* D9 */ {L(Md), NONE, S(Md), S(Md), L(Menv), L(Mw), S(Menv), S(Mw)},
    /* DA */ {L(Md), L(Md), L(Md), L(Md), L(Md), L(Md), L(Md), L(Md)},
    /* DB */ {L(Md), S(Md), S(Md), S(Md), NONE, L(Mt), NONE, S(Mt)},
    /* DC */ {L(Mq), L(Mq), L(Mq), L(Mq), L(Mq), L(Mq), L(Mq), L(Mq)},
    /* DD */ {L(Mq), S(Mq), S(Mq), S(Mq), L(Msave), NONE, S(Msave), S(Mw)},
    /* DE */ {L(Mw), L(Mw), L(Mw), L(Mw), L(Mw), L(Mw), L(Mw), L(Mw)},
    /* DF */ {L(Mw), S(Mw), S(Mw), S(Mw), L(Mt), L(Mq), S(Mt), S(Mq)},
};

/* Register forms: what the operands are ... */
enum form {
    F_NONE, /* no operand, or ST(0) and ST(1) by implication */
    F_0I,   /* ST(0), ST(i) */
    F_I0,   /* ST(i), ST(0) */
    F_I,    /* ST(i) */
    F_AX,   /* FNSTSW AX */
};

/* ... and which values of ModRM.rm exist, with the EFLAGS that are read or written. The
 * forms D9 /3, DC /2 /3, DD /1, DE /2, DF /0 - /3 and DB E0, E1, E4 are undocumented
 * aliases and no-operations that every CPU has. */
#define COMI (FL_ZF | FL_PF | FL_CF)
static const struct reg_form {
    uint8_t rm, form;
    uint16_t read, written;
} registers[8][8] = {
    /* D8 */ {{0xff, F_0I, 0, 0}, {0xff, F_0I, 0, 0}, {0xff, F_0I, 0, 0}, {0xff, F_0I, 0, 0},
              {0xff, F_0I, 0, 0}, {0xff, F_0I, 0, 0}, {0xff, F_0I, 0, 0}, {0xff, F_0I, 0, 0}},
    /* D9 */ {{0xff, F_I, 0, 0}, {0xff, F_0I, 0, 0}, {0x01, F_NONE, 0, 0}, {0xff, F_I, 0, 0},
              {0x33, F_NONE, 0, 0}, {0x7f, F_NONE, 0, 0}, {0xff, F_NONE, 0, 0},
              {0xff, F_NONE, 0, 0}},
    /* DA */ {{0xff, F_0I, FL_CF, 0}, {0xff, F_0I, FL_ZF, 0}, {0xff, F_0I, FL_CF | FL_ZF, 0},
              {0xff, F_0I, FL_PF, 0}, {0}, {0x02, F_NONE, 0, 0}},
    /* DB */ {{0xff, F_0I, FL_CF, 0}, {0xff, F_0I, FL_ZF, 0}, {0xff, F_0I, FL_CF | FL_ZF, 0},
              {0xff, F_0I, FL_PF, 0}, {0x1f, F_NONE, 0, 0}, {0xff, F_0I, 0, COMI},
              {0xff, F_0I, 0, COMI}},
    /* DC */ {{0xff, F_I0, 0, 0}, {0xff, F_I0, 0, 0}, {0xff, F_0I, 0, 0}, {0xff, F_0I, 0, 0},
              {0xff, F_I0, 0, 0}, {0xff, F_I0, 0, 0}, {0xff, F_I0, 0, 0}, {0xff, F_I0, 0, 0}},
    /* DD */ {{0xff, F_I, 0, 0}, {0xff, F_0I, 0, 0}, {0xff, F_I, 0, 0}, {0xff, F_I, 0, 0},
              {0xff, F_0I, 0, 0}, {0xff, F_0I, 0, 0}},
    /* DE */ {{0xff, F_I0, 0, 0}, {0xff, F_I0, 0, 0}, {0xff, F_0I, 0, 0}, {0x02, F_NONE, 0, 0},
              {0xff, F_I0, 0, 0}, {0xff, F_I0, 0, 0}, {0xff, F_I0, 0, 0}, {0xff, F_I0, 0, 0}},
    /* DF */ {{0xff, F_I, 0, 0}, {0xff, F_0I, 0, 0}, {0xff, F_I, 0, 0}, {0xff, F_I, 0, 0},
              {0x01, F_AX, 0, 0}, {0xff, F_0I, 0, COMI}, {0xff, F_0I, 0, COMI}},
};

static const struct row forms[] = {
    [F_NONE] = R0(X87),
    [F_0I] = R2(X87, ST0, STi),
    [F_I0] = R2(X87, STi, ST0),
    [F_I] = R1(X87, STi),
    [F_AX] = ROW(X87, AX, _, _, A_STORE, 0),
};
/* clang-format on */

static const struct row invalid = R0(INVALID);

const struct row *x87_row(struct insn *i)
{
    unsigned escape = i->opcode & 7;
    const struct reg_form *f = &registers[escape][insn_reg(i)];

    if (insn_mod(i) != 3)
        return &memory[escape][insn_reg(i)];
    if (!(f->rm >> insn_rm(i) & 1))
        return &invalid;
    i->flags_read = f->read;
    i->flags_written = f->written;
    return &forms[f->form];
}
