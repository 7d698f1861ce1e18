/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atoms of one instruction out of a table of encodings, with registers, immediates and memory
 * operands as they come. What a row says of flags is SDM 1 appendix A. Read shift.c next.
 */
#include "tests/programs/gen.h"

enum form { RM, DIGIT, PLUS, FIXED };
enum traits {
    BYTE = 1,  /* byte operands */
    WORD = 2,  /* the memory operand has 2 bytes, whatever the register has */
    TO_RM = 4, /* writes the ModRM operand */
    FROM_RM = 8,
    TO_REG = 16, /* writes the register operand, or that in the opcode */
    LOCK = 32,
    MEM = 64,      /* memory only */
    ADDRESS = 256, /* the address alone counts */
    ONLY32 = 512,
    FULL = 2048,   /* the register has more than a byte */
    DOUBLE = 1024, /* 8 bytes of memory */
};

struct row {
    uint8_t map, opcode, last, form, digit,
        imm; /* imm: bytes, 4 is an operand's size but no more than 4 */
    uint16_t traits;
    uint16_t reads, defines, leaves; /* flags; leaves: undefined */
    uint8_t writes;                  /* registers that the encoding does not name, a bit each */
};

#define ANY_CC 0xffff /* reads: what the condition in the opcode reads */
#define LOGIC  F_ALL & ~F_A, F_A
#define ARITH(n, reads, ...)                                                                       \
    {0, (n)*8, 0, RM, 0, 0, BYTE | TO_RM | FROM_RM | LOCK, reads, __VA_ARGS__, 0},                 \
        {0, (n)*8 + 1, 0, RM, 0, 0, TO_RM | FROM_RM | LOCK, reads, __VA_ARGS__, 0},                \
        {0, (n)*8 + 2, 0, RM, 0, 0, BYTE | FROM_RM | TO_REG, reads, __VA_ARGS__, 0},               \
        {0, (n)*8 + 3, 0, RM, 0, 0, FROM_RM | TO_REG, reads, __VA_ARGS__, 0},                      \
        {0, (n)*8 + 4, 0, FIXED, 0, 1, BYTE, reads, __VA_ARGS__, 1},                               \
        {0, (n)*8 + 5, 0, FIXED, 0, 4, 0, reads, __VA_ARGS__, 1},                                  \
        {0, 0x80, 0, DIGIT, n, 1, BYTE | TO_RM | FROM_RM | LOCK, reads, __VA_ARGS__, 0},           \
        {0, 0x81, 0, DIGIT, n, 4, TO_RM | FROM_RM | LOCK, reads, __VA_ARGS__, 0},                  \
    {                                                                                              \
        0, 0x83, 0, DIGIT, n, 1, TO_RM | FROM_RM | LOCK, reads, __VA_ARGS__, 0                     \
    }
#define TO_A  (1u << EAX)
#define TO_AD (1u << EAX | 1u << EDX)

