/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random integer instructions for the tests against the real CPU: their bytes, and registers
 * and memory made so that they do something. Included by one file of a test program;
 * read real_run.h next.
 */
#ifndef RING1_REAL_CASE_H
#define RING1_REAL_CASE_H

#include "tests/unit/real_rows.h"

/* CRC32 (F2 0F 38 F0, F1) and the fences (0F AE) would be too rare by chance. */
static inline void put_bytes(struct test_case *c, const struct prefixes *often)
{
    unsigned n = put_prefixes(c->bytes, often);
    unsigned kind = rnd_below(100);
    if (kind >= 99) {
        memcpy(c->bytes + n, (uint8_t[]){0xf2, 0x0f, 0x38, (uint8_t)(0xf0 | rnd_below(2))}, 4);
        n += 4;
    } else if (kind >= 60) {
        c->bytes[n++] = 0x0f;
        if (kind == 98)
            c->bytes[n++] = 0xae;
    }
    while (n < sizeof c->bytes)
        c->bytes[n++] = (uint8_t)rnd();
}

static inline bool touches_memory(const struct insn *i)
{
    for (unsigned n = 0; n < i->nopd; n++)
        if (i->opd[n].kind == OPD_MEM)
            return i->op != OP_LEA && i->op != OP_NOP && i->op != OP_PREFETCH;
    return i->flags & INSN_STRING;
}

/* Encodings that this CPU understands otherwise, or that the process cannot be let do. */
static inline bool runs_here(const struct insn *i)
{
    bool repeat = i->flags & (INSN_F2 | INSN_F3);
    if (i->op == OP_INT && i->imm == 0x80) /* a system call */
        return false;
    if ((i->op == OP_BSF || i->op == OP_BSR) && repeat) /* TZCNT, LZCNT */
        return false;
    if ((i->op == OP_LOOPE || i->op == OP_LOOPNE) && repeat)
        return false; /* AMD: the prefix, not the opcode, says which ZF goes on */
    if (i->op == OP_BSWAP && i->opsize == 2) /* undefined result */
        return false;
    if ((i->op == OP_SHLD || i->op == OP_SHRD) && i->opsize == 2) /* likewise, by the count */
        return i->opd[2].kind == OPD_IMM && (i->imm & 31) <= 16;
    if ((i->op == OP_MOV_FROM_CR || i->op == OP_MOV_TO_CR) && (i->flags & INSN_LOCK)) /* CR8 */
        return false;
    if (i->map && repeat && i->op != OP_CRC32 && i->op != OP_POPCNT && i->op != OP_JCC)
        return false;                                         /* newer extensions live there */
    if (i->map == 1 && i->opcode == 0x0d && insn_mod(i) == 3) /* AMD: #UD; Intel: NOP */
        return false;
    return i->op != OP_CLFLUSH || !(i->flags & INSN_66); /* CLFLUSHOPT */
}

/* ---- Operands that fit ---------------------------------------------------------- */

/* BT and its like reach as far as their register says: not too far here. */
static inline void tame_bit_offset(struct test_case *c)
{
    const struct insn *i = &c->insn;
    if (i->op < OP_BT || i->op > OP_BTC || i->opd[0].kind != OPD_MEM || i->opd[1].kind != OPD_GPR)
        return;
    uint32_t *r = &c->in.gpr[i->opd[1].reg];
    *r = rnd_below(0x4000) - 0x2000u;
}

/* From data that both sides can read. */
static inline void read_operand_bytes(uint32_t where, uint32_t *lo, uint32_t *hi)
{
    uint32_t raw[2];
    if (where < DATA || where > HOLE - 8)
        return;
    memcpy(raw, native(where), 8);
    *lo = raw[0];
    *hi = raw[1];
}

/* So that CMPXCHG matches and divisions fit now and then. */
static inline void make_it_meet(struct test_case *c, uint32_t where)
{
    uint32_t ignored;
    if (c->row->special == S_DIVIDE && rnd_below(4))
        c->in.gpr[R_EDX] = rnd_below(2) ? rnd_below(16) : 0u - rnd_below(16);
    if (c->row->special == S_DIVIDE && rnd_below(2))
        c->in.gpr[R_EAX] = (uint32_t)(int16_t)rnd_below(0x800) - 0x400;
    if (rnd_below(2) == 0)
        return;
    if (c->insn.op == OP_CMPXCHG)
        read_operand_bytes(where, &c->in.gpr[R_EAX], &ignored);
    if (c->insn.op == OP_CMPXCHG8B)
        read_operand_bytes(where, &c->in.gpr[R_EAX], &c->in.gpr[R_EDX]);
}

#endif
