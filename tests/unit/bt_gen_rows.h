/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The encodings that the lock-step test's generator (bt_gen.c) chooses from.
 */
#ifndef RING1_TEST_BT_GEN_ROWS_H
#define RING1_TEST_BT_GEN_ROWS_H

#include "monitor/types.h"

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

#endif
