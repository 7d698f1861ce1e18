/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The generator (bt_gen.h): a table of encodings, and one function that builds a ModRM operand for
 * an address that has been chosen before, so that base, index and displacement may be anything.
 */
#include "tests/unit/bt_gen.h"

#include <string.h>

#include "tests/unit/bt_world.h"

enum form { RM, DIGIT, PLUS, FIXED, MOFFS };
enum traits {
    BYTE = 1, /* byte operands */
    P66 = 2,  /* has a 16-bit form */
    LOCK = 4,
    MEM = 8,    /* memory only */
    REG = 16,   /* register only */
    READS = 32, /* the operand is only read: CS: will do */
    BITS = 64,  /* the register is a bit offset */
    ANY = 128,  /* the address alone is used */
    A16 = 256,  /* 16-byte aligned */
    FPU = 512,
    UNDEF = 1024, /* leaves flags undefined: a comparison follows that defines them */
};

/* clang-format off */
struct row {
    uint8_t prefix;   /* mandatory */
    uint8_t map, opcode, last; /* opcodes opcode..last */
    uint8_t form, digit, imm; /* imm: bytes, 4 shrinks to 2 with 66; digit 8: any */
    uint16_t traits;
};

static const struct row table[] = {
#define ARITH(n) {0, 0, (n) * 8, (n) * 8, RM, 0, 0, BYTE | LOCK}, \
    {0, 0, (n) * 8 + 1, (n) * 8 + 1, RM, 0, 0, P66 | LOCK}, \
    {0, 0, (n) * 8 + 2, (n) * 8 + 2, RM, 0, 0, BYTE | READS}, \
    {0, 0, (n) * 8 + 3, (n) * 8 + 3, RM, 0, 0, P66 | READS}, \
    {0, 0, (n) * 8 + 4, (n) * 8 + 4, FIXED, 0, 1, 0}, \
    {0, 0, (n) * 8 + 5, (n) * 8 + 5, FIXED, 0, 4, P66}
    ARITH(0), ARITH(1), ARITH(2), ARITH(3), ARITH(4), ARITH(5), ARITH(6), ARITH(7),
    {0, 0, 0x80, 0x80, DIGIT, 8, 1, BYTE | LOCK}, {0, 0, 0x82, 0x82, DIGIT, 8, 1, BYTE},
    {0, 0, 0x81, 0x81, DIGIT, 8, 4, P66 | LOCK}, {0, 0, 0x83, 0x83, DIGIT, 8, 1, P66 | LOCK},
    {0, 0, 0x84, 0x84, RM, 0, 0, BYTE | READS}, {0, 0, 0x85, 0x85, RM, 0, 0, P66 | READS},
    {0, 0, 0x86, 0x86, RM, 0, 0, BYTE | LOCK}, {0, 0, 0x87, 0x87, RM, 0, 0, P66 | LOCK},
    {0, 0, 0x88, 0x88, RM, 0, 0, BYTE}, {0, 0, 0x89, 0x89, RM, 0, 0, P66},
    {0, 0, 0x8a, 0x8a, RM, 0, 0, BYTE | READS}, {0, 0, 0x8b, 0x8b, RM, 0, 0, P66 | READS},
    {0, 0, 0x8b, 0x8b, RM, 0, 0, READS}, {0, 0, 0x89, 0x89, RM, 0, 0, 0},
    {0, 0, 0x8d, 0x8d, RM, 0, 0, P66 | MEM | ANY},
    {0, 0, 0x90, 0x97, PLUS, 0, 0, P66}, {0, 0, 0x98, 0x99, FIXED, 0, 0, P66},
    {0, 0, 0xa0, 0xa0, MOFFS, 0, 0, READS}, {0, 0, 0xa1, 0xa1, MOFFS, 0, 0, READS | P66},
    {0, 0, 0xa2, 0xa2, MOFFS, 0, 0, 0}, {0, 0, 0xa3, 0xa3, MOFFS, 0, 0, P66},
    {0, 0, 0xa8, 0xa8, FIXED, 0, 1, 0}, {0, 0, 0xa9, 0xa9, FIXED, 0, 4, P66},
    {0, 0, 0xb0, 0xb7, PLUS, 0, 1, BYTE}, {0, 0, 0xb8, 0xbf, PLUS, 0, 4, P66},
    {0, 0, 0xc0, 0xc0, DIGIT, 8, 1, BYTE | UNDEF}, {0, 0, 0xc1, 0xc1, DIGIT, 8, 1, P66 | UNDEF},
    {0, 0, 0xd0, 0xd0, DIGIT, 8, 0, BYTE | UNDEF}, {0, 0, 0xd1, 0xd1, DIGIT, 8, 0, P66 | UNDEF},
    {0, 0, 0xd2, 0xd2, DIGIT, 8, 0, BYTE | UNDEF}, {0, 0, 0xd3, 0xd3, DIGIT, 8, 0, P66 | UNDEF},
    {0, 0, 0xc6, 0xc6, DIGIT, 0, 1, BYTE}, {0, 0, 0xc7, 0xc7, DIGIT, 0, 4, P66},
    {0, 0, 0xf5, 0xf5, FIXED, 0, 0, 0}, {0, 0, 0xf8, 0xf9, FIXED, 0, 0, 0},
    {0, 0, 0xfc, 0xfd, FIXED, 0, 0, 0}, {0, 0, 0xfa, 0xfb, FIXED, 0, 0, 0},
    {0, 0, 0xfa, 0xfb, FIXED, 0, 0, 0},
    {0, 0, 0xf6, 0xf6, DIGIT, 0, 1, BYTE | READS}, {0, 0, 0xf7, 0xf7, DIGIT, 1, 4, P66 | READS},
    {0, 0, 0xf6, 0xf6, DIGIT, 2, 0, BYTE | LOCK}, {0, 0, 0xf7, 0xf7, DIGIT, 3, 0, P66 | LOCK},
    {0, 0, 0xf6, 0xf6, DIGIT, 4, 0, BYTE | READS | UNDEF}, {0, 0, 0xf7, 0xf7, DIGIT, 4, 0, P66 | READS | UNDEF},
    {0, 0, 0xf6, 0xf6, DIGIT, 5, 0, BYTE | READS | UNDEF}, {0, 0, 0xf7, 0xf7, DIGIT, 5, 0, P66 | READS | UNDEF},
    {0, 0, 0xf6, 0xf6, DIGIT, 6, 0, BYTE | READS | UNDEF}, {0, 0, 0xf7, 0xf7, DIGIT, 6, 0, P66 | READS | UNDEF},
    {0, 0, 0xf6, 0xf6, DIGIT, 7, 0, BYTE | READS | UNDEF}, {0, 0, 0xf7, 0xf7, DIGIT, 7, 0, P66 | READS | UNDEF},
    {0, 0, 0xfe, 0xfe, DIGIT, 0, 0, BYTE | LOCK}, {0, 0, 0xfe, 0xfe, DIGIT, 1, 0, BYTE | LOCK},
    {0, 0, 0xff, 0xff, DIGIT, 0, 0, P66 | LOCK}, {0, 0, 0xff, 0xff, DIGIT, 1, 0, P66 | LOCK},
    {0, 0, 0x40, 0x4f, PLUS, 0, 0, P66}, {0, 0, 0x40, 0x4f, PLUS, 0, 0, 0},
    {0, 0, 0x69, 0x69, RM, 0, 4, P66 | READS | UNDEF}, {0, 0, 0x6b, 0x6b, RM, 0, 1, P66 | READS | UNDEF},
    {0, 1, 0x40, 0x4f, RM, 0, 0, P66 | READS}, {0, 1, 0x90, 0x9f, DIGIT, 0, 0, BYTE},
    {0, 1, 0xa3, 0xa3, RM, 0, 0, P66 | BITS | READS | UNDEF}, {0, 1, 0xab, 0xab, RM, 0, 0, P66 | BITS | LOCK | UNDEF},
    {0, 1, 0xb3, 0xb3, RM, 0, 0, P66 | BITS | LOCK | UNDEF}, {0, 1, 0xbb, 0xbb, RM, 0, 0, P66 | BITS | LOCK | UNDEF},
    {0, 1, 0xba, 0xba, DIGIT, 4, 1, P66 | READS | UNDEF}, {0, 1, 0xba, 0xba, DIGIT, 5, 1, P66 | LOCK | UNDEF},
    {0, 1, 0xba, 0xba, DIGIT, 6, 1, P66 | LOCK | UNDEF}, {0, 1, 0xba, 0xba, DIGIT, 7, 1, P66 | LOCK | UNDEF},
    {0, 1, 0xa4, 0xa4, RM, 0, 1, P66 | UNDEF}, {0, 1, 0xac, 0xac, RM, 0, 1, P66 | UNDEF},
    {0, 1, 0xa5, 0xa5, RM, 0, 0, P66 | UNDEF}, {0, 1, 0xad, 0xad, RM, 0, 0, P66 | UNDEF},
    {0, 1, 0xaf, 0xaf, RM, 0, 0, P66 | READS | UNDEF},
    {0, 1, 0xb0, 0xb0, RM, 0, 0, BYTE | LOCK}, {0, 1, 0xb1, 0xb1, RM, 0, 0, P66 | LOCK},
    {0, 1, 0xc0, 0xc0, RM, 0, 0, BYTE | LOCK}, {0, 1, 0xc1, 0xc1, RM, 0, 0, P66 | LOCK},
    {0, 1, 0xb6, 0xb7, RM, 0, 0, P66 | READS}, {0, 1, 0xbe, 0xbf, RM, 0, 0, P66 | READS},
    {0, 1, 0xb6, 0xb6, RM, 0, 0, READS}, {0, 1, 0xbe, 0xbe, RM, 0, 0, READS},
    {0, 1, 0xbc, 0xbd, RM, 0, 0, P66 | READS | UNDEF}, {0xf3, 1, 0xbc, 0xbd, RM, 0, 0, READS | UNDEF},
    {0, 1, 0xc8, 0xcf, PLUS, 0, 0, 0}, {0, 1, 0xc7, 0xc7, DIGIT, 1, 0, LOCK | MEM},
    {0, 1, 0xc3, 0xc3, RM, 0, 0, MEM}, {0xf3, 1, 0xb8, 0xb8, RM, 0, 0, READS},
    {0xf2, 2, 0xf0, 0xf1, RM, 0, 0, READS}, {0, 1, 0x1f, 0x1f, DIGIT, 0, 0, P66},
    {0, 1, 0x18, 0x18, DIGIT, 1, 0, MEM}, {0, 1, 0x0d, 0x0d, DIGIT, 1, 0, MEM},
    {0xf3, 0, 0x90, 0x90, FIXED, 0, 0, 0}, {0, 1, 0xae, 0xae, DIGIT, 5, 0, REG},
    /* stack */
    {0, 0, 0x50, 0x5f, PLUS, 0, 0, P66}, {0, 0, 0x50, 0x57, PLUS, 0, 0, 0},
    {0, 0, 0x50, 0x5f, PLUS, 0, 0, 0}, {0, 0, 0x50, 0x5f, PLUS, 0, 0, 0},
    {0, 0, 0x54, 0x54, FIXED, 0, 0, 0}, {0, 0, 0x5c, 0x5c, FIXED, 0, 0, 0},
    {0, 0, 0x68, 0x68, FIXED, 0, 4, P66}, {0, 0, 0x6a, 0x6a, FIXED, 0, 1, P66},
    {0, 0, 0xff, 0xff, DIGIT, 6, 0, P66 | READS}, {0, 0, 0x8f, 0x8f, DIGIT, 0, 0, P66},
    {0, 0, 0xff, 0xff, DIGIT, 6, 0, READS}, {0, 0, 0x8f, 0x8f, DIGIT, 0, 0, 0},
    {0, 0, 0xc9, 0xc9, FIXED, 0, 0, 0}, {0, 0, 0xc9, 0xc9, FIXED, 0, 0, 0},
    {0, 0, 0x9c, 0x9c, FIXED, 0, 0, P66}, {0, 0, 0x9c, 0x9c, FIXED, 0, 0, 0},
    {0, 0, 0x06, 0x06, FIXED, 0, 0, P66}, {0, 0, 0x0e, 0x0e, FIXED, 0, 0, 0},
    {0, 0, 0x16, 0x16, FIXED, 0, 0, 0}, {0, 0, 0x1e, 0x1e, FIXED, 0, 0, 0},
    {0, 1, 0xa0, 0xa0, FIXED, 0, 0, 0}, {0, 1, 0xa8, 0xa8, FIXED, 0, 0, 0},
    {0, 0, 0x60, 0x61, FIXED, 0, 0, 0}, {0, 0, 0x8c, 0x8c, DIGIT, 1, 0, P66},
    {0, 0, 0x8c, 0x8c, DIGIT, 3, 0, 0}, {0, 0, 0x8c, 0x8c, DIGIT, 5, 0, 0},
    {0, 1, 0x20, 0x20, DIGIT, 0, 0, REG}, {0, 1, 0x20, 0x20, DIGIT, 2, 0, REG},
    {0, 1, 0x20, 0x20, DIGIT, 3, 0, REG}, {0, 1, 0x20, 0x20, DIGIT, 4, 0, REG},
    /* callouts */
    {0, 0, 0x27, 0x27, FIXED, 0, 0, 0}, {0, 0, 0x9e, 0x9f, FIXED, 0, 0, 0},
    {0, 0, 0x9d, 0x9d, FIXED, 0, 0, 0}, {0, 0, 0xd6, 0xd6, FIXED, 0, 0, 0},
    /* x87, MMX, SSE */
    {0, 0, 0xd8, 0xd8, DIGIT, 8, 0, FPU | READS}, {0, 0, 0xd9, 0xd9, DIGIT, 0, 0, FPU | READS},
    {0, 0, 0xd9, 0xd9, DIGIT, 2, 0, FPU | MEM}, {0, 0, 0xd9, 0xd9, DIGIT, 3, 0, FPU | MEM},
    {0, 0, 0xd9, 0xd9, DIGIT, 7, 0, FPU | MEM}, {0, 0, 0xda, 0xda, DIGIT, 8, 0, FPU | MEM | READS},
    {0, 0, 0xda, 0xda, DIGIT, 0, 0, FPU | REG}, {0, 0, 0xdb, 0xdb, DIGIT, 5, 0, FPU | READS},
    {0, 0, 0xdb, 0xdb, DIGIT, 7, 0, FPU | MEM}, {0, 0, 0xdb, 0xdb, DIGIT, 2, 0, FPU | MEM},
    {0, 0, 0xdc, 0xdc, DIGIT, 8, 0, FPU | MEM | READS}, {0, 0, 0xdd, 0xdd, DIGIT, 0, 0, FPU | MEM | READS},
    {0, 0, 0xdd, 0xdd, DIGIT, 3, 0, FPU | MEM}, {0, 0, 0xdd, 0xdd, DIGIT, 7, 0, FPU | MEM},
    {0, 0, 0xdf, 0xdf, DIGIT, 5, 0, FPU}, {0, 0, 0xdf, 0xdf, DIGIT, 7, 0, FPU | MEM},
    {0, 1, 0x10, 0x11, RM, 0, 0, FPU}, {0xf3, 1, 0x10, 0x11, RM, 0, 0, FPU},
    {0xf2, 1, 0x10, 0x11, RM, 0, 0, FPU}, {0x66, 1, 0x12, 0x13, RM, 0, 0, FPU | MEM},
    {0, 1, 0x28, 0x29, RM, 0, 0, FPU | A16}, {0, 1, 0x2b, 0x2b, RM, 0, 0, FPU | A16 | MEM},
    {0xf3, 1, 0x2a, 0x2a, RM, 0, 0, FPU | READS}, {0xf2, 1, 0x2a, 0x2a, RM, 0, 0, FPU | READS},
    {0xf3, 1, 0x2c, 0x2d, RM, 0, 0, FPU | READS}, {0, 1, 0x2e, 0x2f, RM, 0, 0, FPU | READS},
    {0, 1, 0x50, 0x50, RM, 0, 0, FPU | REG}, {0, 1, 0x54, 0x59, RM, 0, 0, FPU | A16 | READS},
    {0x66, 1, 0xd4, 0xd6, RM, 0, 0, FPU | A16}, {0, 1, 0x60, 0x6b, RM, 0, 0, FPU | READS},
    {0, 1, 0x6e, 0x6e, RM, 0, 0, FPU | READS}, {0x66, 1, 0x6e, 0x6e, RM, 0, 0, FPU | READS},
    {0, 1, 0x7e, 0x7e, RM, 0, 0, FPU}, {0x66, 1, 0x7e, 0x7e, RM, 0, 0, FPU},
    {0xf3, 1, 0x7e, 0x7e, RM, 0, 0, FPU | READS}, {0x66, 1, 0x6f, 0x6f, RM, 0, 0, FPU | A16 | READS},
    {0xf3, 1, 0x6f, 0x6f, RM, 0, 0, FPU | READS}, {0xf3, 1, 0x7f, 0x7f, RM, 0, 0, FPU},
    {0, 1, 0x6f, 0x6f, RM, 0, 0, FPU | READS}, {0, 1, 0x7f, 0x7f, RM, 0, 0, FPU},
    {0x66, 1, 0x70, 0x70, RM, 0, 1, FPU | A16 | READS}, {0, 1, 0xc4, 0xc4, RM, 0, 1, FPU | READS},
    {0x66, 1, 0xc5, 0xc5, RM, 0, 1, FPU | REG}, {0, 1, 0xc6, 0xc6, RM, 0, 1, FPU | A16 | READS},
    {0, 1, 0xae, 0xae, DIGIT, 3, 0, FPU | MEM}, {0x66, 2, 0x00, 0x0b, RM, 0, 0, FPU | A16 | READS},
    {0x66, 3, 0x16, 0x16, RM, 0, 1, FPU}, {0x66, 1, 0x72, 0x72, DIGIT, 2, 1, FPU | REG},
};
/* clang-format on */

