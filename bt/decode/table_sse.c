/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rows of the two-byte map that a mandatory prefix splits (SDM volume 2, table A-3):
 * columns without one, 66, F3, F2. MMX and SSE instructions have no names here, only
 * their operands, from which a memory access and the use of a GPR can be seen.
 */
#include "bt/decode/row.h"

/* clang-format off */
#define NONE R0(INVALID)
#define X2(a, b) R2(SSE, a, b)
#define X3(a, b, c) R3(SSE, a, b, c)
#define XST(a, b) ROW(SSE, a, b, _, A_STORE, 0)
#define XFL(a, b) ROW(SSE, a, b, _, A_FLAGS, 0)
#define M2(a, b) R2(MMX, a, b)
#define M3(a, b, c) R3(MMX, a, b, c)
#define MST(a, b) ROW(MMX, a, b, _, A_STORE, 0)
/* Packed and scalar forms of single and double precision; packed alone; MMX and SSE. */
#define PSPDSSSD {X2(Vdq, Wdq), X2(Vdq, Wdq), X2(Vdq, Wd), X2(Vdq, Wq)}
#define PSSS {X2(Vdq, Wdq), NONE, X2(Vdq, Wd)}
#define PSPD {X2(Vdq, Wdq), X2(Vdq, Wdq)}
#define BOTH {M2(Pq, Qq), X2(Vdq, Wdq)}

const struct row table_0f_sse[256][COL_COUNT] = {
    [0x10] = {X2(Vdq, Wu), X2(Vdq, Wu), X2(Vdq, Wd), X2(Vdq, Wq)},
    [0x11] = {XST(Wu, Vdq), XST(Wu, Vdq), XST(Wd, Vdq), XST(Wq, Vdq)},
    [0x12] = {X2(Vdq, Wq), X2(Vdq, Mq), X2(Vdq, Wdq), X2(Vdq, Wq)},
    [0x13] = {XST(Mq, Vdq), XST(Mq, Vdq)},
    [0x14] = PSPD,
    [0x15] = PSPD,
    [0x16] = {X2(Vdq, Wq), X2(Vdq, Mq), X2(Vdq, Wdq)},
    [0x17] = {XST(Mq, Vdq), XST(Mq, Vdq)},
    [0x28] = PSPD,
    [0x29] = {XST(Wdq, Vdq), XST(Wdq, Vdq)},
    [0x2a] = {X2(Vdq, Qq), X2(Vdq, Qq), X2(Vdq, Ed), X2(Vdq, Ed)},
    [0x2b] = {XST(Mdq, Vdq), XST(Mdq, Vdq)},
    [0x2c] = {X2(Pq, Wq), X2(Pq, Wdq), X2(Gd, Wd), X2(Gd, Wq)},
    [0x2d] = {X2(Pq, Wq), X2(Pq, Wdq), X2(Gd, Wd), X2(Gd, Wq)},
    [0x2e] = {XFL(Vdq, Wd), XFL(Vdq, Wq)},
    [0x2f] = {XFL(Vdq, Wd), XFL(Vdq, Wq)},

    [0x50] = {X2(Gd, Udq), X2(Gd, Udq)},
    [0x51] = PSPDSSSD,
    [0x52] = PSSS,
    [0x53] = PSSS,
    [0x54 ... 0x57] = PSPD,
    [0x58] = PSPDSSSD,
    [0x59] = PSPDSSSD,
    [0x5a] = {X2(Vdq, Wq), X2(Vdq, Wdq), X2(Vdq, Wd), X2(Vdq, Wq)},
    [0x5b] = {X2(Vdq, Wdq), X2(Vdq, Wdq), X2(Vdq, Wdq)},
    [0x5c ... 0x5f] = PSPDSSSD,

    [0x60 ... 0x62] = {M2(Pq, Qd), X2(Vdq, Wdq)},
    [0x63 ... 0x6b] = BOTH,
    [0x6c ... 0x6d] = {NONE, X2(Vdq, Wdq)},
    [0x6e] = {M2(Pq, Ed), X2(Vdq, Ed)},
    [0x6f] = {M2(Pq, Qq), X2(Vdq, Wdq), X2(Vdq, Wu)},

    [0x70] = {M3(Pq, Qq, Ib), X3(Vdq, Wdq, Ib), X3(Vdq, Wdq, Ib), X3(Vdq, Wdq, Ib)},
    [0x71 ... 0x72] = {GROUP(12M, Nq, Ib, _), GROUP(12X, Udq, Ib, _)},
    [0x73] = {GROUP(14M, Nq, Ib, _), GROUP(14X, Udq, Ib, _)},
    [0x74 ... 0x76] = BOTH,
    [0x77] = {R0(MMX)},
    [0x7c] = {NONE, X2(Vdq, Wdq), NONE, X2(Vdq, Wdq)},
    [0x7d] = {NONE, X2(Vdq, Wdq), NONE, X2(Vdq, Wdq)},
    [0x7e] = {MST(Ed, Pq), XST(Ed, Vdq), X2(Vdq, Wq)},
    [0x7f] = {MST(Qq, Pq), XST(Wdq, Vdq), XST(Wu, Vdq)},

    [0xae] = {GROUP2(15)},
    [0xb8] = {NONE, NONE, R2(POPCNT, Gv, Ev)},
    [0xc2] = {X3(Vdq, Wdq, Ib), X3(Vdq, Wdq, Ib), X3(Vdq, Wd, Ib), X3(Vdq, Wq, Ib)},
    [0xc3] = {R2(MOVNTI, Md, Gd)},
    [0xc4] = {M3(Pq, RdMw, Ib), X3(Vdq, RdMw, Ib)},
    [0xc5] = {M3(Gd, Nq, Ib), X3(Gd, Udq, Ib)},
    [0xc6] = {X3(Vdq, Wdq, Ib), X3(Vdq, Wdq, Ib)},

    [0xd0] = {NONE, X2(Vdq, Wdq), NONE, X2(Vdq, Wdq)},
    [0xd1 ... 0xd5] = BOTH,
    [0xd6] = {NONE, XST(Wq, Vdq), X2(Vdq, Nq), X2(Pq, Udq)},
    [0xd7] = {M2(Gd, Nq), X2(Gd, Udq)},
    [0xd8 ... 0xe5] = BOTH,
    [0xe6] = {NONE, X2(Vdq, Wdq), X2(Vdq, Wq), X2(Vdq, Wdq)},
    [0xe7] = {MST(Mq, Pq), XST(Mdq, Vdq)},
    [0xe8 ... 0xef] = BOTH,
    [0xf0] = {NONE, NONE, NONE, X2(Vdq, Mu)},
    [0xf1 ... 0xf6] = BOTH,
    /* MASKMOVQ and MASKMOVDQU write where EDI points to. */
    [0xf7] = {M3(Pq, Nq, DIq), X3(Vdq, Udq, DIdq)},
    [0xf8 ... 0xfe] = BOTH,
};
/* clang-format on */
