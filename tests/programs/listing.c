/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A program as text: sections with their modes, atoms with their instructions (image.h).
 */
#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#include "tests/programs/image.h"
#include "tests/programs/section.h"

static uint32_t bits_at(const struct gen *g, uint32_t offset)
{
    uint32_t bits = g->mode.bits;
    for (uint32_t i = 0; i < g->nturns && g->turns[i].offset <= offset; i++)
        bits = g->turns[i].bits;
    return bits;
}

static void instruction(const struct gen *g, uint32_t offset, uint32_t end, uint32_t *len)
{
    bool wide = bits_at(g, offset) == 32;
    ZydisDisassembledInstruction insn;
    *len = 1;
    printf("      %04x  ", offset);
    if (ZYAN_FAILED(ZydisDisassembleIntel(wide ? ZYDIS_MACHINE_MODE_LEGACY_32
                                               : ZYDIS_MACHINE_MODE_LEGACY_16,
                                          offset, g->code + offset, end - offset, &insn))) {
        printf("%02x%22s (no instruction)\n", g->code[offset], "");
        return;
    }
    *len = insn.info.length;
    for (uint32_t i = 0; i < 10; i++)
        if (i < *len)
            printf("%02x", g->code[offset + i]);
        else
            printf("  ");
    printf("  %s\n", insn.text);
}

static void list_section(const struct gen *g)
{
    const struct mode *m = &g->mode;
    printf("  section %u: %s, CR0 %08x, CR3 %08x, CR4 %08x, EFLAGS %08x, ESP %08x, %u times\n",
           g->section, m->name, m->cr0, m->cr3, m->cr4, m->eflags, m->esp, g->repeat);
    printf("    CS %04x SS %04x DS %04x ES %04x FS %04x GS %04x\n", m->seg[CS].selector,
           m->seg[SS].selector, m->seg[DS].selector, m->seg[ES].selector, m->seg[FS].selector,
           m->seg[GS].selector);
    for (uint32_t b = 0; b + 1 < g->nbounds; b++) {
        printf("    atom %u\n", g->bounds[b].atom);
        uint32_t len;
        for (uint32_t o = g->bounds[b].offset; o < g->bounds[b + 1].offset; o += len)
            instruction(g, o, g->bounds[b + 1].offset, &len);
    }
}

void program_list(const struct choice *choice)
{
    static struct gen g;
    uint32_t first = 0;
    printf("program %u\n", choice->seed);
    for (uint32_t s = 0; s < program_sections(choice); s++) {
        section_make(&g, choice, s, first);
        first += g.atoms;
        if (!g.empty || !choice->dropped)
            list_section(&g);
    }
}