/* clang-format off */
static const struct row table[] = {
    ARITH(0, 0, F_ALL, 0), ARITH(1, 0, LOGIC), ARITH(2, F_C, F_ALL, 0), ARITH(3, F_C, F_ALL, 0),
    ARITH(4, 0, LOGIC), ARITH(5, 0, F_ALL, 0), ARITH(6, 0, LOGIC),
    {0, 0x38, 0, RM, 0, 0, BYTE | FROM_RM, 0, F_ALL, 0, 0}, {0, 0x39, 0, RM, 0, 0, FROM_RM, 0, F_ALL, 0, 0},
    {0, 0x3a, 0, RM, 0, 0, BYTE | FROM_RM, 0, F_ALL, 0, 0}, {0, 0x3b, 0, RM, 0, 0, FROM_RM, 0, F_ALL, 0, 0},
    {0, 0x3c, 0, FIXED, 0, 1, BYTE, 0, F_ALL, 0, 0}, {0, 0x3d, 0, FIXED, 0, 4, 0, 0, F_ALL, 0, 0},
    {0, 0x83, 0, DIGIT, 7, 1, FROM_RM, 0, F_ALL, 0, 0}, {0, 0x80, 0, DIGIT, 7, 1, BYTE | FROM_RM, 0, F_ALL, 0, 0},
    {0, 0x84, 0, RM, 0, 0, BYTE | FROM_RM, 0, LOGIC, 0}, {0, 0x85, 0, RM, 0, 0, FROM_RM, 0, LOGIC, 0},
    {0, 0xa8, 0, FIXED, 0, 1, BYTE, 0, LOGIC, 0}, {0, 0xa9, 0, FIXED, 0, 4, 0, 0, LOGIC, 0},
    {0, 0xf6, 0, DIGIT, 0, 1, BYTE | FROM_RM, 0, LOGIC, 0}, {0, 0xf7, 0, DIGIT, 0, 4, FROM_RM, 0, LOGIC, 0},
    {0, 0x86, 0, RM, 0, 0, BYTE | FROM_RM | TO_RM | TO_REG | LOCK, 0, 0, 0, 0},
    {0, 0x87, 0, RM, 0, 0, FROM_RM | TO_RM | TO_REG | LOCK, 0, 0, 0, 0},
    {0, 0x88, 0, RM, 0, 0, BYTE | TO_RM, 0, 0, 0, 0}, {0, 0x89, 0, RM, 0, 0, TO_RM, 0, 0, 0, 0},
    {0, 0x8a, 0, RM, 0, 0, BYTE | FROM_RM | TO_REG, 0, 0, 0, 0}, {0, 0x8b, 0, RM, 0, 0, FROM_RM | TO_REG, 0, 0, 0, 0},
    {0, 0x89, 0, RM, 0, 0, TO_RM, 0, 0, 0, 0}, {0, 0x8b, 0, RM, 0, 0, FROM_RM | TO_REG, 0, 0, 0, 0},
    {0, 0x8d, 0, RM, 0, 0, MEM | ADDRESS | TO_REG, 0, 0, 0, 0},
    {0, 0xc6, 0, DIGIT, 0, 1, BYTE | TO_RM, 0, 0, 0, 0}, {0, 0xc7, 0, DIGIT, 0, 4, TO_RM, 0, 0, 0, 0},
    {0, 0xb0, 0xb7, PLUS, 0, 1, BYTE | TO_REG, 0, 0, 0, 0}, {0, 0xb8, 0xbf, PLUS, 0, 4, TO_REG, 0, 0, 0, 0},
    {0, 0x40, 0x47, PLUS, 0, 0, TO_REG, 0, F_ALL & ~F_C, 0, 0}, {0, 0x48, 0x4f, PLUS, 0, 0, TO_REG, 0, F_ALL & ~F_C, 0, 0},
    {0, 0xfe, 0, DIGIT, 0, 0, BYTE | TO_RM | FROM_RM | LOCK, 0, F_ALL & ~F_C, 0, 0},
    {0, 0xfe, 0, DIGIT, 1, 0, BYTE | TO_RM | FROM_RM | LOCK, 0, F_ALL & ~F_C, 0, 0},
    {0, 0xff, 0, DIGIT, 0, 0, TO_RM | FROM_RM | LOCK, 0, F_ALL & ~F_C, 0, 0},
    {0, 0xff, 0, DIGIT, 1, 0, TO_RM | FROM_RM | LOCK, 0, F_ALL & ~F_C, 0, 0},
    {0, 0xf6, 0, DIGIT, 2, 0, BYTE | TO_RM | FROM_RM | LOCK, 0, 0, 0, 0}, {0, 0xf7, 0, DIGIT, 2, 0, TO_RM | FROM_RM | LOCK, 0, 0, 0, 0},
    {0, 0xf6, 0, DIGIT, 3, 0, BYTE | TO_RM | FROM_RM | LOCK, 0, F_ALL, 0, 0}, {0, 0xf7, 0, DIGIT, 3, 0, TO_RM | FROM_RM | LOCK, 0, F_ALL, 0, 0},
    {0, 0xf6, 0, DIGIT, 4, 0, BYTE | FROM_RM, 0, F_C | F_O, F_ALL & ~(F_C | F_O), TO_A},
    {0, 0xf7, 0, DIGIT, 4, 0, FROM_RM, 0, F_C | F_O, F_ALL & ~(F_C | F_O), TO_AD},
    {0, 0xf6, 0, DIGIT, 5, 0, BYTE | FROM_RM, 0, F_C | F_O, F_ALL & ~(F_C | F_O), TO_A},
    {0, 0xf7, 0, DIGIT, 5, 0, FROM_RM, 0, F_C | F_O, F_ALL & ~(F_C | F_O), TO_AD},
    {0, 0x69, 0, RM, 0, 4, FROM_RM | TO_REG, 0, F_C | F_O, F_ALL & ~(F_C | F_O), 0},
    {0, 0x6b, 0, RM, 0, 1, FROM_RM | TO_REG, 0, F_C | F_O, F_ALL & ~(F_C | F_O), 0},
    {1, 0xaf, 0, RM, 0, 0, FROM_RM | TO_REG, 0, F_C | F_O, F_ALL & ~(F_C | F_O), 0},
    {0, 0x90, 0x97, PLUS, 0, 0, TO_REG, 0, 0, 0, TO_A}, {0, 0x98, 0, FIXED, 0, 0, 0, 0, 0, 0, TO_A},
    {0, 0x99, 0, FIXED, 0, 0, 0, 0, 0, 0, TO_AD},
    {0, 0xf5, 0, FIXED, 0, 0, 0, F_C, F_C, 0, 0}, {0, 0xf8, 0xf9, FIXED, 0, 0, 0, 0, F_C, 0, 0}, {0, 0xfc, 0xfd, FIXED, 0, 0, 0, 0, 0, 0, 0},
    {0, 0x9e, 0, FIXED, 0, 0, 0, 0, F_ALL & ~F_O, 0, 0}, {0, 0x9f, 0, FIXED, 0, 0, 0, F_ALL & ~F_O, 0, 0, TO_A},
    {0, 0xd6, 0, FIXED, 0, 0, 0, F_C, 0, 0, TO_A},
    {0, 0x27, 0, FIXED, 0, 0, 0, F_C | F_A, F_ALL & ~F_O, F_O, TO_A}, {0, 0x2f, 0, FIXED, 0, 0, 0, F_C | F_A, F_ALL & ~F_O, F_O, TO_A},
    {0, 0x37, 0, FIXED, 0, 0, 0, F_A, F_A | F_C, F_O | F_S | F_Z | F_P, TO_A},
    {0, 0x3f, 0, FIXED, 0, 0, 0, F_A, F_A | F_C, F_O | F_S | F_Z | F_P, TO_A},
    {0, 0xd4, 0, FIXED, 0, 1, BYTE, 0, F_S | F_Z | F_P, F_O | F_A | F_C, TO_A},
    {0, 0xd5, 0, FIXED, 0, 1, BYTE, 0, F_S | F_Z | F_P, F_O | F_A | F_C, TO_A},
    {1, 0x40, 0x4f, RM, 0, 0, FROM_RM | TO_REG, ANY_CC, 0, 0, 0}, {1, 0x40, 0x4f, RM, 0, 0, FROM_RM | TO_REG, ANY_CC, 0, 0, 0},
    {1, 0x90, 0x9f, DIGIT, 0, 0, BYTE | TO_RM, ANY_CC, 0, 0, 0}, {1, 0x90, 0x9f, DIGIT, 0, 0, BYTE | TO_RM, ANY_CC, 0, 0, 0},
    {1, 0xb0, 0, RM, 0, 0, BYTE | FROM_RM | TO_RM | LOCK, 0, F_ALL, 0, TO_A}, {1, 0xb1, 0, RM, 0, 0, FROM_RM | TO_RM | LOCK, 0, F_ALL, 0, TO_A},
    {1, 0xc0, 0, RM, 0, 0, BYTE | FROM_RM | TO_RM | TO_REG | LOCK, 0, F_ALL, 0, 0},
    {1, 0xc1, 0, RM, 0, 0, FROM_RM | TO_RM | TO_REG | LOCK, 0, F_ALL, 0, 0},
    {1, 0xb6, 0, RM, 0, 0, BYTE | FROM_RM | TO_REG | FULL, 0, 0, 0, 0}, {1, 0xbe, 0, RM, 0, 0, BYTE | FROM_RM | TO_REG | FULL, 0, 0, 0, 0},
    {1, 0xb7, 0, RM, 0, 0, WORD | FROM_RM | TO_REG, 0, 0, 0, 0}, {1, 0xbf, 0, RM, 0, 0, WORD | FROM_RM | TO_REG, 0, 0, 0, 0},
    {1, 0xc8, 0xcf, PLUS, 0, 0, TO_REG | ONLY32, 0, 0, 0, 0},
    {1, 0xc7, 0, DIGIT, 1, 0, DOUBLE | FROM_RM | TO_RM | MEM | LOCK, 0, F_Z, 0, TO_AD},
    {1, 0x1f, 0, DIGIT, 0, 0, ADDRESS, 0, 0, 0, 0}, {0, 0xa0, 0xa3, FIXED, 0, 0, 0, 0, 0, 0, TO_A},
};
/* clang-format on */