uint32_t gen_random(struct gen *g, uint32_t below)
{
    g->seed = g->seed * 6364136223846793005u + 1442695040888963407u;
    uint32_t r = (uint32_t)(g->seed >> 32);
    return below ? r % below : r;
}

static void put(struct gen *g, uint32_t byte)
{
    g->at[g->len++] = (uint8_t)byte;
}

static void put_n(struct gen *g, uint32_t value, unsigned bytes)
{
    for (unsigned n = 0; n < bytes; n++)
        put(g, value >> 8 * n);
}

static uint32_t gen_address(struct gen *g, bool aligned)
{
    uint32_t data = BT_DATA + gen_random(g, BT_DATA_PAGES * PAGE_SIZE - 16);
    if (gen_random(g, 8) == 0)
        data = (BT_DATA + PAGE_SIZE * (1 + gen_random(g, 2))) - 1 - gen_random(g, 4);
    else if (gen_random(g, 6) == 0)
        data = BT_STACK + PAGE_SIZE - 64 + gen_random(g, 128);
    return aligned ? data & ~15u : data;
}

/* A segment for the operand: its prefix byte into the code, its base out. */
static uint32_t gen_segment(struct gen *g, bool reads, unsigned base_reg)
{
    static const uint8_t prefix[S_COUNT] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    unsigned seg = gen_random(g, 20);
    if (seg < S_COUNT && (seg != S_CS || reads)) {
        put(g, prefix[seg]);
        return g->v->seg[seg].base;
    }
    return g->v->seg[base_reg == R_ESP || base_reg == R_EBP ? S_SS : S_DS].base;
}

