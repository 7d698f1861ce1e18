/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The two-byte opcode map, SDM volume 2, table A-3, without the rows that a mandatory
 * prefix splits: those are A_PREFIX here and stand in table_sse.c.
 */
#include "bt/decode/row.h"

/* clang-format off */
#define SSE ROW(INVALID, _, _, _, A_PREFIX, 0)

const struct row table_0f[256] = {
    [0x00] = GROUP(6, _, _, _),
    [0x01] = GROUP2(7),
    [0x02] = R2(LAR, Gv, Ew),
    [0x03] = R2(LSL, Gv, Ew),
    [0x05] = R0(SYSCALL),
    [0x06] = R0(CLTS),
    [0x07] = R0(SYSRET),
    [0x08] = R0(INVD),
    [0x09] = R0(WBINVD),
    [0x0b] = R0(UD2),
    [0x0d] = GROUP2(P),

    [0x10 ... 0x17] = SSE,
    [0x18] = GROUP2(16),
    [0x19 ... 0x1f] = R1(NOP, Ev),

    [0x20] = ROW(MOV_FROM_CR, Rd, Cd, _, A_MOD3, 0),
    [0x21] = ROW(MOV_FROM_DR, Rd, Dd, _, A_MOD3, 0),
    [0x22] = ROW(MOV_TO_CR, Cd, Rd, _, A_MOD3, 0),
    [0x23] = ROW(MOV_TO_DR, Dd, Rd, _, A_MOD3, 0),
    [0x28 ... 0x2f] = SSE,

    [0x30] = R0(WRMSR),
    [0x31] = R0(RDTSC),
    [0x32] = R0(RDMSR),
    [0x33] = R0(RDPMC),
    [0x34] = R0(SYSENTER),
    [0x35] = R0(SYSEXIT),

    [0x40 ... 0x4f] = R2(CMOVCC, Gv, Ev),
    [0x50 ... 0x7f] = SSE,
    [0x80 ... 0x8f] = R1(JCC, Jz),
    [0x90 ... 0x9f] = R1(SETCC, Eb),

    [0xa0] = R1(PUSH_SREG, Zs),
    [0xa1] = R1(POP_SREG, Zs),
    [0xa2] = R0(CPUID),
    [0xa3] = R2(BT, Ev, Gv),
    [0xa4] = R3(SHLD, Ev, Gv, Ib),
    [0xa5] = R3(SHLD, Ev, Gv, CL),
    [0xa8] = R1(PUSH_SREG, Zs),
    [0xa9] = R1(POP_SREG, Zs),
    [0xaa] = R0(RSM),
    [0xab] = R2(BTS, Ev, Gv),
    [0xac] = R3(SHRD, Ev, Gv, Ib),
    [0xad] = R3(SHRD, Ev, Gv, CL),
    [0xae] = SSE,
    [0xaf] = R2(IMUL, Gv, Ev),

    [0xb0] = R2(CMPXCHG, Eb, Gb),
    [0xb1] = R2(CMPXCHG, Ev, Gv),
    [0xb2] = R2(LSS, Gv, Mp),
    [0xb3] = R2(BTR, Ev, Gv),
    [0xb4] = R2(LFS, Gv, Mp),
    [0xb5] = R2(LGS, Gv, Mp),
    [0xb6] = R2(MOVZX, Gv, Eb),
    [0xb7] = R2(MOVZX, Gv, Ew),
    [0xb8] = SSE,
    [0xb9] = R2(UD1, Gv, Ev),
    [0xba] = GROUP(8, Ev, Ib, _),
    [0xbb] = R2(BTC, Ev, Gv),
    [0xbc] = R2(BSF, Gv, Ev),
    [0xbd] = R2(BSR, Gv, Ev),
    [0xbe] = R2(MOVSX, Gv, Eb),
    [0xbf] = R2(MOVSX, Gv, Ew),

    [0xc0] = R2(XADD, Eb, Gb),
    [0xc1] = R2(XADD, Ev, Gv),
    [0xc2 ... 0xc5] = SSE,
    [0xc6] = SSE,
    [0xc7] = GROUP(9, _, _, _),
    [0xc8 ... 0xcf] = R1(BSWAP, Zv),

    [0xd0 ... 0xfe] = SSE,
    [0xff] = R2(UD0, Gv, Ev),
};
/* clang-format on */