/* The flags that a condition reads. */
static uint32_t condition_reads(uint32_t opcode)
{
    static const uint16_t reads[8] = {F_O, F_C, F_Z,       F_C | F_Z,
                                      F_S, F_P, F_S | F_O, F_Z | F_S | F_O};
    return reads[opcode >> 1 & 7];
}

static uint32_t access_of(const struct row *r)
{
    return (r->traits & FROM_RM ? M_READ : 0) | (r->traits & TO_RM ? M_WRITE : 0) |
           (r->traits & ADDRESS ? M_TAME : 0);
}

/* A register for an operand that is written; of byte registers 4 to 7 are the upper halves of 0
 * to 3. */
static uint32_t written(struct gen *g, const struct row *r, uint32_t without)
{
    if (!(r->traits & BYTE) || r->traits & FULL)
        return free_register(g, without);
    uint32_t reg;
    do
        reg = free_register(g, without);
    while (reg > EBX);
    return reg + (once_in(g, 3) ? 4 : 0);
}

static uint32_t read(struct gen *g, const struct row *r)
{
    return r->traits & BYTE && !(r->traits & FULL) ? below(g, 8) : any_register(g);
}

static void immediate(struct gen *g, const struct row *r, uint32_t size)
{
    uint32_t bytes = r->imm == 4 ? size : r->imm;
    uint32_t value = once_in(g, 3)   ? below(g, 4) - 1
                     : once_in(g, 2) ? 1u << below(g, 32)
                                     : any32(g);
    if (bytes)
        put_n(g, value, bytes);
}

