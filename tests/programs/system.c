/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atoms of CPL 0 that change how memory and instructions work: CR0, CR3, CR4, page tables, TS,
 * debug registers that are not armed. Those that the section's atoms could not live with end in a
 * checkpoint, which brings back what it prescribes.
 */
#include "tests/programs/gen.h"

enum { CR0_MP = 2, CR0_EM = 4, CR0_TS = 8, CR0_WP = 0x10000, CR0_AM = 0x40000 };

static void inside(struct gen *g, uint32_t most)
{
    for (uint32_t i = below(g, most) + 1; i-- > 0;)
        atom_simple(g);
}

/* mov eax, crN; xor (or and, or) eax, VALUE; mov crN, eax */
static void change(struct gen *g, uint32_t cr, uint32_t digit, uint32_t value)
{
    put_bytes(g, 0x0f, 0x20, (uint8_t)(0xc0 | cr << 3));
    operand_size(g, 4);
    put_bytes(g, 0x81, (uint8_t)(0xc0 | digit << 3));
    put_n(g, value, 4);
    put_bytes(g, 0x0f, 0x22, (uint8_t)(0xc0 | cr << 3));
    set_flags(g, F_ALL & ~F_A, F_A);
}

static void control(struct gen *g)
{
    switch (below(g, 6)) {
    case 0:
        change(g, 0, 6, one_of(g, CR0_WP, CR0_AM, CR0_TS, CR0_EM, CR0_MP | CR0_TS, CR0_TS));
        break;
    case 1:
        change(g, 4, 6, one_of(g, 0x80, 0x200, 4, 8)); /* PGE, OSFXSR, TSD, DE */
        break;
    case 2:
        change(g, 3, 6, 0);
        return;
    case 3:
        change(g, 0, 4, 0x7fffffff); /* no paging */
        break;
    case 4:
        put_bytes(g, 0x0f, 0x06);
        return;
    default:
        put_bytes(g, 0x0f, 0x01, (uint8_t)(0xf0 | EAX)); /* lmsw ax: whatever it has; PE stays */
    }
    inside(g, 4);
    interrupt(g, INT_CHECK);
}

/* An entry of the window's table, as the present mode has it; INVLPG; accesses. */
static void page_table(struct gen *g)
{
    static const uint32_t order[] = {DS, ES, FS, GS};
    uint32_t segment = 4;
    for (uint32_t i = 0; i < 4 && segment == 4; i++)
        if (g->mode.seg[order[i]].write && g->mode.seg[order[i]].limit == 0xffffffff)
            segment = order[i];
    if (segment == 4)
        return;
    uint32_t base = g->mode.seg[segment].base, page = below(g, WIN_PAGES - 2);
    bool pae = g->mode.cr4 & 0x20;
    uint32_t rights = one_of(g, 7, 7, 5, 3, 1, 0, 0x67, 0x27, 0x107, 0x25, 6, 0x47);
    uint32_t frame =
        once_in(g, 4) ? AT_DATA + below(g, 8) * 0x1000 : AT_WIN + below(g, WIN_PAGES - 2) * 0x1000;
    put(g, segment_prefix[segment]);
    address_size(g, 32);
    operand_size(g, 4);
    put_bytes(g, 0xc7, 0x05);
    put_n(g, (pae ? AT_PAE_WIN + page * 8 : AT_PT_WIN + page * 4) - base, 4);
    put_n(g, frame | rights, 4);
    put(g, segment_prefix[segment]);
    address_size(g, 32);
    put_bytes(g, 0x0f, 0x01, 0x3d);
    put_n(g, AT_WIN + page * 0x1000 + below(g, 0x1000) - base, 4);
    for (uint32_t i = below(g, 3); i-- > 0;) {
        put(g, segment_prefix[segment]);
        address_size(g, 32);
        operand_size(g, 4);
        put_bytes(g, (uint8_t)one_of(g, 0x8b, 0x89), (uint8_t)(0x05 | free_register(g, 0) << 3));
        put_n(g, AT_WIN + page * 0x1000 + below(g, 0xff0) - base, 4);
    }
}

/* DR0-DR3 hold anything; DR7 arms none. */
static void debug(struct gen *g)
{
    put_bytes(g, 0x0f, 0x23, (uint8_t)(0xc0 | below(g, 4) << 3 | any_register(g)));
    put_bytes(g, 0x0f, 0x21, (uint8_t)(0xc0 | below(g, 4) << 3 | free_register(g, 0)));
}

static void tables(struct gen *g)
{
    struct memory m;
    memory_choose(g, &m, 6, M_WRITE | M_TAME, 0);
    memory_prefixes(g, &m);
    operand_size(g, 4);
    put_bytes(g, 0x0f, 0x01);
    memory_modrm(g, &m, below(g, 2)); /* sgdt, sidt */
}

void atom_system(struct gen *g)
{
    struct atom outer = atom_begin(g);
    bool still = g->still;
    g->still = true;
    g->depth++;
    if (g->mode.cpl == 0 && !g->steady && !(g->reserved >> EAX & 1))
        switch (below(g, 7)) {
        case 0:
        case 1:
        case 2:
            if (g->mode.kind == KIND_PROTECTED)
                control(g);
            break;
        case 3:
        case 4:
            if (g->mode.kind == KIND_PROTECTED)
                page_table(g);
            break;
        case 5:
            debug(g);
            break;
        default:
            tables(g);
        }
    g->still = still;
    g->depth--;
    atom_end(g, outer);
}
