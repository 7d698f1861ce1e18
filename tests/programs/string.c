/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atoms of string instructions: ESI, EDI, ECX and DF are loaded, for a run of elements that may
 * begin or end where there is no memory. Read stack.c next.
 */
#include "tests/programs/gen.h"

enum { MOVS = 0xa4, CMPS = 0xa6, STOS = 0xaa, LODS = 0xac, SCAS = 0xae };

static bool reads_si(uint32_t op)
{
    return op == MOVS || op == CMPS || op == LODS;
}

static bool uses_di(uint32_t op)
{
    return op != LODS;
}

static void pointer(struct gen *g, uint32_t reg, uint32_t first, uint32_t bytes, uint32_t size,
                    bool down, bool word)
{
    uint32_t value = down ? first + bytes - size : first;
    move_imm(g, reg, word && once_in(g, 2) ? (value & 0xffff) | (any32(g) & 0xffff0000) : value);
}

static void string(struct gen *g)
{
    uint32_t op = one_of(g, MOVS, MOVS, CMPS, STOS, STOS, LODS, SCAS), size = one_of(g, 1, 2, 4);
    bool repeat = !once_in(g, 3), down = once_in(g, 3), compares = op == CMPS || op == SCAS;
    uint32_t count = repeat ? below(g, once_in(g, 8) ? 300 : 20) : 1,
             bytes = (count ? count : 1) * size;
    /* What flags a comparison leaves that a fault interrupts, CPUs do not agree about. */
    uint32_t tame = compares ? M_TAME : 0, source = DS;
    if (reads_si(op) && once_in(g, 3))
        source = one_of(g, ES, FS, GS, SS);
    if (g->choice->direct && !g->mode.seg[source].read)
        source = DS;
    uint32_t si = place_in(g, source, bytes, M_READ | tame),
             di = place_in(g, ES, bytes, (compares ? M_READ : M_WRITE) | tame);
    bool word = si + bytes <= 0x10000 && di + bytes <= 0x10000 && !once_in(g, 4);
    put(g, down ? 0xfd : 0xfc);
    if (reads_si(op))
        pointer(g, ESI, si, bytes, size, down, word);
    if (uses_di(op))
        pointer(g, EDI, di, bytes, size, down, word);
    if (repeat)
        move_imm(g, ECX, word && once_in(g, 2) ? count | (any32(g) & 0xffff0000) : count);
    if (source != DS)
        put(g, segment_prefix[source]);
    address_size(g, word ? 16 : 32);
    if (repeat)
        put(g, compares ? one_of(g, 0xf2, 0xf3) : 0xf3);
    operand_size(g, size);
    put(g, op + (size != 1));
    if (compares && count)
        set_flags(g, F_ALL, 0);
}

static void xlat(struct gen *g)
{
    uint32_t at = place_in(g, DS, 256, M_READ | M_TAME);
    bool word = at + 256 <= 0x10000 && !once_in(g, 4);
    move_imm(g, EBX, at);
    address_size(g, word ? 16 : 32);
    put(g, 0xd7);
}

void atom_string(struct gen *g)
{
    static const uint32_t used = 1u << EAX | 1u << ECX | 1u << ESI | 1u << EDI | 1u << EBX;
    struct atom outer = atom_begin(g);
    bool read = g->mode.seg[DS].read, possible = !(g->reserved & used);
    /* Limits and types are what TCG does not check at CPL 3. */
    if (g->choice->direct && (!g->mode.seg[ES].write || !read))
        possible = false;
    if (possible && once_in(g, 8))
        xlat(g);
    else if (possible)
        string(g);
    atom_end(g, outer);
}
