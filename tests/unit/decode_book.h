/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The book of differences between this tree's decoder and another one: each must be explained,
 * and each explanation must be needed. The instruction they are about is insn.
 */
#ifndef RING1_DECODE_BOOK_H
#define RING1_DECODE_BOOK_H

#include <stdio.h>

#include "tests/unit/decode_helpers.h"

#define ASPECTS(X)                                                                                 \
    X(KNOWN_HERE, "known here only")                                                               \
    X(KNOWN_THERE, "known there only")                                                             \
    X(LENGTH, "length")                                                                            \
    X(NAME, "name")                                                                                \
    X(EFLAGS_READ, "EFLAGS read")                                                                  \
    X(EFLAGS_WRITTEN, "EFLAGS written")                                                            \
    X(PRIVILEGE, "privilege")                                                                      \
    X(OPERANDS, "number of operands")                                                              \
    X(KIND, "kind of an operand")                                                                  \
    X(REGISTER, "register of an operand")                                                          \
    X(SIZE, "size of an operand")                                                                  \
    X(ACCESS, "access to an operand")                                                              \
    X(SEGMENT, "segment of a memory operand")                                                      \
    X(ADDRESS, "address of a memory operand")                                                      \
    X(ALIGNMENT, "alignment")                                                                      \
    X(IMMEDIATE, "immediate")

enum aspect {
#define X(name, text) name,
    ASPECTS(X)
#undef X
};

#define ANY     UINT32_MAX
#define UNKNOWN (ANY - 1)

/* Map and opcode of the instruction in insn: what KNOWN_HERE and KNOWN_THERE tell apart. */
static inline uint32_t opcode_id(void)
{
    return (uint32_t)insn.map << 8 | insn.opcode;
}

/* A difference that is meant: what it is, of which operation, here and there, and why. */
struct difference {
    enum aspect aspect;
    enum op op;
    uint32_t here, there; /* or ANY */
    const char *why;
    unsigned long used;
};

static struct {
    struct difference *rows;
    size_t count;
    unsigned long instructions, unknown, unexplained;
    struct difference told[64]; /* reported already: one report a kind is enough */
    size_t told_count;
} book;

static inline bool book_explains(enum aspect aspect, uint32_t here, uint32_t there)
{
    for (size_t n = 0; n < book.count; n++) {
        struct difference *d = &book.rows[n];
        if (d->aspect == aspect && d->op == insn.op && (d->here == ANY || d->here == here) &&
            (d->there == ANY || d->there == there))
            return ++d->used;
    }
    return false;
}

static inline bool book_told(enum aspect aspect, uint32_t here, uint32_t there)
{
    for (size_t n = 0; n < book.told_count; n++) {
        const struct difference *d = &book.told[n];
        if (d->aspect == aspect && d->op == insn.op && d->here == here && d->there == there)
            return true;
    }
    if (book.told_count == ARRAY_SIZE(book.told))
        return true;
    book.told[book.told_count++] =
        (struct difference){aspect, (enum op)insn.op, here, there, "", 1};
    return false;
}

/* Holds HERE and THERE, values of ASPECT of the instruction in insn, against each other. TEXT
 * is what the other decoder calls it. */
static inline bool book_same(enum aspect aspect, uint32_t here, uint32_t there,
                             const uint8_t *bytes, const char *text)
{
    static const char *const aspects[] = {
#define X(name, words) words,
        ASPECTS(X)
#undef X
    };
    char ours[120];

    if (here == there || book_explains(aspect, here, there))
        return here == there;
    book.unexplained++;
    if (book_told(aspect, here, there))
        return false;
    insn_format(&insn, 0, ours, sizeof ours);
    fprintf(stderr, "%s (%x, not %x):", aspects[aspect], here, there);
    for (unsigned n = 0; n < INSN_MAX; n++)
        fprintf(stderr, "%s%02x", n == insn.len ? " | " : " ", bytes[n]);
    fprintf(stderr, ": here %s, there %s\n", ours, text);
    return false;
}

/* Nothing is unexplained, and every explanation was needed. */
static inline void book_close(void)
{
    for (size_t n = 0; n < book.count; n++) {
        if (book.rows[n].used == 0)
            fail_msg("row %u (%s) explains nothing: %s", (unsigned)n, op_name(book.rows[n].op),
                     book.rows[n].why);
    }
    assert_int_equal(book.unexplained, 0);
    assert_true(book.instructions > 1000000);
}

#endif
