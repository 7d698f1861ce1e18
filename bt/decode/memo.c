/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The translator's way to the decoder: a table of decoded forms, directly mapped. Only what depends
 * on nothing but the form is kept: with prefixes, or where flags depend on an immediate count,
 * or with two immediates, the decoder itself is asked.
 */
#include "bt/decode/memo.h"
#include "bt/decode/row.h"
#include "monitor/mem.h"

enum form { FORM_NOT_KEPT, FORM_PLAIN, FORM_MODRM };

#define KEY_VALID (1ull << 32)

/* Prefixes and escapes have no row of their own: the decoder reads them. */
static enum form form_of(const struct row *row)
{
    if (row_has_modrm(row))
        return FORM_MODRM;
    return row->op == OP_INVALID ? FORM_NOT_KEPT : FORM_PLAIN;
}

static void prepare(struct decode_memo *memo)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        const struct row *second =
            table_0f[byte].attr & A_PREFIX ? &table_0f_sse[byte][COL_NONE] : &table_0f[byte];
        memo->form[0][byte] = (uint8_t)form_of(&table_one[byte]);
        memo->form[1][byte] = (uint8_t)form_of(second);
    }
    memo->ready = true;
}

/* The form's bytes, and KEY_VALID; 0: it is none that is kept. */
static uint64_t form_key(const struct decode_memo *memo, const uint8_t *bytes)
{
    unsigned at = bytes[0] == 0x0f;
    unsigned form = memo->form[at][bytes[at]];
    if (form == FORM_NOT_KEPT)
        return 0;
    unsigned last = at + (form == FORM_MODRM);
    if (form == FORM_MODRM && (bytes[last] & 7) == R_ESP && bytes[last] < 0xc0)
        last++;
    uint32_t first;
    memcpy(&first, bytes, sizeof first);
    return (first & (0xffffffffu >> (24 - 8 * last))) | KEY_VALID;
}

static bool may_keep(const struct insn *i)
{
    bool counted = traits[i->op].shift && i->imm_size;
    for (unsigned n = 0; n < i->nopd; n++) {
        if (i->opd[n].kind == OPD_IMM2)
            return false;
    }
    return i->op != OP_INVALID && !counted;
}

/* An immediate is sign-extended where its operand is wider, and a displacement of a branch always.
 */
static bool immediate_is_signed(const struct insn *i)
{
    for (unsigned n = 0; n < i->nopd; n++) {
        const struct operand *o = &i->opd[n];
        if (o->kind == OPD_REL || (o->kind == OPD_IMM && o->size > i->imm_size))
            return true;
    }
    return false;
}

static uint32_t value_at(const uint8_t *bytes, unsigned size, bool is_signed)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    if (size == 1)
        return is_signed ? (uint32_t)(int8_t)value : (uint8_t)value;
    if (size == 2)
        return is_signed ? (uint32_t)(int16_t)value : (uint16_t)value;
    return value;
}

/* What the form does not say. */
static void read_rest(struct insn *i, const uint8_t *bytes, bool is_signed)
{
    memcpy(i->bytes, bytes, INSN_MAX);
    if (i->disp_size)
        i->mem.disp = (int32_t)value_at(bytes + i->disp_offset, i->disp_size, true);
    if (i->imm_size)
        i->imm = value_at(bytes + i->imm_offset, i->imm_size, is_signed);
}

enum decode_result decode_again(struct decode_memo *memo, const uint8_t *bytes, size_t len,
                                struct insn *out)
{
    if (!memo->ready)
        prepare(memo);
    uint64_t key = len >= INSN_MAX ? form_key(memo, bytes) : 0;
    struct memo_row *row = &memo->row[(uint32_t)key * 0x9e3779b1u / (0xffffffffu / MEMO_ROWS + 1)];
    if (key && row->key == key) {
        *out = row->insn;
        read_rest(out, bytes, row->is_signed);
        return DECODE_OK;
    }
    enum decode_result r = insn_decode(bytes, len, true, out);
    if (key && r == DECODE_OK && may_keep(out))
        *row = (struct memo_row){key, immediate_is_signed(out), *out};
    return r;
}
