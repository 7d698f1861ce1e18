/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ModRM, SIB and displacement to a memory operand, SDM volume 2, tables 2-1 to 2-3, and
 * the byte stream they are read from. Knows no instruction; operands.c asks it.
 */
#include "bt/decode/row.h"

uint8_t stream_u8(struct stream *s)
{
    if (s->pos < s->end)
        return s->bytes[s->pos++];
    s->over = true;
    return 0;
}

uint32_t stream_read(struct stream *s, unsigned size)
{
    uint32_t value = 0;
    for (unsigned n = 0; n < size; n++)
        value |= (uint32_t)stream_u8(s) << (8 * n);
    return value;
}

void decode_displacement(struct insn *i, struct stream *s, unsigned size)
{
    i->disp_offset = (uint8_t)s->pos;
    i->disp_size = (uint8_t)size;
    uint32_t d = stream_read(s, size);
    i->mem.disp = size == 1 ? (int8_t)d : size == 2 ? (int16_t)d : (int32_t)d;
}

/* SDM table 2-1: base and index by ModRM.rm. */
static const struct {
    uint8_t base, index;
} table16[8] = {
    {R_EBX, R_ESI},  {R_EBX, R_EDI},  {R_EBP, R_ESI},  {R_EBP, R_EDI},
    {R_ESI, R_NONE}, {R_EDI, R_NONE}, {R_EBP, R_NONE}, {R_EBX, R_NONE},
};

static void memory16(struct insn *i, struct stream *s)
{
    unsigned mod = insn_mod(i), rm = insn_rm(i);

    if (mod == 0 && rm == 6) {
        decode_displacement(i, s, 2);
        return;
    }
    i->mem.base = table16[rm].base;
    i->mem.index = table16[rm].index;
    if (mod != 0)
        decode_displacement(i, s, mod);
}

static void read_sib(struct insn *i, struct stream *s)
{
    uint8_t sib = stream_u8(s);

    i->mem.base = sib & 7;
    i->mem.scale = (uint8_t)(1u << (sib >> 6));
    if ((sib >> 3 & 7) != R_ESP)
        i->mem.index = sib >> 3 & 7;
}

static void memory32(struct insn *i, struct stream *s)
{
    unsigned mod = insn_mod(i);

    i->mem.base = (uint8_t)insn_rm(i);
    if (i->mem.base == R_ESP)
        read_sib(i, s);
    if (mod == 0 && i->mem.base == R_EBP) {
        i->mem.base = R_NONE;
        mod = 2;
    }
    if (mod != 0)
        decode_displacement(i, s, mod == 1 ? 1 : 4);
}

void memory_segment(struct insn *i, const struct stream *s, enum sreg normal)
{
    bool override = s->seg != S_COUNT;

    i->mem.seg = override ? s->seg : (uint8_t)normal;
    i->flags |= override ? INSN_SEG_OVERRIDE : 0;
}

void decode_memory(struct insn *i, struct stream *s)
{
    i->mem = (struct mem_operand){.base = R_NONE, .index = R_NONE, .scale = 1};
    if (i->addrsize == 2)
        memory16(i, s);
    else
        memory32(i, s);
    bool stack = i->mem.base == R_EBP || i->mem.base == R_ESP;
    memory_segment(i, s, stack ? S_SS : S_DS);
}
