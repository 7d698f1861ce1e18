/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the tests that compare decoders get their bytes: the space of all opcodes, ModRM bytes
 * and relevant prefixes, or the .text section of an ELF file; and the book of differences, in
 * which each must be explained and each explanation must be needed.
 */
#ifndef RING1_DECODE_SPACE_H
#define RING1_DECODE_SPACE_H

/* Before <gelf.h>, whose macros PF_W and so on are names in monitor/x86.h. */
#include "tests/unit/decode_helpers.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <unistd.h>

/* Compares one decoding of INSN_MAX bytes and returns how many to go on by. */
typedef unsigned compare_fn(const uint8_t *bytes, bool code32);

static const char *const space_prefixes[] = {"",     "\x66", "\x67",     "\xf2",    "\xf3",
                                             "\xf0", "\x64", "\x66\xf2", "\x66\xf3"};
static const char *const space_escapes[] = {"", "\x0f", "\x0f\x38", "\x0f\x3a"};

/* What follows the ModRM byte: two SIB bytes, one with and one without base and index. */
static const uint8_t space_tails[2][8] = {{0x65, 0xf1, 0x82, 0x13, 0x94, 0x25, 0xa6, 0x37},
                                          {0x8c, 0x12, 0x93, 0x24, 0xa5, 0x36, 0xb7, 0x48}};

static inline bool space_has(unsigned map, unsigned opcode)
{
    static const uint8_t prefixes[] = {0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x64,
                                       0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
    if (map == 0)
        return !memchr(prefixes, (int)opcode, sizeof prefixes);
    return map != 1 || (opcode != 0x38 && opcode != 0x3a);
}

static inline void space_opcode(compare_fn *compare, bool code32, const char *prefix,
                                const char *escape, unsigned opcode)
{
    uint8_t bytes[INSN_MAX + 8];
    size_t p = strlen(prefix), n = p + strlen(escape);

    memcpy(bytes, prefix, p);
    memcpy(bytes + p, escape, n - p);
    bytes[n++] = (uint8_t)opcode;
    for (unsigned k = 0; k < 512; k++) {
        bytes[n] = (uint8_t)(k >> 1);
        for (size_t at = n + 1; at < INSN_MAX; at++)
            bytes[at] = space_tails[k & 1][(at - n - 1) & 7];
        compare(bytes, code32);
    }
}

static inline void space_walk(compare_fn *compare, bool code32)
{
    for (unsigned p = 0; p < ARRAY_SIZE(space_prefixes); p++) {
        for (unsigned map = 0; map < 4; map++) {
            for (unsigned opcode = 0; opcode < 256; opcode++) {
                if (space_has(map, opcode))
                    space_opcode(compare, code32, space_prefixes[p], space_escapes[map], opcode);
            }
        }
    }
}

/* ---- The book of differences ----------------------------------------------- */

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
    X(ADDRESS, "address of a memory operand")                                                                   \
    X(IMMEDIATE, "immediate")

enum aspect {
#define X(name, text) name,
    ASPECTS(X)
#undef X
};

#define ANY UINT32_MAX

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
    unsigned long instructions, unexplained;
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
    book.told[book.told_count++] = (struct difference){aspect, (enum op)insn.op, here, there, "", 1};
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
            fail_msg("row %u (%s) explains nothing: %s", (unsigned)n,
                     op_name(book.rows[n].op), book.rows[n].why);
    }
    assert_int_equal(book.unexplained, 0);
    assert_true(book.instructions > 1000000);
}

/* ---- A whole program ------------------------------------------------------- */

/* Sweeps section .text of the ELF image in E. False: there is none. */
static inline bool sweep_section(Elf *e, compare_fn *compare)
{
    size_t names = 0;
    GElf_Shdr header;

    elf_getshdrstrndx(e, &names);
    for (Elf_Scn *s = elf_nextscn(e, NULL); s; s = elf_nextscn(e, s)) {
        const char *name = gelf_getshdr(s, &header) ? elf_strptr(e, names, header.sh_name) : NULL;
        if (!name || strcmp(name, ".text"))
            continue;
        Elf_Data *d = elf_getdata(s, NULL);
        for (size_t at = 0; d && at + INSN_MAX <= d->d_size;)
            at += compare((const uint8_t *)d->d_buf + at, true);
        return d != NULL;
    }
    return false;
}

/* The 32-bit code of the ELF file NAME; the exit status of the program. */
static inline int sweep_file(const char *name, compare_fn *compare)
{
    int fd = open(name, O_RDONLY);
    Elf *e = elf_version(EV_CURRENT) && fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    bool found = e && sweep_section(e, compare);

    if (found)
        printf("%s: %lu instructions, %lu unexplained differences\n", name, book.instructions,
               book.unexplained);
    else
        fprintf(stderr, "%s: not an ELF file with a .text section\n", name);
    elf_end(e);
    if (fd >= 0)
        close(fd);
    return !found || book.unexplained ? 1 : 0;
}

#endif
