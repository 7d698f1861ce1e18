/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atoms that raise each kind of exception on purpose, and software interrupts through each kind of
 * gate. Read segment.c next.
 */
#include "tests/programs/gen.h"

/* The overflow flag is set, or not. */
static void into(struct gen *g)
{
    if (g->reserved >> EAX & 1)
        return;
    put(g, 0xb0);
    put(g, one_of(g, 0x7f, 0x7f, 0x10));
    put_bytes(g, 0x04, 0x01); /* add al, 1 */
    set_flags(g, F_ALL, 0);
    put(g, 0xce);
}

static void bounds(struct gen *g)
{
    uint32_t size = one_of(g, 2, 4);
    struct memory m;
    memory_choose(g, &m, 2 * size, M_READ | M_TAME, 0);
    memory_prefixes(g, &m);
    operand_size(g, size);
    put(g, 0x62);
    memory_modrm(g, &m, any_register(g));
}

/* A 16-bit gate keeps 16 bits of EIP, and of ESP, which a checkpoint mends where they are not
 * enough: what a PUSHA faults on first is the CPU's affair. */
static void software(struct gen *g)
{
    uint32_t gate16 = g->mode.seg[CS].base ? INT_GATE16 : INT_TRAP;
    /* Behind these IF is 0, which code that runs directly does not see. */
    bool shown = !g->choice->direct || g->mode.cpl != 3;
    uint32_t vector = one_of(g, INT_TRAP, gate16, gate16, shown ? INT_CONFORM : INT_TRAP,
                             shown ? INT_RING1 : INT_TRAP, INT_ABSENT, INT_BAD, 0x20,
                             g->mode.cpl ? 13 : 0x20, 0x60, 3, 4);
    if (vector == INT_GATE16 || vector == INT_CONFORM || vector == INT_RING1)
        interrupt(g, INT_NOTE); /* what fails on the way goes on behind this atom */
    interrupt(g, vector);
    if (vector == INT_GATE16 && !g->mode.seg[SS].base)
        interrupt(g, INT_CHECK);
}

/* An absent, read-only or supervisor page, without other operands. */
static void page(struct gen *g)
{
    struct memory m = {.segment = DS,
                       .offset = AT_WIN + below(g, WIN_PAGES - 1) * 0x1000 + below(g, 0xff0) -
                                 g->mode.seg[DS].base};
    if (g->mode.seg[DS].limit != 0xffffffff || !g->mode.seg[DS].write)
        return;
    memory_form(g, &m, 0);
    memory_prefixes(g, &m);
    put(g, one_of(g, 0x8a, 0x88, 0x8b, 0x89));
    memory_modrm(g, &m, free_register(g, 0));
}

/* What is privileged, or sensitive to IOPL. None of these is to be had at CPL 0. */
static void privileged(struct gen *g)
{
    static const uint8_t code[][3] = {
        {0x0f, 0x22, 0xc0}, {0x0f, 0x20, 0xc0}, {0x0f, 0x06, 0x90}, {0x0f, 0x00, 0xd8},
        {0x0f, 0x01, 0xf0}, {0xf4, 0x90, 0x90}, {0x0f, 0x09, 0x90}, {0x0f, 0x30, 0x90},
        {0x0f, 0x23, 0xc0}, {0x0f, 0x08, 0x90},
    };
    if (g->mode.cpl == 3)
        put_all(g, code[below(g, sizeof(code) / sizeof(code[0]))], 3);
}

/* Undefined everywhere, or a prefix too many. */
static void undefined(struct gen *g)
{
    switch (below(g, g->choice->direct ? 2 : 7)) {
    case 0:
        put_bytes(g, 0x0f, 0x0b);
        break;
    case 1:
        put_bytes(g, 0x8c, 0xf8); /* mov eax, the seventh segment */
        break;
    case 2:
        put_bytes(g, 0xc6, 0xc8, 0x00);
        break;
    case 3:
        put_bytes(g, 0xf0, 0x90);
        break;
    case 4:
        put_bytes(g, 0xf0, 0x39, 0x00);
        break;
    case 5:
        put_bytes(g, 0x8e, 0xc8); /* mov cs */
        break;
    default:
        for (int i = 0; i < 15; i++)
            put(g, one_of(g, 0x26, 0x36, 0x3e));
        put(g, 0x90);
    }
}

/* The x87's: unmasked, at the next instruction that waits. */
static void numeric(struct gen *g)
{
    put_bytes(g, 0xdb, 0xe3, 0xd9, 0xe8, 0xd9, 0xee); /* fninit; fld1; fldz */
    struct memory m;
    memory_choose(g, &m, 2, M_READ | M_WRITE | M_TAME, 0);
    memory_prefixes(g, &m);
    operand_size(g, 2);
    put(g, 0xc7);
    memory_modrm(g, &m, 0);
    put_n(g, 0x37b, 2); /* division by zero is not masked */
    memory_prefixes(g, &m);
    put(g, 0xd9);
    memory_modrm(g, &m, 5);         /* fldcw */
    put_bytes(g, 0xde, 0xf9, 0x9b); /* fdivp; fwait */
    put_bytes(g, 0xdb, 0xe3);
}

void atom_fault(struct gen *g)
{
    struct atom outer = atom_begin(g);
    switch (below(g, 10)) {
    case 0:
        into(g);
        break;
    case 1:
        bounds(g);
        break;
    case 2:
    case 3:
        software(g);
        break;
    case 4:
    case 5:
        page(g);
        break;
    case 6:
        privileged(g);
        break;
    case 7:
        undefined(g);
        break;
    case 8:
        if (g->mode.seg[DS].write && !g->choice->direct) /* TCG divides in spite of the exception */
            numeric(g);
        break;
    default:
        use_flags(g, F_ALL);
        put(g, g->choice->direct ? 0xcc : one_of(g, 0xcc, 0xcc, 0xf1));
    }
    atom_end(g, outer);
}
