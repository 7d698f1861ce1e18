/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Re-encoding for the host's 64-bit mode. Prefixes are reduced to those with a meaning, so
 * that the REX byte cannot push an instruction over 15 bytes; the memory operand becomes
 * mod=00 rm=7 with REX.B; a GPR field that says ESP becomes r12, which has the same low
 * three bits. MMX, XMM and x87 register fields stay as they are.
 */
#include "monitor/interp/fpu_stub.h"

#include "monitor/mem.h"

enum rex { REX = 0x40, REX_B = 1, REX_R = 4 };

/* The repeat prefix that counts is the last one. */
static uint8_t last_repeat(const struct insn *i)
{
    uint8_t last = 0;
    for (unsigned n = 0; n < i->prefix_len; n++)
        if (i->bytes[n] == 0xf2 || i->bytes[n] == 0xf3)
            last = i->bytes[n];
    return last;
}

/* Mandatory prefixes; for x87, where 66h only means the 14-byte environment, the operand size. */
static unsigned put_prefixes(uint8_t *out, const struct insn *i)
{
    unsigned n = 0;
    if (i->map == 0 ? i->opsize == 2 : (i->flags & INSN_66) != 0)
        out[n++] = 0x66;
    if (i->map && last_repeat(i))
        out[n++] = last_repeat(i);
    return n;
}

static bool names_esp(const struct insn *i, enum operand_field field)
{
    for (unsigned n = 0; n < i->nopd; n++)
        if (i->opd[n].kind == OPD_GPR && i->opd[n].field == field && i->opd[n].reg == R_ESP)
            return true;
    return false;
}

static unsigned put_opcode(uint8_t *out, const struct insn *i)
{
    static const uint8_t escape[4] = {0, 0, 0x38, 0x3a};
    unsigned n = 0;
    if (i->map)
        out[n++] = 0x0f;
    if (i->map > 1)
        out[n++] = escape[i->map & 3];
    out[n++] = i->opcode;
    return n;
}

unsigned fpu_stub_build(uint8_t out[INSN_MAX], const struct insn *i)
{
    bool has_modrm = i->flags & INSN_MODRM, memory = has_modrm && insn_mod(i) != 3;
    unsigned n = put_prefixes(out, i), rex = 0;
    if (memory || names_esp(i, FIELD_RM))
        rex |= REX_B;
    if (names_esp(i, FIELD_REG))
        rex |= REX_R;
    if (rex)
        out[n++] = (uint8_t)(REX | rex);
    n += put_opcode(out + n, i);
    if (has_modrm)
        out[n++] = memory ? (uint8_t)((i->modrm & 0x38) | 7) : i->modrm;
    if (i->imm_size)
        out[n++] = (uint8_t)i->imm;
    return n;
}

unsigned fpu_stub_store(uint8_t out[INSN_MAX], enum operand_kind kind, unsigned reg)
{
    const uint8_t code[] = {0x66, REX | REX_B, 0x0f, 0x7f, (uint8_t)(reg << 3 | 7)};
    unsigned skip = kind == OPD_MM ? 1 : 0; /* without 66h it is MOVQ */
    memcpy(out, code + skip, sizeof code - skip);
    return (unsigned)sizeof code - skip;
}
