/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory operands (gen.h): first a segment and a place in it that the section may reach, then a
 * form of address for it, whose registers are loaded so that the sum is that place, with wraps as
 * they come.
 */
#include "tests/programs/gen.h"

#include <string.h>

const uint8_t segment_prefix[6] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

/* ---- Where */

static uint32_t choose_segment(struct gen *g, uint32_t access)
{
    for (int i = 0; i < 8; i++) {
        uint32_t s = one_of(g, DS, DS, DS, ES, FS, GS, SS, CS);
        const struct segment *seg = &g->mode.seg[s];
        if ((!(access & M_WRITE) || seg->write) && (!(access & M_READ) || seg->read))
            return s;
    }
    return DS;
}

/* A linear address for a flat segment: data, the window, or what lies below the stack pointer. */
static uint32_t choose_linear(struct gen *g, uint32_t size, uint32_t access)
{
    /* TCG reads what it writes first, so the error code of a read-modify-write is another there. */
    bool modifies = (access & (M_READ | M_WRITE)) == (M_READ | M_WRITE);
    bool tame = access & M_TAME || once_in(g, 2) || (g->choice->direct && modifies);
    if (tame || once_in(g, 2)) {
        uint32_t edge = below(g, 16) * 0x1000 + 0x1000 - below(g, size + 1);
        return AT_DATA + (once_in(g, 8) ? edge : below(g, 0x10000)) % (0x10000 - size);
    }
    uint32_t page = below(g, WIN_PAGES - 1); /* not the last, which is code */
    bool across = once_in(g, 6) && !g->choice->direct;
    return AT_WIN + page * 0x1000 + (across ? 0x1000 - below(g, size) : below(g, 0x1000 - size));
}

static uint32_t choose_offset(struct gen *g, const struct segment *seg, uint32_t size,
                              uint32_t access)
{
    if (seg->limit == 0xffffffff) {
        /* What straddles the end of the offsets is #GP on Bochs; Ring1 wraps there
         * (docs/limits.md). */
        uint32_t offset = choose_linear(g, size, access) - seg->base, last = 0u - size;
        return offset > last ? last : offset;
    }
    if (seg->limit < size)
        return below(g, 0x10000); /* a null segment */
    if (!(access & M_TAME) && !g->choice->direct && once_in(g, 24))
        return seg->limit + 2 - size + below(g, size); /* over the end, or just not */
    return below(g, seg->limit + 2 - size);
}

/* ---- How: 32-bit forms */

static void displacement(struct memory *m, uint32_t d, unsigned bytes)
{
    memcpy(m->bytes + m->len, &d, bytes);
    m->len += (uint8_t)bytes;
}

static void load(struct gen *g, struct memory *m, uint32_t reg, uint32_t value)
{
    move_imm(g, reg, value);
    m->registers |= 1u << reg;
}