struct operand_shape {
    unsigned base, index, scale;
};

static void shape(struct gen *g, struct operand_shape *s)
{
    s->base = gen_random(g, 5) ? gen_random(g, 8) : R_NONE;
    s->index = gen_random(g, 3) ? R_NONE : gen_random(g, 8);
    s->scale = gen_random(g, 4);
    if (s->index == R_ESP)
        s->index = R_NONE;
}

/* Where base and index are near by themselves, stay near: short displacements need tests too. */
static uint32_t gen_near(struct gen *g, uint32_t sum, uint32_t address)
{
    uint32_t near = sum + (gen_random(g, 3) ? gen_random(g, 64) - 32 : 0);
    bool data = near >= BT_DATA && near < BT_DATA + BT_DATA_PAGES * PAGE_SIZE - 16;
    bool stack = near >= BT_STACK + 64 && near < BT_STACK + BT_STACK_PAGES * PAGE_SIZE - 64;
    return (data || stack) && gen_random(g, 4) ? near : address;
}

static void put_modrm(struct gen *g, unsigned reg, const struct operand_shape *s, uint32_t disp)
{
    bool near = (int32_t)disp >= -128 && (int32_t)disp <= 127;
    unsigned mod = s->base == R_NONE           ? 0
                   : !disp && s->base != R_EBP ? gen_random(g, 2)
                   : near && gen_random(g, 4)  ? 1
                                               : 2;
    bool sib = s->index != R_NONE || s->base == R_ESP || gen_random(g, 8) == 0;
    unsigned base = s->base == R_NONE ? 5 : s->base;
    put(g, mod << 6 | reg << 3 | (sib ? 4 : base));
    if (sib)
        put(g, s->scale << 6 | (s->index == R_NONE ? 4 : s->index) << 3 | base);
    if (mod || s->base == R_NONE)
        put_n(g, disp, mod == 1 ? 1 : 4);
}

