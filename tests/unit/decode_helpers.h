/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the tests of the decoder share: bytes as text in, a checked struct insn out, and
 * assertions on an operation and its operands.
 */
#ifndef RING1_DECODE_HELPERS_H
#define RING1_DECODE_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bt/decode/insn.h"

static struct insn insn;

/* Reads hexadecimal digits with optional spaces. */
static inline size_t parse(const char *hex, uint8_t *bytes, size_t max)
{
    size_t n = 0;
    for (char digits[3] = ""; *hex && n < max; hex += *hex == ' ' ? 1 : 2) {
        if (*hex == ' ')
            continue;
        memcpy(digits, hex, 2);
        bytes[n++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return n;
}

/* Decodes all of HEX, and checks that no truncation of it decodes. The bytes stand at the
 * end of an allocation, so that reading past them is caught. */
static inline const struct insn *decode(bool code32, const char *hex)
{
    uint8_t bytes[32];
    size_t len = parse(hex, bytes, sizeof bytes);

    for (size_t n = 0; n <= len; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        memcpy(copy, bytes, n);
        enum decode_result r = insn_decode(copy, n, code32, &insn);
        free(copy);
        assert_int_equal(r, n < len ? DECODE_SHORT : DECODE_OK);
    }
    assert_int_equal(insn.len, len);
    assert_memory_equal(insn.bytes, bytes, len);
    return &insn;
}

static inline const struct insn *d32(const char *hex)
{
    return decode(true, hex);
}

static inline const struct insn *d16(const char *hex)
{
    return decode(false, hex);
}

static inline void is(const struct insn *i, enum op op, unsigned nopd)
{
    assert_string_equal(op_name((enum op)i->op), op_name(op));
    assert_int_equal(i->nopd, nopd);
}

static inline void has(const struct insn *i, unsigned n, enum operand_kind kind, unsigned reg,
                       unsigned size, unsigned access)
{
    assert_int_equal(i->opd[n].kind, kind);
    if (kind != OPD_MEM && kind != OPD_IMM && kind != OPD_IMM2 && kind != OPD_REL)
        assert_int_equal(i->opd[n].reg, reg);
    assert_int_equal(i->opd[n].size, size);
    assert_int_equal(i->opd[n].access, access);
}

static inline void invalid(const struct insn *i)
{
    is(i, OP_INVALID, 0);
    assert_true(i->flags & INSN_SENSITIVE);
    assert_true(i->flags & INSN_BRANCH);
    assert_int_equal(i->flags & (INSN_ALIGN16 | INSN_SEG_OVERRIDE), 0);
}

#endif
