/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random numbers, atoms, bytes, flags (gen.h).
 */
#include "tests/programs/gen.h"

#include <string.h>

/* ---- Random numbers */

static uint64_t stir(uint64_t x)
{
    x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return x ^ (x >> 32);
}

uint32_t any32(struct gen *g)
{
    g->random = g->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(g->random >> 32);
}

uint32_t below(struct gen *g, uint32_t n)
{
    return (uint32_t)((uint64_t)any32(g) * n >> 32);
}

bool once_in(struct gen *g, uint32_t n)
{
    return below(g, n) == 0;
}

/* ---- Atoms */

void bound(struct gen *g)
{
    if (!g->kept || g->still)
        return;
    struct bound *b = &g->bounds[g->nbounds];
    if (g->nbounds && b[-1].offset == g->len)
        b = &b[-1];
    else
        g->nbounds++;
    *b = (struct bound){g->len, g->undefined, g->first + g->atoms - 1};
}

struct atom atom_begin(struct gen *g)
{
    struct atom outer = {g->random, g->kept};
    uint32_t number = g->first + g->atoms++;
    g->random = stir(stir((uint64_t)g->choice->seed << 32 | g->section) + g->atoms);
    g->kept = (!g->choice->dropped || !g->choice->dropped[number]) && g->len < MAX_CODE &&
              g->nbounds < MAX_ATOMS;
    if (g->still && !outer.kept) /* nobody is in that mode */
        g->kept = false;
    bound(g);
    if (g->kept && g->choice->note && !g->still)
        interrupt(g, INT_NOTE);
    if (g->choice->plant == number + 1) { /* in al, 71h: how much memory there is */
        put_bytes(g, 0xb0, 0x34, 0xe6, 0x70, 0xe4, 0x71);
        interrupt(g, INT_NOTE);
    }
    return outer;
}

void atom_end(struct gen *g, struct atom outer)
{
    g->random = outer.random;
    g->kept = outer.kept;
}

/* ---- Bytes */

void put(struct gen *g, uint32_t byte)
{
    if (g->kept)
        g->code[g->len++] = (uint8_t)byte;
}

void put_n(struct gen *g, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        put(g, value >> i * 8);
}

void put_all(struct gen *g, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(g, bytes[i]);
}

void operand_size(struct gen *g, unsigned bytes)
{
    if (bytes != 1 && bytes * 8 != g->mode.bits)
        put(g, 0x66);
}

void address_size(struct gen *g, unsigned bits)
{
    if (bits != g->mode.bits)
        put(g, 0x67);
}

uint32_t turn(struct gen *g, uint32_t bits)
{
    uint32_t before = g->mode.bits;
    g->mode.bits = bits;
    if (g->kept && g->nturns < MAX_TURNS)
        g->turns[g->nturns++] = (struct turn){g->len, bits};
    return before;
}

struct jump jump_short(struct gen *g, uint32_t opcode)
{
    put_bytes(g, (uint8_t)opcode, 0);
    return (struct jump){g->len, 1};
}

struct jump jump_near(struct gen *g, uint32_t opcode)
{
    if (opcode < 0x90)
        put(g, 0x0f);
    put(g, opcode);
    put_n(g, 0, g->mode.bits / 8);
    return (struct jump){g->len, g->mode.bits / 8};
}

void land(struct gen *g, struct jump j)
{
    if (!g->kept)
        return;
    uint32_t distance = g->len - j.at;
    memcpy(g->code + j.at - j.bytes, &distance, j.bytes);
}

void jump_back(struct gen *g, uint32_t opcode, uint32_t to)
{
    struct jump j = jump_near(g, opcode);
    if (!g->kept)
        return;
    uint32_t distance = to - j.at;
    memcpy(g->code + j.at - j.bytes, &distance, j.bytes);
}

struct hole hole(struct gen *g, unsigned bytes)
{
    put_n(g, 0, bytes);
    return (struct hole){g->len - bytes, bytes};
}

void fill(struct gen *g, struct hole h, uint32_t value)
{
    if (g->kept)
        memcpy(g->code + h.at, &value, h.bytes);
}

uint32_t here(const struct gen *g)
{
    return AT_CODE - g->mode.seg[CS].base + g->len;
}

/* ---- Flags */

void set_flags(struct gen *g, uint32_t defined, uint32_t undefined)
{
    if (!g->kept)
        return;
    g->undefined = (g->undefined & ~defined) | undefined;
    g->bounds[g->nbounds - 1].undefined |= g->undefined;
}

void use_flags(struct gen *g, uint32_t flags)
{
    if (!(g->undefined & flags) || !g->kept)
        return;
    put_bytes(g, 0x39, (uint8_t)(0xc0 | (g->random >> 40 & 63))); /* cmp; takes no random number */
    set_flags(g, F_ALL, 0);
}

/* ---- Registers */

uint32_t any_register(struct gen *g)
{
    return one_of(g, EAX, ECX, EDX, EBX, EBP, ESI, EDI);
}

uint32_t free_register(struct gen *g, uint32_t without)
{
    uint32_t r;
    do
        r = any_register(g);
    while ((g->reserved | without) >> r & 1);
    return r;
}

void move_imm(struct gen *g, uint32_t reg, uint32_t value)
{
    operand_size(g, 4);
    put(g, 0xb8 + reg);
    put_n(g, value, 4);
}

void interrupt(struct gen *g, uint32_t vector)
{
    use_flags(g, F_ALL);
    put_bytes(g, 0xcd, (uint8_t)vector);
}