/* How far a bit offset in register REG moves the operand. */
static uint32_t bit_distance(const struct gen *g, unsigned reg, bool wide)
{
    int32_t offset = wide ? (int32_t)g->v->gpr[reg] : (int16_t)g->v->gpr[reg];
    return wide ? (uint32_t)(offset >> 5) * 4 : (uint32_t)(offset >> 4) * 2;
}

static void gen_prefixes(struct gen *g, const struct row *r, bool wide)
{
    if ((r->traits & LOCK) && gen_random(g, 12) == 0)
        put(g, 0xf0);
    if (!wide)
        put(g, 0x66);
    if (r->prefix)
        put(g, r->prefix);
}

static void put_opcode(struct gen *g, const struct row *r)
{
    if (r->map)
        put(g, 0x0f);
    if (r->map > 1)
        put(g, r->map == 2 ? 0x38 : 0x3a);
    put(g, r->opcode + gen_random(g, r->last - r->opcode + 1u));
}

static void gen_memory(struct gen *g, const struct row *r, unsigned reg, bool wide)
{
    struct operand_shape s;
    shape(g, &s);
    uint32_t seg = gen_segment(g, r->traits & READS, s.base);
    if (r->traits & ANY)
        seg = 0;
    gen_prefixes(g, r, wide);
    put_opcode(g, r);
    uint32_t sum = (s.base == R_NONE ? 0 : g->v->gpr[s.base]) +
                   (s.index == R_NONE ? 0 : g->v->gpr[s.index] << s.scale);
    uint32_t a = gen_near(g, sum + seg, gen_address(g, r->traits & A16));
    if (r->traits & A16)
        a &= ~15u;
    if (r->traits & BITS)
        a -= bit_distance(g, reg, wide);
    put_modrm(g, reg, &s, a - seg - sum);
}