static void emit_opcode(struct gen *g, const struct row *r, uint32_t opcode, uint32_t size)
{
    operand_size(g, size);
    if (r->map)
        put(g, 0x0f);
    put(g, opcode);
}

static uint32_t opcode_of(struct gen *g, const struct row *r)
{
    return r->last ? r->opcode + below(g, r->last - r->opcode + 1u) : r->opcode;
}

static void with_memory(struct gen *g, const struct row *r, uint32_t opcode, uint32_t size)
{
    struct memory m;
    /* TCG has other flags where an instruction that reads them faults. */
    uint32_t access = access_of(r) | (g->choice->direct && r->reads ? M_TAME : 0);
    uint32_t bytes = r->traits & DOUBLE ? 8 : r->traits & WORD ? 2 : r->traits & BYTE ? 1 : size;
    memory_choose(g, &m, bytes, access, 0);
    uint32_t reg = r->form == DIGIT ? r->digit : r->traits & TO_REG ? written(g, r, 0) : read(g, r);
    /* LOCK wants memory that is written, and no comparison. */
    if (r->traits & LOCK && once_in(g, 6))
        put(g, 0xf0);
    memory_prefixes(g, &m);
    emit_opcode(g, r, opcode, size);
    memory_modrm(g, &m, reg);
    immediate(g, r, size);
}

static void with_register(struct gen *g, const struct row *r, uint32_t opcode, uint32_t size)
{
    uint32_t rm = r->traits & TO_RM ? written(g, r, 0) : read(g, r);
    uint32_t reg = r->form == DIGIT ? r->digit : r->traits & TO_REG ? written(g, r, 0) : read(g, r);
    emit_opcode(g, r, opcode, size);
    put(g, 0xc0 | reg << 3 | rm);
    immediate(g, r, size);
}

/* MOV between EAX and an address that the instruction holds. */
static void moffs(struct gen *g, uint32_t opcode)
{
    uint32_t size = opcode & 1 ? one_of(g, 2, 4) : 1;
    struct memory m;
    memory_place(g, &m, size, opcode & 2 ? M_WRITE : M_READ);
    if (g->mode.bits == 16 && m.offset > 0xffff)
        put(g, 0x67);
    put(g, segment_prefix[m.segment]);
    operand_size(g, size);
    put(g, opcode);
    put_n(g, m.offset, g->mode.bits == 16 && m.offset <= 0xffff ? 2 : 4);
}

/* TCG spoils flags where SETcc or CMOVcc meets a page fault, be it one of the shadow's. */
static bool memory_allowed(const struct gen *g, const struct row *r)
{
    return !(g->choice->direct && r->reads == ANY_CC);
}

static void emit_row(struct gen *g, const struct row *r)
{
    uint32_t opcode = opcode_of(g, r), size = once_in(g, 4) != (g->mode.bits == 16) ? 2 : 4;
    if (r->traits & ONLY32)
        size = 4;
    if (r->traits & DOUBLE)
        size = g->mode.bits / 8; /* no prefix */
    use_flags(g, r->reads == ANY_CC ? condition_reads(opcode) : r->reads);
    if (r->form == PLUS) {
        uint32_t reg = written(g, r, 0);
        emit_opcode(g, r, (r->opcode & 0xf8u) + reg, size);
        immediate(g, r, size);
    } else if (r->form == FIXED) {
        if (r->map == 0 && opcode >= 0xa0 && opcode <= 0xa3) {
            moffs(g, opcode);
            return;
        }
        emit_opcode(g, r, opcode, r->traits & BYTE || size == 0 ? 1 : size);
        immediate(g, r, size);
    } else if (r->traits & MEM || (!once_in(g, 2) && memory_allowed(g, r))) {
        with_memory(g, r, opcode, size);
    } else {
        with_register(g, r, opcode, size);
    }
    set_flags(g, r->defines, r->leaves);
}

void atom_plain(struct gen *g)
{
    struct atom outer = atom_begin(g);
    const struct row *r;
    do
        r = &table[below(g, sizeof(table) / sizeof(table[0]))];
    while (r->writes & g->reserved ||
           (g->choice->direct && r->traits & DOUBLE)); /* TCG spoils flags */
    emit_row(g, r);
    atom_end(g, outer);
}
