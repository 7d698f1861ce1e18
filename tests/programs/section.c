/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The modes that sections run in, and what they are filled with.
 */
#include "tests/programs/section.h"

#include <string.h>

enum {
    CR0_BASE = 0x31,
    CR0_WP = 0x10000,
    CR0_AM = 0x40000,
    CR0_PG = 0x80000000u,
    CR4_BASE = 0x600
};
enum { CR4_PSE = 0x10, CR4_PAE = 0x20, CR4_PGE = 0x80 };
enum { FL_IF = 0x200, FL_IOPL = 0x3000, FL_VM = 0x20000, FL_AC = 0x40000 };

static const struct segment flat0 = {SEL_DATA0, 0, 0xffffffff, true, true};
static const struct segment flat1 = {SEL_DATA1, 0, 0xffffffff, true, true};
static const struct segment flat2 = {SEL_DATA2, 0, 0xffffffff, true, true};
static const struct segment flat3 = {SEL_DATA3, 0, 0xffffffff, true, true};
static const struct segment based = {SEL_BASED, AT_DATA + 0x800, 0xffffffff, true, true};
static const struct segment small = {SEL_SMALL, AT_DATA, 0xffff, true, true};
static const struct segment ldt_data = {SEL_LDT_DATA, AT_DATA + 0x100, 0xfff, true, true};
static const struct segment read_only = {SEL_READ, 0, 0xffffffff, false, true};
static const struct segment fresh = {SEL_FRESH, 0, 0xffffffff, true, true};
static const struct segment null = {0, 0, 0, false, false};

/* ---- Paging */

static void choose_paging(struct gen *g)
{
    struct mode *m = &g->mode;
    m->cr0 = CR0_BASE;
    m->cr4 = CR4_BASE | CR4_PSE | (once_in(g, 2) ? CR4_PGE : 0);
    m->cr3 = AT_PD;
    if (m->kind == KIND_REAL || once_in(g, 4))
        return;
    m->paging = true;
    m->cr0 |= CR0_PG | (once_in(g, 4) ? 0 : CR0_WP);
    switch (below(g, 4)) {
    case 0:
        m->cr3 = AT_PD_LARGE;
        break;
    case 1:
        m->cr3 = AT_PDPT;
        m->cr4 |= CR4_PAE;
        break;
    }
}

/* ---- Segments */

static void protected_code(struct gen *g, uint32_t cpl)
{
    static const uint32_t code[4] = {SEL_CODE0, SEL_CODE1, SEL_CODE2, SEL_CODE3};
    static const struct segment *const data[4] = {&flat0, &flat1, &flat2, &flat3};
    struct mode *m = &g->mode;
    m->kind = KIND_PROTECTED;
    m->cpl = cpl;
    m->bits = 32;
    m->seg[CS] = (struct segment){code[cpl], 0, 0xffffffff, false, true};
    m->seg[SS] = m->seg[DS] = m->seg[ES] = m->seg[FS] = m->seg[GS] = *data[cpl];
    m->esp = AT_STACK + STACK_MIDDLE;
    m->name = (const char *[]){"CPL 0", "CPL 1", "CPL 2", "CPL 3"}[cpl];
}

static void protected_16(struct gen *g, uint32_t cpl)
{
    struct mode *m = &g->mode;
    protected_code(g, cpl);
    m->bits = 16;
    m->seg[CS] = (struct segment){cpl ? SEL_CODE16_3 : SEL_CODE16_0, AT_CODE, 0xffff, false, true};
    m->seg[DS] = m->seg[ES] = small;
    m->name = cpl ? "16-bit, CPL 3" : "16-bit, CPL 0";
    if (once_in(g, 4) || (cpl && g->choice->direct)) /* TCG checks no limit there */
        return;
    m->seg[SS] =
        (struct segment){cpl ? SEL_STACK16_3 : SEL_STACK16_0, AT_STACK, 0xffff, true, true};
    m->stack16 = true;
    m->esp = STACK_MIDDLE;
}

/* CS or SS with a base, 32-bit code. */
static void protected_based(struct gen *g, uint32_t cpl)
{
    struct mode *m = &g->mode;
    protected_code(g, cpl);
    m->name = cpl ? "based, CPL 3" : "based, CPL 0";
    if (!once_in(g, 3))
        m->seg[CS] = (struct segment){cpl ? SEL_CODEB3 : SEL_CODEB0, AT_CODE, 0xffff, false, true};
    if (once_in(g, 2) && !(cpl && g->choice->direct)) {
        m->seg[SS] =
            (struct segment){cpl ? SEL_STACKB3 : SEL_STACKB0, AT_STACK, 0xffff, true, true};
        m->esp = STACK_MIDDLE;
    }
}