static void gen_row(struct gen *g, const struct row *r)
{
    bool wide = !(r->traits & P66) || gen_random(g, 4);
    unsigned reg = r->form == DIGIT && r->digit < 8 ? r->digit : gen_random(g, 8);
    bool memory = r->traits & MEM || (!(r->traits & REG) && gen_random(g, 2));
    if ((r->form == RM || r->form == DIGIT) && memory) {
        gen_memory(g, r, reg, wide);
    } else if (r->form == MOFFS) {
        uint32_t base = gen_segment(g, r->traits & READS, R_EAX);
        gen_prefixes(g, r, wide);
        put_opcode(g, r);
        put_n(g, gen_address(g, false) - base, 4);
    } else {
        if (!wide)
            put(g, 0x66);
        if (r->prefix)
            put(g, r->prefix);
        put_opcode(g, r);
        if (r->form == RM || r->form == DIGIT)
            put(g, 0xc0 | reg << 3 | gen_random(g, 8));
    }
    if (r->imm) {
        uint32_t x = gen_random(g, 3) ? gen_random(g, 0) : gen_address(g, false);
        put_n(g, x, r->imm == 4 && !wide ? 2 : r->imm);
    }
}

static void gen_set(struct gen *g, unsigned reg, uint32_t value)
{
    put(g, 0xb8 + reg);
    put_n(g, value, 4);
}

