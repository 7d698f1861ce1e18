/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atoms of x87, MMX and SSE instructions whose results are exact or rounded as IEEE 754 says.
 * Condition codes that the manual leaves undefined are not looked at. Read far.c next.
 */
#include "tests/programs/gen.h"

static void with_memory(struct gen *g, uint32_t prefix, uint32_t map, uint32_t opcode, uint32_t reg,
                        uint32_t size, uint32_t access)
{
    struct memory m;
    memory_choose(g, &m, size, access, 0);
    memory_prefixes(g, &m);
    if (prefix)
        put(g, prefix);
    if (map)
        put(g, 0x0f);
    put(g, opcode);
    memory_modrm(g, &m, reg);
}

/* Numbers from integers, a few operations, a store. */
static void x87(struct gen *g)
{
    put_bytes(g, 0xdb, 0xe3);
    for (uint32_t i = 1 + below(g, 3); i-- > 0;)
        switch (below(g, 5)) {
        case 0:
            with_memory(g, 0, 0, 0xdb, 0, 4, M_READ); /* fild */
            break;
        case 1:
            with_memory(g, 0, 0, 0xdf, one_of(g, 0, 5), 8, M_READ);
            break;
        case 2:
            put_bytes(g, 0xd9, (uint8_t)one_of(g, 0xe8, 0xee)); /* fld1, fldz */
            break;
        case 3:
            with_memory(g, 0, 0, 0xdd, 0, 8, M_READ);
            break;
        default:
            with_memory(g, 0, 0, 0xd9, 0, 4, M_READ);
        }
    for (uint32_t i = below(g, 4); i-- > 0;)
        switch (below(g, 5)) {
        case 0:
            put_bytes(g, (uint8_t)one_of(g, 0xd8, 0xdc),
                      (uint8_t)(one_of(g, 0xc0, 0xc8, 0xe0, 0xe8, 0xf0, 0xf8) + below(g, 3)));
            break;
        case 1:
            with_memory(g, 0, 0, one_of(g, 0xda, 0xde), one_of(g, 0, 1, 4, 5, 6, 7), 4, M_READ);
            break;
        case 2:
            put_bytes(g, 0xd9,
                      (uint8_t)one_of(g, 0xe0, 0xe1, 0xfa, 0xfc,
                                      0xc9)); /* fchs fabs fsqrt frndint fxch */
            break;
        case 3:
            put_bytes(g, (uint8_t)one_of(g, 0xdb, 0xdf),
                      (uint8_t)(one_of(g, 0xe8, 0xf0) + below(g, 3))); /* fucomi fcomi */
            set_flags(g, F_ALL, 0);
            break;
        default:
            with_memory(g, 0, 0, one_of(g, 0xd8, 0xdc), one_of(g, 0, 1, 4, 5), 8, M_READ);
        }
    switch (below(g, 4)) {
    case 0:
        with_memory(g, 0, 0, 0xdb, one_of(g, 2, 3), 4, M_WRITE);
        break;
    case 1:
        with_memory(g, 0, 0, 0xdd, one_of(g, 2, 3), 8, M_WRITE);
        break;
    case 2:
        with_memory(g, 0, 0, 0xdb, 7, 10, M_WRITE | M_TAME);
        break;
    default:
        with_memory(g, 0, 0, 0xdf, 7, 8, M_WRITE);
    }
}

static void mmx(struct gen *g)
{
    with_memory(g, 0, 1, 0x6f, below(g, 8), 8, M_READ);
    for (uint32_t i = below(g, 4); i-- > 0;)
        put_bytes(
            g, 0x0f,
            (uint8_t)one_of(g, 0xfc, 0xfd, 0xfe, 0xef, 0xdb, 0xeb, 0x60, 0x6b, 0x75, 0xd5, 0xe5),
            (uint8_t)(0xc0 | below(g, 64)));
    with_memory(g, 0, 1, 0x7f, below(g, 8), 8, M_WRITE | M_TAME);
    put_bytes(g, 0x0f, 0x77);
}

static void sse(struct gen *g)
{
    with_memory(g, one_of(g, 0xf3, 0xf2), 1, g->choice->direct ? 0x10 : one_of(g, 0x2a, 0x10),
                below(g, 8), 8, M_READ);
    with_memory(g, 0xf3, 1, 0x6f, below(g, 8), 16, M_READ);
    for (uint32_t i = below(g, 4); i-- > 0;)
        put_bytes(g, 0x66, 0x0f, (uint8_t)one_of(g, 0xfc, 0xfe, 0xd4, 0xef, 0xdb, 0x62, 0x6c, 0xf4),
                  (uint8_t)(0xc0 | below(g, 64)));
    if (once_in(g, 2) && !g->choice->direct)
        put_bytes(g, (uint8_t)one_of(g, 0xf2, 0xf3), 0x0f,
                  (uint8_t)one_of(g, 0x58, 0x59, 0x5c, 0x5e, 0x51), (uint8_t)(0xc0 | below(g, 64)));
    if (once_in(g, 3) && !g->choice->direct) {
        put_bytes(g, 0x0f, 0x2f, (uint8_t)(0xc0 | below(g, 64))); /* comiss */
        set_flags(g, F_ALL, 0);
    }
    with_memory(g, 0xf3, 1, 0x7f, below(g, 8), 16, M_WRITE);
}

void atom_fpu(struct gen *g)
{
    struct atom outer = atom_begin(g);
    /* TCG's floating point leaves other registers and flags behind denormals, underflow and stores.
     */
    switch (g->choice->direct ? 1 : below(g, 4)) {
    case 0:
        mmx(g);
        break;
    case 1:
        sse(g);
        break;
    default:
        x87(g);
    }
    atom_end(g, outer);
}