static void paragraphs(struct gen *g, uint32_t kind)
{
    struct mode *m = &g->mode;
    m->kind = kind;
    m->cpl = kind == KIND_V86 ? 3 : 0;
    m->bits = 16;
    m->stack16 = true;
    m->esp = STACK_MIDDLE;
    m->seg[CS] = (struct segment){AT_CODE >> 4, AT_CODE, 0xffff, false, true};
    m->seg[SS] = (struct segment){AT_STACK >> 4, AT_STACK, 0xffff, true, true};
    for (int s = 0; s < 4; s++) {
        uint32_t at = AT_DATA + (once_in(g, 2) ? below(g, 0x100) * 0x10 : 0);
        m->seg[((const int[]){DS, ES, FS, GS})[s]] =
            (struct segment){at >> 4, at, AT_DATA + 0xffff - at, true, true};
    }
    m->name = kind == KIND_V86 ? "V86" : "real mode";
}

/* Other data segments than flat ones, now and then. */
static void vary_segments(struct gen *g)
{
    const struct segment *const any[] = {&based, &small, &ldt_data, &read_only, &fresh, &null};
    for (int i = 0; i < 4; i++) {
        int s = ((const int[]){ES, FS, GS, DS})[i];
        if (!once_in(g, s == DS ? 6 : 3))
            continue;
        const struct segment *seg = any[below(g, s == DS ? 2 : 6)];
        /* TCG checks neither limits nor types at CPL 3. */
        if (g->choice->direct && seg != &based)
            seg = &based;
        g->mode.seg[s] = *seg;
    }
}

static void mode_choose(struct gen *g)
{
    struct mode *m = &g->mode;
    memset(m, 0, sizeof(*m));
    uint32_t which = below(g, 20);
    if (which < 6)
        protected_code(g, 0);
    else if (which < 10)
        protected_code(g, 3);
    else if (which < 12)
        protected_code(g, 1 + below(g, 2));
    else if (which < 15)
        protected_16(g, one_of(g, 0, 3));
    else if (which < 17)
        protected_based(g, one_of(g, 0, 3));
    else
        paragraphs(g, which == 19 ? KIND_V86 : KIND_REAL);
    if (m->kind == KIND_PROTECTED)
        vary_segments(g);
    choose_paging(g);
    m->eflags = 2 | FL_IF;
    if (m->kind == KIND_V86)
        m->eflags |= FL_VM | (once_in(g, 3) ? 0 : FL_IOPL);
    else if (once_in(g, 6))
        m->eflags |= FL_IOPL;
    if (!g->choice->direct && m->cpl == 3 && once_in(g, 6)) {
        m->cr0 |= CR0_AM;
        m->eflags |= FL_AC;
    }
}

/* ---- What stands in a section */

void atom_simple(struct gen *g)
{
    static void (*const kinds[])(struct gen *) = {
        atom_plain, atom_plain,  atom_plain, atom_plain,  atom_plain,
        atom_shift, atom_divide, atom_bits,  atom_string, atom_fpu,
    };
    kinds[below(g, sizeof(kinds) / sizeof(kinds[0]))](g);
}

static void atom_any(struct gen *g)
{
    static void (*const kinds[])(struct gen *) = {
        atom_simple,  atom_simple, atom_simple, atom_simple,  atom_simple, atom_simple,
        atom_stack,   atom_stack,  atom_flags,  atom_flow,    atom_flow,   atom_fault,
        atom_segment, atom_far,    atom_system, atom_selfmod,
    };
    kinds[below(g, sizeof(kinds) / sizeof(kinds[0]))](g);
}

static void fill_section(struct gen *g)
{
    uint32_t atoms = 20 + below(g, 120);
    while (g->atoms < atoms)
        atom_any(g);
}

/* The last atom: a checkpoint. It always stays. */
static void close(struct gen *g)
{
    g->kept = true;
    bound(g);
    interrupt(g, INT_CHECK);
    bound(g);
}

void section_make(struct gen *g, const struct choice *choice, uint32_t section, uint32_t first)
{
    memset(g, 0, sizeof(*g));
    g->choice = choice;
    g->section = section;
    g->first = first;
    g->random = ((uint64_t)choice->seed << 20 | section) * 0x9e3779b97f4a7c15u;
    g->reserved = 1u << ESP;
    g->kept = true;
    any32(g);
    any32(g);
    mode_choose(g);
    g->repeat = one_of(g, 1, 2, 2, 3, 4);
    if (choice->once)
        g->repeat = 1;
    turn(g, g->mode.bits);
    fill_section(g);
    g->empty = g->len == 0;
    close(g);
}
