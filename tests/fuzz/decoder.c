/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The decoder on any bytes. In: a byte of which bit 0 is the code size, then code that is decoded
 * from end to end. Each instruction's bytes lie alone in memory of their own, so that a byte read
 * beyond them is reported; what is decoded must be a function of these bytes, keep its ranges, and
 * print as text in a buffer of any size.
 */
#include "bt/decode/insn.h"
#include "bt/decode/memo.h"
#include "tests/fuzz/fuzz.h"

static struct decode_memo memo;

static enum decode_result decode(const uint8_t *bytes, size_t len, bool code32, struct insn *i)
{
    uint8_t *alone = malloc(len ? len : 1);
    if (len)
        memcpy(alone, bytes, len);
    memset(i, 0x55, sizeof *i);
    enum decode_result r = insn_decode(len ? alone : alone + 1, len, code32, i);
    free(alone);
    return r;
}

static bool same_operand(const struct operand *a, const struct operand *b)
{
    return a->kind == b->kind && a->reg == b->reg && a->size == b->size && a->access == b->access &&
           a->field == b->field;
}

static bool has_memory(const struct insn *i)
{
    for (unsigned n = 0; n < i->nopd; n++) {
        if (i->opd[n].kind == OPD_MEM)
            return true;
    }
    return i->flags & INSN_STRING;
}

static bool same_memory(const struct mem_operand *a, const struct mem_operand *b)
{
    return a->seg == b->seg && a->base == b->base && a->index == b->index && a->scale == b->scale &&
           a->disp == b->disp;
}

static bool same_layout(const struct insn *a, const struct insn *b)
{
    return a->len == b->len && a->map == b->map && a->opcode == b->opcode &&
           a->prefix_len == b->prefix_len && a->opcode_offset == b->opcode_offset &&
           a->modrm_offset == b->modrm_offset && a->disp_size == b->disp_size &&
           a->imm_size == b->imm_size && a->modrm == b->modrm && a->imm == b->imm &&
           a->imm2 == b->imm2 && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool same(const struct insn *a, const struct insn *b)
{
    for (unsigned n = 0; n < 3; n++) {
        if (n < a->nopd && !same_operand(&a->opd[n], &b->opd[n]))
            return false;
    }
    return a->op == b->op && a->flags == b->flags && a->opsize == b->opsize &&
           a->addrsize == b->addrsize && a->nopd == b->nopd && a->flags_read == b->flags_read &&
           a->flags_written == b->flags_written && same_layout(a, b) &&
           (!has_memory(a) || same_memory(&a->mem, &b->mem));
}

static bool is_size(unsigned size)
{
    static const unsigned sizes[] = {0, 1, 2, 4, 6, 8, 10, 14, 16, 28, 94, 108, 512};
    for (unsigned n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
        if (sizes[n] == size)
            return true;
    }
    return false;
}

static void check_operand(const struct operand *o)
{
    must(o->kind > OPD_NONE && o->kind <= OPD_XMM, "kind %u", o->kind);
    must(is_size(o->size), "size %u of kind %u", o->size, o->kind);
    must(o->access <= ACC_RW && o->field <= FIELD_OPCODE, "%u, %u", o->access, o->field);
    must(o->reg < (o->kind == OPD_SREG ? (unsigned)S_COUNT : 8u), "register %u", o->reg);
}

static void check_memory(const struct insn *i)
{
    const struct mem_operand *m = &i->mem;
    must(m->seg < S_COUNT, "segment %u", m->seg);
    must(m->base < 8 || m->base == R_NONE, "base %u", m->base);
    must(m->index < 8 || m->index == R_NONE, "index %u", m->index);
    must(m->scale == 1 || m->scale == 2 || m->scale == 4 || m->scale == 8, "%u", m->scale);
    must(m->index != R_ESP, "ESP is no index");
}

static void check_ranges(const struct insn *i)
{
    must(i->op < OP_COUNT && i->cond < 16 && i->map <= 3 && i->nopd <= 3, "op %u", i->op);
    must((i->opsize == 2 || i->opsize == 4) && (i->addrsize == 2 || i->addrsize == 4), "sizes");
    must(i->prefix_len <= i->opcode_offset && i->opcode_offset < i->len, "opcode");
    must(i->modrm_offset < i->len, "ModRM");
    must(i->disp_size <= 4 && i->disp_offset + i->disp_size <= i->len, "displacement");
    must(i->imm_size <= 4 && i->imm_offset + i->imm_size <= i->len, "immediate");
    for (unsigned n = 0; n < i->nopd; n++)
        check_operand(&i->opd[n]);
    if (has_memory(i))
        check_memory(i);
}

/* The text is the same in a buffer that is just large enough, and its beginning in a smaller one.
 */
static void check_text(const struct insn *i, uint32_t eip)
{
    char whole[128];
    size_t len = insn_format(i, eip, whole, sizeof whole);
    must(len < sizeof whole && strlen(whole) == len, "length %zu", len);
    for (size_t n = 0; n < len; n++)
        must(whole[n] >= ' ' && whole[n] < 127, "character %d", whole[n]);
    for (size_t size = 1; size <= len + 1; size += 7) {
        char *part = malloc(size);
        insn_format(i, eip, part, size);
        must(memchr(part, 0, size) && memcmp(part, whole, strlen(part)) == 0, "in %zu", size);
        free(part);
    }
}

/* What stands behind the instruction does not matter, and none of its own bytes is too much. */
static void check_length(const uint8_t *bytes, const struct insn *i, bool code32)
{
    uint8_t other[INSN_MAX];
    struct insn again;
    memset(other, (uint8_t)~bytes[i->len - 1], sizeof other);
    memcpy(other, bytes, i->len);
    must(decode(other, sizeof other, code32, &again) == DECODE_OK && same(i, &again), "behind");
    must(decode(bytes, i->len, code32, &again) == DECODE_OK && same(i, &again), "alone");
    for (size_t n = 0; n < i->len; n++)
        must(decode(bytes, n, code32, &again) == DECODE_SHORT, "%zu of %u", n, i->len);
}

static void check_memo(const uint8_t *bytes, const struct insn *i)
{
    struct insn again;
    memset(&again, 0x55, sizeof again);
    must(decode_again(&memo, bytes, i->len, &again) == DECODE_OK && same(i, &again), "first");
    memset(&again, 0x55, sizeof again);
    must(decode_again(&memo, bytes, i->len, &again) == DECODE_OK && same(i, &again), "again");
}

/* One instruction at BYTES; returns its length, or 0: there is no more. */
static size_t one(const uint8_t *bytes, size_t left, bool code32)
{
    struct insn i;
    enum decode_result r = decode(bytes, left, code32, &i);
    if (r == DECODE_SHORT)
        must(left < INSN_MAX, "%zu bytes are not enough", left);
    if (r == DECODE_TOO_LONG)
        must(left >= INSN_MAX, "too long by %zu bytes", left);
    if (r == DECODE_SHORT)
        return 0;
    if (r == DECODE_TOO_LONG)
        return 1;
    must(i.len >= 1 && i.len <= INSN_MAX && i.len <= left, "length %u", i.len);
    must(memcmp(i.bytes, bytes, i.len) == 0, "the bytes");
    check_ranges(&i);
    check_text(&i, 0xfffffff0u + (uint32_t)left);
    check_length(bytes, &i, code32);
    if (code32)
        check_memo(bytes, &i);
    return i.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool code32 = size && (data[0] & 1);
    for (size_t at = 1, len; at < size; at += len) {
        len = one(data + at, size - at, code32);
        if (!len)
            break;
    }
    return 0;
}