/* Index registers into the data, a small count, and the operation. */
static void gen_string(struct gen *g)
{
    static const uint8_t ops[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
    uint32_t middle = BT_DATA + 2 * PAGE_SIZE;
    gen_set(g, R_ESI, middle - g->v->seg[S_DS].base + gen_random(g, 200) - 100);
    gen_set(g, R_EDI, middle - g->v->seg[S_ES].base + gen_random(g, 200) - 100);
    gen_set(g, R_ECX, gen_random(g, 3) ? gen_random(g, 12) : gen_random(g, 2));
    if (gen_random(g, 4) == 0)
        put(g, 0x36);
    if (gen_random(g, 3) == 0)
        put(g, 0x66);
    if (gen_random(g, 4))
        put(g, 0xf2 + gen_random(g, 2));
    put(g, ops[gen_random(g, ARRAY_SIZE(ops))]);
}

static unsigned gen_data_segment(struct gen *g)
{
    static const uint8_t sreg[] = {S_ES, S_DS, S_FS, S_GS};
    return sreg[gen_random(g, 4)];
}

static unsigned gen_selector(struct gen *g)
{
    static const uint8_t rare[] = {0, 0, 0x40, 0x48, 0x20};
    return gen_random(g, 3) ? 0x10 + 8 * gen_data_segment(g) : rare[gen_random(g, sizeof rare)];
}

/* What bt/system.c translates: flags and selectors from the stack. */
static void gen_system(struct gen *g)
{
    unsigned sreg = gen_data_segment(g);
    switch (gen_random(g, 4)) {
    case 0: /* push imm32 or pushf; popf */
        put(g, gen_random(g, 2) ? 0x9c : 0x68);
        if (g->at[g->len - 1] == 0x68)
            put_n(g, gen_random(g, 0) & (FL_ARITH | FL_DF | FL_IF | FL_ID), 4);
        put(g, 0x9d);
        break;
    case 1: /* mov sreg, ax */
        gen_set(g, R_EAX, gen_selector(g));
        put(g, 0x8e);
        put(g, 0xc0 | sreg << 3);
        break;
    case 2: /* push imm32; pop sreg */
        put(g, 0x68);
        put_n(g, gen_selector(g), 4);
        if (sreg >= S_FS)
            put(g, 0x0f);
        put(g, sreg >= S_FS ? 0xa1 | (sreg - S_FS) << 3 : 0x07 | sreg << 3);
        break;
    default: /* pushf; push cs; push imm32; iret to what is behind */
        put_n(g, 0x680e9c, 3);
        put_n(g, g->v->eip + (uint32_t)g->len + 5, 4);
        put(g, 0xcf);
        break;
    }
}

static void gen_special(struct gen *g)
{
    switch (gen_random(g, 10)) {
    case 6 ... 9:
        gen_system(g);
        break;
    case 0: /* xlat */
        gen_set(g, R_EBX, gen_address(g, false) - g->v->seg[S_DS].base);
        put(g, 0xd7);
        break;
    case 1: /* a register that points into the stack, so that ESP may become it */
        gen_set(g, gen_random(g, 4), BT_STACK + PAGE_SIZE - 256 + gen_random(g, 128) * 4);
        put_n(g, 0x9494, 2); /* xchg eax, esp; twice */
        break;
    case 2: /* leave needs a frame */
        gen_set(g, R_EBP, BT_STACK + PAGE_SIZE - 256 + gen_random(g, 128) * 4);
        put(g, 0xc9);
        break;
    case 3: /* maskmovdqu, maskmovq */
        gen_set(g, R_EDI, gen_address(g, false) - g->v->seg[S_DS].base);
        if (g->fpu && gen_random(g, 2))
            put(g, 0x66);
        put_n(g, g->fpu ? 0xca00f70fu | gen_random(g, 2) << 24 : 0x90, g->fpu ? 2 : 1);
        if (g->fpu)
            put(g, 0xc0 | gen_random(g, 64));
        break;
    case 4: /* sti and its shadow */
        put_n(g, 0x4340fbfa + (gen_random(g, 4) << 16), 4);
        break;
    default: /* a small number: a shift count, a bit offset, an index */
        gen_set(g, gen_random(g, 4), gen_random(g, 64));
        break;
    }
}

static void gen_any_row(struct gen *g)
{
    const struct row *r;
    do
        r = &table[gen_random(g, ARRAY_SIZE(table))];
    while ((r->traits & FPU) && !g->fpu);
    gen_row(g, r);
    if (r->traits & UNDEF) {
        put_n(g, 0x3c | gen_random(g, 0) << 8, 2); /* cmp al, imm8 */
    }
}

/* One to three rounds of something. */
static void gen_loop(struct gen *g)
{
    const struct vcpu *v = g->v;
    struct vcpu then = *v;
    then.gpr[R_ECX] = 1 + gen_random(g, 3);
    gen_set(g, R_ECX, then.gpr[R_ECX]);
    unsigned body = g->len;
    g->v = &then;
    gen_any_row(g);
    g->v = v;
    if (gen_random(g, 3) == 0)
        put(g, 0x90);
    if (gen_random(g, 2))
        put_n(g, 0x7549, 2); /* dec ecx; jnz */
    else
        put(g, 0xe0 + gen_random(g, 3));
    put(g, body - g->len - 1);
}

void gen_instruction(struct gen *g)
{
    unsigned kind = gen_random(g, 24);
    g->len = 0;
    if (kind == 0)
        gen_string(g);
    else if (kind < 3)
        gen_special(g);
    else if (kind < 5)
        gen_loop(g);
    else
        gen_any_row(g);
}

/* An indirect jump or call, MODE its /digit, to TARGET. */
static void gen_indirect(struct gen *g, unsigned mode, uint32_t target)
{
    static const struct row store = {0, 0, 0xc7, 0xc7, DIGIT, 0, 0, MEM};
    static const struct row jump = {0, 0, 0xff, 0xff, DIGIT, 4, 0, MEM | READS};
    unsigned reg = gen_random(g, 8);
    if (reg == R_ESP) { /* through memory, with one shape for both */
        struct operand_shape s;
        shape(g, &s);
        uint32_t sum = (s.base == R_NONE ? 0 : g->v->gpr[s.base]) +
                       (s.index == R_NONE ? 0 : g->v->gpr[s.index] << s.scale);
        uint32_t base = g->v->seg[s.base == R_ESP || s.base == R_EBP ? S_SS : S_DS].base;
        uint32_t disp = gen_address(g, false) - base - sum;
        put(g, store.opcode);
        put_modrm(g, 0, &s, disp);
        put_n(g, target, 4);
        put(g, jump.opcode);
        put_modrm(g, mode, &s, disp);
        return;
    }
    gen_set(g, reg, target);
    put(g, 0xff);
    put(g, 0xc0 | mode << 3 | reg);
}

void gen_jump(struct gen *g, uint32_t target, uint8_t forward)
{
    uint32_t from = g->v->eip;
    g->len = 0;
    switch (gen_random(g, 9)) {
    case 0:
        put(g, 0x70 + gen_random(g, 16));
        put(g, forward);
        break;
    case 1:
        put(g, 0x0f);
        put(g, 0x80 + gen_random(g, 16));
        put_n(g, target - from - 6, 4);
        break;
    case 2:
        put(g, 0xe0 + gen_random(g, 4));
        put(g, forward);
        break;
    case 3:
        put(g, 0xe9);
        put_n(g, target - from - 5, 4);
        break;
    case 4:
        put(g, 0xe8);
        put_n(g, target - from - 5, 4);
        break;
    case 5:
        put(g, 0x68);
        put_n(g, target, 4);
        put(g, gen_random(g, 2) ? 0xc3 : 0xc2);
        if (g->at[g->len - 1] == 0xc2)
            put_n(g, 4 * gen_random(g, 3), 2);
        break;
    case 6:
        put(g, gen_random(g, 2) ? 0xc3 : 0x90); /* to a caller, if there is one */
        break;
    default:
        gen_indirect(g, gen_random(g, 2) ? 2 : 4, target);
        break;
    }
}
