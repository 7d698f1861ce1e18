/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random integer instructions for the tests against the real CPU: their bytes, and registers,
 * memory and selectors made so that they do something. Included by one file of a test program;
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

/* ---- Selectors ------------------------------------------------------------------ */

/* Null ones, Linux's user segments and kernel segments, an empty place, one beyond the table; or
 * the LDT's, with all kinds of RPL, and the first behind its end. */
static inline uint16_t random_selector(void)
{
    static const uint16_t often[] = {
        0,         1,         3,    REAL_CS,       REAL_DS, REAL_CS64, REAL_DS,
        KERNEL_CS, KERNEL_DS, 0x3b, REAL_CS & ~3u, 0x83,    0xfff3};
    unsigned rpl = rnd_below(4) ? 3 : rnd_below(4);
    if (rnd_below(8) == 0 || !ldt_entries)
        return often[rnd_below(ARRAY_SIZE(often))];
    return (uint16_t)(rnd_below(ldt_entries + 1) * 8 | SEL_TI | rpl);
}

/* Not of 64-bit code, which is nothing to go to. */
static inline uint16_t random_target(void)
{
    uint16_t sel = random_selector();
    return (sel | 3) == REAL_CS64 ? REAL_CS : sel;
}

/* The low bytes of X at a linear address of both sides, as far as there is memory. */
static inline void plant(uint32_t where, uint32_t x, unsigned size)
{
    for (unsigned n = 0; n < size; n++, x >>= 8) {
        if (!is_writable(where + n))
            continue;
        *(uint8_t *)native(where + n) = (uint8_t)x;
        *guest_byte(where + n) = (uint8_t)x;
    }
}

static inline uint32_t random_entry_point(void)
{
    return rnd_below(2) ? CODE + rnd_below(0x1000) : interesting();
}

/* Is what lies there ours to choose, or in no page? */
static inline bool can_plant(uint32_t where, unsigned size)
{
    for (unsigned n = 0; n < size; n++)
        if (is_mapped(where + n) && !is_writable(where + n))
            return false;
    return true;
}

/* False: it would be read from elsewhere. */
static inline bool plant_far_pointer(uint32_t where, unsigned opsize)
{
    plant(where, random_entry_point(), opsize);
    plant(where + opsize, random_target(), 2);
    return can_plant(where, opsize + 2);
}

static inline void plant_operand(struct test_case *c, unsigned n)
{
    const struct operand *o = &c->insn.opd[n];
    uint32_t *r = &c->in.gpr[o->reg & 7];
    if (o->kind == OPD_MEM)
        plant(operand_linear(c), random_selector(), 2);
    else
        *r = (*r & 0xffff0000u) | random_selector();
}

static inline void plant_immediate(struct test_case *c)
{
    uint32_t off = random_entry_point();
    uint16_t sel = random_target();
    memcpy(c->bytes + c->insn.imm_offset, &off, c->insn.opsize);
    memcpy(c->bytes + c->insn.imm_offset + c->insn.opsize, &sel, 2);
    bool code32 = segment_of(c->in.sel[S_CS]).attr & SA_DB;
    assert_int_equal(insn_decode(c->bytes, sizeof c->bytes, code32, &c->insn), DECODE_OK);
}

/* Where the instruction takes selectors from, there are some. False: no. */
static inline bool plant_selectors(struct test_case *c)
{
    uint32_t top = stack_linear(c, c->in.gpr[R_ESP]);
    switch (c->insn.op) {
    case OP_JMP_FAR:
    case OP_CALL_FAR:
        plant_immediate(c);
        break;
    case OP_JMP_FAR_IND:
    case OP_CALL_FAR_IND:
    case OP_LDS:
    case OP_LES:
    case OP_LFS:
    case OP_LGS:
    case OP_LSS:
        return plant_far_pointer(operand_linear(c), c->insn.opsize);
    case OP_RET_FAR:
    case OP_IRET:
        return plant_far_pointer(top, c->insn.opsize);
    case OP_POP_SREG:
        plant(top, random_selector(), 2);
        break;
    case OP_MOV_TO_SREG:
    case OP_LAR:
    case OP_LSL:
        plant_operand(c, 1);
        break;
    case OP_VERR:
    case OP_VERW:
        plant_operand(c, 0);
        break;
    default:
        break;
    }
    return true;
}

#endif
