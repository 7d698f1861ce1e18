/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atoms that load segment registers, good and bad, use them and load what the section had; and
 * instructions that look at descriptors. Read fpu.c next.
 */
#include "tests/programs/gen.h"

static uint32_t any_selector(struct gen *g)
{
    if (g->mode.kind != KIND_PROTECTED)
        return (AT_DATA >> 4) + below(g, 0x800);
    return one_of(g, SEL_DATA0, SEL_DATA3, SEL_DATA1, SEL_SMALL, SEL_SMALL, SEL_DOWN, SEL_READ,
                  SEL_EXEC, SEL_ABSENT, SEL_CONFORM, SEL_BASED, SEL_BASED, SEL_FRESH, SEL_LDT_DATA,
                  SEL_LDT_CODE, SEL_TSS, SEL_GATE32, SEL_CODE3, 0, 3, 0x200, 0x47, SEL_LDT);
}

static void load(struct gen *g, uint32_t segment, uint32_t selector)
{
    uint32_t reg = free_register(g, 0);
    move_imm(g, reg, selector);
    if (once_in(g, 3))
        operand_size(g, 4);
    put_bytes(g, 0x8e, (uint8_t)(0xc0 | segment << 3 | reg));
}

/* LES, LDS, LFS, LGS and LSS of 16:16 that has been stored; the offset goes into a register. */
static void load_far(struct gen *g)
{
    static const uint8_t opcode[6] = {0xc4, 0, 0xb2, 0xc5, 0xb4, 0xb5};
    uint32_t segment = one_of(g, DS, ES, FS, GS), reg = free_register(g, 0);
    struct memory m;
    memory_choose(g, &m, 4, M_READ | M_WRITE | M_TAME, 0);
    memory_prefixes(g, &m);
    operand_size(g, 4);
    put(g, 0xc7);
    memory_modrm(g, &m, 0);
    put_n(g, any_selector(g) << 16 | (any32(g) & 0xffff), 4);
    memory_prefixes(g, &m);
    operand_size(g, 2);
    if (segment == FS || segment == GS)
        put(g, 0x0f);
    put(g, opcode[segment]);
    memory_modrm(g, &m, reg);
    load(g, segment, g->mode.seg[segment].selector);
}

/* An access through it: whatever it is now, an exception if it may not be. */
static void use(struct gen *g, uint32_t segment)
{
    uint32_t reg = free_register(g, 0), address = free_register(g, 1u << reg);
    uint32_t at = one_of(g, AT_DATA + below(g, 0x8000), below(g, 0x1000), below(g, 0x10000),
                         AT_DATA + 0x2000 - below(g, 8), AT_DATA + below(g, 0x4000));
    move_imm(g, address, at);
    put(g, segment_prefix[segment]);
    address_size(g, 32);
    /* Reads only: the segment may lie anywhere. */
    put(g, one_of(g, 0x8a, 0x8b));
    put_bytes(g, (uint8_t)(0x40 | reg << 3 | address), 0);
}

static void load_and_use(struct gen *g)
{
    uint32_t segment = one_of(g, DS, ES, FS, GS), selector = any_selector(g);
    load(g, segment, selector);
    /* TCG checks neither limit nor type; an access would tell. */
    if (!g->choice->direct)
        use(g, segment);
    load(g, segment, g->mode.seg[segment].selector);
}

/* SS: to itself, with what follows in its shadow, or to what may not be. */
static void stack_segment(struct gen *g)
{
    bool bad = once_in(g, 2);
    load(g, SS,
         bad ? one_of(g, SEL_ABSENT, SEL_READ, SEL_CODE0, 0, SEL_SMALL, 0x300, SEL_TSS)
             : g->mode.seg[SS].selector);
    put(g, 0x90);
    if (bad) { /* if it did load, nothing may be pushed on it */
        load(g, SS, g->mode.seg[SS].selector);
        put(g, 0x90);
    }
}

/* PUSH and POP of one. */
static void by_stack(struct gen *g)
{
    uint32_t size = one_of(g, 2, 4);
    operand_size(g, size);
    put(g, 0x68);
    put_n(g, any_selector(g), size);
    operand_size(g, size);
    uint32_t segment = one_of(g, DS, ES, FS, GS);
    if (segment == FS || segment == GS)
        put_bytes(g, 0x0f, segment == FS ? 0xa1 : 0xa9);
    else
        put(g, segment == DS ? 0x1f : 0x07);
    load(g, segment, g->mode.seg[segment].selector);
}

/* LAR, LSL, VERR, VERW, ARPL; SLDT, STR, SMSW. */
static void look(struct gen *g)
{
    uint32_t reg = free_register(g, 0), to = free_register(g, 1u << reg);
    move_imm(g, reg, any_selector(g));
    switch (below(g, 5)) {
    case 0:
    case 1: /* the size decides how much of the register is kept */
        operand_size(g, one_of(g, 2, 4));
        put_bytes(g, 0x0f, (uint8_t)one_of(g, 2, 3), (uint8_t)(0xc0 | to << 3 | reg));
        set_flags(g, F_Z, 0);
        break;
    case 2:
        put_bytes(g, 0x0f, 0, (uint8_t)(0xc0 | one_of(g, 4, 5) << 3 | reg));
        set_flags(g, F_Z, 0);
        break;
    case 3:
        put_bytes(g, 0x63, (uint8_t)(0xc0 | to << 3 | reg));
        set_flags(g, F_Z, 0);
        break;
    default:
        operand_size(g, 4);
        if (once_in(g, 3)) /* smsw */
            put_bytes(g, 0x0f, 0x01, (uint8_t)(0xe0 | reg));
        else
            put_bytes(g, 0x0f, 0x00, (uint8_t)(0xc0 | below(g, 2) << 3 | reg));
    }
}

/* MOV from one. */
static void store(struct gen *g)
{
    struct memory m;
    if (once_in(g, 2)) {
        operand_size(g, one_of(g, 2, 4));
        put_bytes(g, 0x8c, (uint8_t)(0xc0 | below(g, 6) << 3 | free_register(g, 0)));
        return;
    }
    memory_choose(g, &m, 2, M_WRITE, 0);
    memory_prefixes(g, &m);
    put(g, 0x8c);
    memory_modrm(g, &m, below(g, 6));
}

void atom_segment(struct gen *g)
{
    struct atom outer = atom_begin(g);
    /* At CPL 3 code runs directly, and sees the tables of the monitor. */
    bool shown = !g->choice->direct || g->mode.cpl != 3;
    switch (below(g, 7)) {
    case 0:
    case 1:
        load_and_use(g);
        break;
    case 2:
        stack_segment(g);
        break;
    case 3:
        if (!g->steady)
            by_stack(g);
        break;
    case 4:
        if (shown)
            look(g);
        break;
    case 5:
        if (g->mode.seg[DS].write)
            load_far(g);
        break;
    default:
        store(g);
    }
    atom_end(g, outer);
}
