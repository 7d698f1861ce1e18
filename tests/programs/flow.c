/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atoms of jumps, loops, calls with atoms between them, and of code that rewrites itself. All jumps
 * but those of counted loops go forward, so every program ends. Read fault.c next.
 */
#include "tests/programs/gen.h"

static void some(struct gen *g, uint32_t most)
{
    for (uint32_t i = below(g, most) + 1; i-- > 0;)
        atom_simple(g);
}

/* Both ways to a place leave flags undefined that one of them does. */
static void skip(struct gen *g)
{
    uint32_t condition = below(g, 16);
    static const uint16_t reads[8] = {F_O, F_C, F_Z,       F_C | F_Z,
                                      F_S, F_P, F_S | F_O, F_Z | F_S | F_O};
    use_flags(g, reads[condition >> 1]);
    uint32_t before = g->undefined;
    struct jump j = jump_near(g, 0x80 + condition);
    some(g, 4);
    bound(g);
    set_flags(g, 0, before);
    land(g, j);
}

static void counted(struct gen *g)
{
    move_imm(g, ECX, 2 + below(g, once_in(g, 6) ? 60 : 6));
    use_flags(g, F_ALL);
    uint32_t top = g->len, reserved = g->reserved;
    g->reserved |= 1u << ECX;
    some(g, 6);
    g->reserved = reserved;
    bound(g);
    use_flags(g, F_ALL);
    /* An exception far from here can come back into the loop when it is over, with any count. */
    operand_size(g, 4);
    put_bytes(g, 0x83, 0xe1, 0x3f); /* and ecx, 63 */
    set_flags(g, F_ALL & ~F_A, F_A);
    struct jump over = jump_short(g, 0x74);
    if (once_in(g, 2)) {
        operand_size(g, 4);
        put(g, 0x48 + ECX);
        set_flags(g, F_ALL & ~F_C, 0);
        jump_back(g, 0x85, top);
    } else {
        use_flags(g, F_ALL);
        address_size(g, 32);
        struct jump again = jump_short(g, one_of(g, 0xe2, 0xe2, 0xe0, 0xe1));
        struct jump out = jump_short(g, 0xeb);
        land(g, again);
        jump_back(g, 0xe9, top);
        land(g, out);
    }
    land(g, over);
    set_flags(g, 0, F_A);
}

/* An indirect call or jump, by register or memory, to what fill() is told. */
static struct hole indirect(struct gen *g, uint32_t digit)
{
    uint32_t size = g->mode.bits / 8;
    struct memory m;
    struct hole h;
    if (once_in(g, 2)) {
        uint32_t reg = free_register(g, 0);
        operand_size(g, 4);
        put(g, 0xb8 + reg);
        h = hole(g, 4);
        put_bytes(g, 0xff, (uint8_t)(0xc0 | digit << 3 | reg));
        return h;
    }
    memory_choose(g, &m, size, M_READ | M_WRITE | M_TAME, 0);
    memory_prefixes(g, &m);
    put(g, 0xc7);
    memory_modrm(g, &m, 0);
    h = hole(g, size);
    memory_prefixes(g, &m);
    put(g, 0xff);
    memory_modrm(g, &m, digit);
    return h;
}

/* Is there a place for an indirect target? */
static bool has_data(const struct gen *g)
{
    return g->mode.seg[DS].write && g->mode.seg[DS].read;
}

/* The callee stands before the call: what fails on the way to a call goes on behind it. */
static void call(struct gen *g)
{
    bool direct = !has_data(g) || once_in(g, 2), steady = g->steady;
    uint32_t extra = once_in(g, 3) ? 4 : 0;
    struct jump over = jump_near(g, 0xe9);
    uint32_t undefined = g->undefined, callee = g->len, target = here(g);
    g->steady = true;
    some(g, 4);
    g->steady = steady;
    bound(g);
    put(g, extra ? 0xc2 : 0xc3);
    put_n(g, extra, extra ? 2 : 0);
    land(g, over);
    bound(g);
    set_flags(g, 0, undefined);
    use_flags(g, F_ALL); /* the callee begins with other flags than it was made for */
    if (extra) {
        operand_size(g, 4);
        put_bytes(g, 0x6a, (uint8_t)any32(g));
    }
    if (direct)
        jump_back(g, 0xe8, callee);
    else
        fill(g, indirect(g, 2), target);
    set_flags(g, 0, F_ALL);
}

/* A jump to a place that is no bound: over bytes that no one runs. */
static void leap(struct gen *g)
{
    struct hole h;
    if (has_data(g) && !once_in(g, 3)) {
        h = indirect(g, 4);
    } else if (!g->steady) { /* push, ret */
        put(g, 0x68);
        h = hole(g, g->mode.bits / 8);
        put(g, 0xc3);
    } else {
        return;
    }
    for (uint32_t i = below(g, 6); i-- > 0;)
        put(g, any32(g));
    fill(g, h, here(g));
}

void atom_flow(struct gen *g)
{
    struct atom outer = atom_begin(g);
    if (g->depth < 2) {
        g->depth++;
        switch (below(g, 5)) {
        case 0:
            counted(g);
            break;
        case 1:
        case 2:
            skip(g);
            break;
        case 3:
            call(g);
            break;
        default:
            leap(g);
        }
        g->depth--;
    }
    atom_end(g, outer);
}

/* A segment in which the section's code can be written, or -1. */
static int code_alias(const struct gen *g)
{
    static const int order[] = {DS, ES, FS, GS};
    if (g->mode.kind != KIND_PROTECTED)
        return CS;
    for (int i = 0; i < 4; i++)
        if (g->mode.seg[order[i]].write && g->mode.seg[order[i]].limit == 0xffffffff)
            return order[i];
    return -1;
}

/* mov byte [code], n: the immediate, or the register, of an instruction to come; now and then by
 * another mapping. */
void atom_selfmod(struct gen *g)
{
    struct atom outer = atom_begin(g);
    int segment = code_alias(g);
    if (segment >= 0) {
        bool protected = g->mode.kind == KIND_PROTECTED;
        bool opcode = once_in(g, 3),
             twice = once_in(g, 3) && g->mode.paging && protected && g->len < 0xf00;
        uint32_t reg = free_register(g, 0);
        put(g, segment_prefix[segment]);
        if (protected)
            address_size(g, 32);
        put_bytes(g, 0xc6, protected ? 0x05 : 0x06);
        struct hole where = hole(g, protected ? 4 : 2);
        put(g, opcode ? 0xb8 + free_register(g, 0) : any32(g));
        for (uint32_t i = below(g, 3); i-- > 0;)
            put(g, 0x90);
        operand_size(g, 4);
        uint32_t at = g->len + !opcode + (opcode ? 0 : below(g, 4));
        uint32_t to = twice ? AT_WIN + (WIN_PAGES - 1) * 0x1000 + at : AT_CODE + at;
        fill(g, where, to - g->mode.seg[segment].base);
        put(g, 0xb8 + reg);
        put_n(g, any32(g), 4);
    }
    atom_end(g, outer);
}