static void form32(struct gen *g, struct memory *m, uint32_t without)
{
    uint32_t mod = below(g, 3), offset = m->offset;
    uint32_t d = mod == 1 ? (uint32_t)(int8_t)any32(g) : mod == 2 ? any32(g) : 0;
    m->wide = 32;
    if (once_in(g, 6)) { /* no register */
        m->bytes[m->len++] = 0x05;
        displacement(m, offset, 4);
        return;
    }
    uint32_t base = free_register(g, without), index = free_register(g, without | 1u << base);
    bool sib = once_in(g, 2);
    if (mod == 0 && base == EBP)
        mod = 1, d = 0;
    uint32_t value = offset - d;
    m->bytes[m->len++] = (uint8_t)(mod << 6 | (sib ? 4 : base));
    if (sib) {
        uint32_t scale = below(g, 4), times = below(g, 2) ? below(g, 0x2000) : any32(g);
        bool lone = once_in(g, 4); /* index without base */
        if (lone) {
            m->bytes[m->len - 1] = 0x04;
            m->bytes[m->len++] = (uint8_t)(scale << 6 | index << 3 | 5);
            load(g, m, index, times);
            displacement(m, offset - (times << scale), 4);
            return;
        }
        m->bytes[m->len++] = (uint8_t)(scale << 6 | index << 3 | base);
        load(g, m, index, times);
        value -= times << scale;
    }
    load(g, m, base, value);
    displacement(m, d, mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

/* ---- How: 16-bit forms */

static void load16(struct gen *g, struct memory *m, uint32_t reg, uint32_t value)
{
    load(g, m, reg, (value & 0xffff) | (once_in(g, 2) ? any32(g) & 0xffff0000 : 0));
}

static bool form16(struct gen *g, struct memory *m, uint32_t without)
{
    static const uint8_t base[8] = {EBX, EBX, EBP, EBP, ESI, EDI, EBP, EBX};
    static const uint8_t index[8] = {ESI, EDI, ESI, EDI, 0xff, 0xff, 0xff, 0xff};
    uint32_t rm = below(g, 8), mod = below(g, 3);
    m->wide = 16;
    if (mod == 0 && rm == 6) {
        m->bytes[m->len++] = 0x06;
        displacement(m, m->offset, 2);
        return true;
    }
    uint32_t used = 1u << base[rm] | (index[rm] != 0xff ? 1u << index[rm] : 0);
    if (used & (without | g->reserved))
        return false;
    uint32_t d = mod == 1   ? (uint32_t)(int8_t)any32(g)
                 : mod == 2 ? any32(g)
                            : 0,
             value = m->offset - d;
    if (index[rm] != 0xff) {
        uint32_t part = any32(g);
        load16(g, m, index[rm], part);
        value -= part;
    }
    load16(g, m, base[rm], value);
    m->bytes[m->len++] = (uint8_t)(mod << 6 | rm);
    displacement(m, d, mod);
    return true;
}

/* SS is what EBP and ESP as base name, unless a prefix says otherwise. */
static uint32_t default_segment(const struct memory *m)
{
    uint32_t mod = m->bytes[0] >> 6, rm = m->bytes[0] & 7;
    if (m->wide == 16)
        return rm == 2 || rm == 3 || (rm == 6 && mod) ? SS : DS;
    if (rm == 4) {
        uint32_t base = m->bytes[1] & 7;
        return base == ESP || (base == EBP && mod) ? SS : DS;
    }
    return rm == EBP && mod ? SS : DS;
}

void memory_place(struct gen *g, struct memory *m, uint32_t size, uint32_t access)
{
    memset(m, 0, sizeof(*m));
    m->segment = choose_segment(g, access);
    m->offset = choose_offset(g, &g->mode.seg[m->segment], size, access);
}

void memory_form(struct gen *g, struct memory *m, uint32_t without)
{
    bool word = m->offset <= 0xffff && (g->mode.bits == 16 ? !once_in(g, 4) : once_in(g, 4));
    if (!word || !form16(g, m, without)) {
        m->len = 0;
        form32(g, m, without);
    }
    if (default_segment(m) != m->segment || once_in(g, 16))
        m->prefix = segment_prefix[m->segment];
}

void memory_choose(struct gen *g, struct memory *m, uint32_t size, uint32_t access,
                   uint32_t without)
{
    memory_place(g, m, size, access);
    memory_form(g, m, without);
}

uint32_t place_in(struct gen *g, uint32_t segment, uint32_t size, uint32_t access)
{
    return choose_offset(g, &g->mode.seg[segment], size, access);
}

void memory_prefixes(struct gen *g, const struct memory *m)
{
    if (m->prefix)
        put(g, m->prefix);
    address_size(g, m->wide);
}

void memory_modrm(struct gen *g, const struct memory *m, uint32_t reg)
{
    put(g, m->bytes[0] | (reg & 7) << 3);
    put_all(g, m->bytes + 1, m->len - 1u);
}
