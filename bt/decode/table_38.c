/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The three-byte opcode maps 0F 38 and 0F 3A, SDM volume 2, tables, as far as
 * SSSE3, SSE4.1, SSE4.2 and MOVBE go. Columns: no prefix, 66, F3, F2.
 */
#include "bt/decode/row.h"

/* clang-format off */
#define NONE R0(INVALID)
#define X2(a, b) R2(SSE, a, b)
#define X3(a, b, c) R3(SSE, a, b, c)
#define XST(a, b) ROW(SSE, a, b, Ib, A_STORE, 0)
#define BOTH {R2(MMX, Pq, Qq), X2(Vdq, Wdq)}
#define ONLY66(a, b) {NONE, X2(a, b)}
#define ONLY66I(a, b) {NONE, X3(a, b, Ib)}
#define ONLY66FL(...) {NONE, ROW(SSE, __VA_ARGS__, A_FLAGS, 0)}

const struct row table_38[256][COL_COUNT] = {
    [0x00 ... 0x0b] = BOTH, /* PSHUFB .. PMULHRSW */
    [0x10] = ONLY66(Vdq, Wdq), /* PBLENDVB */
    [0x14] = ONLY66(Vdq, Wdq), /* BLENDVPS */
    [0x15] = ONLY66(Vdq, Wdq), /* BLENDVPD */
    [0x17] = ONLY66FL(Vdq, Wdq, _), /* PTEST */
    [0x1c] = BOTH, /* PABSB */
    [0x1d] = BOTH, /* PABSW */
    [0x1e] = BOTH, /* PABSD */
    [0x20] = ONLY66(Vdq, Wq), /* PMOVSXBW */
    [0x21] = ONLY66(Vdq, Wd), /* PMOVSXBD */
    [0x22] = ONLY66(Vdq, Ww), /* PMOVSXBQ */
    [0x23] = ONLY66(Vdq, Wq), /* PMOVSXWD */
    [0x24] = ONLY66(Vdq, Wd), /* PMOVSXWQ */
    [0x25] = ONLY66(Vdq, Wq), /* PMOVSXDQ */
    [0x28] = ONLY66(Vdq, Wdq), /* PMULDQ */
    [0x29] = ONLY66(Vdq, Wdq), /* PCMPEQQ */
    [0x2a] = ONLY66(Vdq, Mdq), /* MOVNTDQA */
    [0x2b] = ONLY66(Vdq, Wdq), /* PACKUSDW */
    [0x30] = ONLY66(Vdq, Wq), /* PMOVZXBW */
    [0x31] = ONLY66(Vdq, Wd), /* PMOVZXBD */
    [0x32] = ONLY66(Vdq, Ww), /* PMOVZXBQ */
    [0x33] = ONLY66(Vdq, Wq), /* PMOVZXWD */
    [0x34] = ONLY66(Vdq, Wd), /* PMOVZXWQ */
    [0x35] = ONLY66(Vdq, Wq), /* PMOVZXDQ */
    [0x37] = ONLY66(Vdq, Wdq), /* PCMPGTQ */
    [0x38 ... 0x3f] = ONLY66(Vdq, Wdq), /* PMINSB .. PMAXUD */
    [0x40] = ONLY66(Vdq, Wdq), /* PMULLD */
    [0x41] = ONLY66(Vdq, Wdq), /* PHMINPOSUW */
    [0xf0] = {R2(MOVBE, Gv, Mv), R2(MOVBE, Gv, Mv), NONE, R2(CRC32, Gd, Eb)},
    [0xf1] = {R2(MOVBE, Mv, Gv), R2(MOVBE, Mv, Gv), NONE, R2(CRC32, Gd, Ev)},
};

const struct row table_3a[256][COL_COUNT] = {
    [0x08] = ONLY66I(Vdq, Wdq), /* ROUNDPS */
    [0x09] = ONLY66I(Vdq, Wdq), /* ROUNDPD */
    [0x0a] = ONLY66I(Vdq, Wd), /* ROUNDSS */
    [0x0b] = ONLY66I(Vdq, Wq), /* ROUNDSD */
    [0x0c] = ONLY66I(Vdq, Wdq), /* BLENDPS */
    [0x0d] = ONLY66I(Vdq, Wdq), /* BLENDPD */
    [0x0e] = ONLY66I(Vdq, Wdq), /* PBLENDW */
    [0x0f] = {R3(MMX, Pq, Qq, Ib), X3(Vdq, Wdq, Ib)}, /* PALIGNR */
    [0x14] = {NONE, XST(RdMb, Vdq)}, /* PEXTRB */
    [0x15] = {NONE, XST(RdMw, Vdq)}, /* PEXTRW */
    [0x16] = {NONE, XST(Ed, Vdq)}, /* PEXTRD */
    [0x17] = {NONE, XST(Ed, Vdq)}, /* EXTRACTPS */
    [0x20] = ONLY66I(Vdq, RdMb), /* PINSRB */
    [0x21] = ONLY66I(Vdq, Wd), /* INSERTPS */
    [0x22] = ONLY66I(Vdq, Ed), /* PINSRD */
    [0x40] = ONLY66I(Vdq, Wdq), /* DPPS */
    [0x41] = ONLY66I(Vdq, Wdq), /* DPPD */
    [0x42] = ONLY66I(Vdq, Wdq), /* MPSADBW */
    [0x60] = ONLY66FL(Vdq, Wu, Ib), /* PCMPESTRM */
    [0x61] = ONLY66FL(Vdq, Wu, Ib), /* PCMPESTRI */
    [0x62] = ONLY66FL(Vdq, Wu, Ib), /* PCMPISTRM */
    [0x63] = ONLY66FL(Vdq, Wu, Ib), /* PCMPISTRI */
};
/* clang-format on */
