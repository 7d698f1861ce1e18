/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Selectors, good and bad, for the instructions that take any: in registers, in memory, on the
 * stack and in the instruction. Included by one file of a test program.
 */
#ifndef RING1_REAL_SELECT_H
#define RING1_REAL_SELECT_H

#include "tests/unit/real_insn.h"

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
