/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random instructions whose memory operands meet the pages of real_twin.h, as the tests
 * against the real CPU share them.
 */
#ifndef RING1_REAL_INSN_H
#define RING1_REAL_INSN_H

#include <stdio.h>

#include "bt/decode/insn.h"
#include "monitor/interp/operand.h"
#include "tests/unit/real_twin.h"

struct test_case {
    uint8_t bytes[16];
    struct insn insn;
    struct real_state in;
    const struct row *row; /* the test's own */
    unsigned relaxed;      /* enum relax (real_relax.h), for the interpreter */
    bool whole;            /* run a repeated string operation to its end, not one iteration */
};

/* How often prefixes come. */
struct prefixes {
    unsigned segments;         /* this many of ES, CS, SS, DS, FS and GS, ... */
    unsigned segment, address; /* ... one in so many instructions */
};

static const struct prefixes flat_prefixes = {4, 12, 20};

static inline unsigned put_prefixes(uint8_t *p, const struct prefixes *often)
{
    static const uint8_t segments[6] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    unsigned n = 0;
    if (rnd_below(often->segment) == 0)
        p[n++] = segments[rnd_below(often->segments)];
    if (rnd_below(often->address) == 0)
        p[n++] = 0x67;
    if (rnd_below(16) == 0)
        p[n++] = 0xf0;
    if (rnd_below(6) == 0)
        p[n++] = 0xf2 + (uint8_t)rnd_below(2);
    if (rnd_below(4) == 0)
        p[n++] = 0x66;
    return n;
}

static inline uint32_t interesting(void)
{
    static const uint32_t often[] = {0,      1,    2,    0xffffffff, 0x80000000, 0x7fffffff,
                                     0xffff, 0x80, 0x7f, 0x8000,     0x7fff,     0x10000,
                                     0xff00, 31,   32,   33};
    return rnd_below(3) ? rnd() >> rnd_below(32) : often[rnd_below(ARRAY_SIZE(often))];
}

/* An address in the data pages, now and then at one of their edges. */
static inline uint32_t target(void)
{
    static const uint32_t edge[] = {HOLE, DATA + 0x1000, RO, HOLE};
    if (rnd_below(6) == 0)
        return edge[rnd_below(4)] - rnd_below(12) + rnd_below(6);
    return DATA + 0xc00 + rnd_below(0x800);
}

static inline void patch_displacement(struct test_case *c, uint32_t delta)
{
    c->insn.mem.disp = (int32_t)((uint32_t)c->insn.mem.disp + delta);
    if (c->insn.disp_size == 2)
        c->insn.mem.disp = (int16_t)c->insn.mem.disp;
    memcpy(c->bytes + c->insn.disp_offset, &c->insn.mem.disp, c->insn.disp_size);
    memcpy(c->insn.bytes, c->bytes, sizeof c->insn.bytes);
}

static inline uint32_t offset_of_operand(const struct test_case *c)
{
    struct vcpu probe;
    memcpy(probe.gpr, c->in.gpr, sizeof probe.gpr);
    return operand_offset(&probe, &c->insn);
}

/* Of the memory operand, and of the instruction. */
static inline uint32_t operand_linear(const struct test_case *c)
{
    return segment_of(c->in.sel[c->insn.mem.seg]).base + offset_of_operand(c);
}

static inline uint32_t code_linear(const struct test_case *c)
{
    return segment_of(c->in.sel[S_CS]).base + c->in.eip;
}

/* Does all of the instruction lie in its segment? */
static inline bool can_be_fetched(const struct test_case *c)
{
    return segment_of(c->in.sel[S_CS]).limit - c->in.eip >= c->insn.len - 1u;
}

/* The top of the stack with ESP, as the segment of the start has it. */
static inline uint32_t stack_linear(const struct test_case *c, uint32_t esp)
{
    struct segment ss = segment_of(c->in.sel[S_SS]);
    return ss.base + (ss.attr & SA_DB ? esp : esp & 0xffff);
}

/* What a push there would overwrite; 0 where it cannot. */
static inline uint16_t word_at(uint32_t where)
{
    unsigned lo = is_writable(where) ? *guest_byte(where) : 0;
    unsigned hi = is_writable(where + 1) ? *guest_byte(where + 1) : 0;
    return (uint16_t)(lo | hi << 8);
}

/* Makes the memory operand's offset WHERE, by displacement or base. */
static inline void aim(struct test_case *c, uint32_t where)
{
    struct mem_operand *m = &c->insn.mem;
    uint32_t delta = where - offset_of_operand(c);
    if (c->insn.disp_size >= 2)
        patch_displacement(c, delta);
    else if (m->base != R_NONE && m->base == m->index)
        c->in.gpr[m->base] = (where - (uint32_t)m->disp) / (1u + m->scale);
    else if (m->base != R_NONE)
        c->in.gpr[m->base] += delta;
    else if (m->index != R_NONE)
        c->in.gpr[m->index] = (where - (uint32_t)m->disp) / m->scale;
}

static inline void print_state(const char *name, const struct real_state *s)
{
    fprintf(stderr, "%s: eax %08x ecx %08x edx %08x ebx %08x esp %08x ebp %08x esi %08x edi %08x\n",
            name, s->gpr[0], s->gpr[1], s->gpr[2], s->gpr[3], s->gpr[4], s->gpr[5], s->gpr[6],
            s->gpr[7]);
    fprintf(stderr, "    eip %08x eflags %08x vector %d error %x cr2 %08x", s->eip, s->eflags,
            s->vector, s->error, s->cr2);
    fprintf(stderr, " es %02x cs %02x ss %02x ds %02x fs %02x gs %02x\n", s->sel[0], s->sel[1],
            s->sel[2], s->sel[3], s->sel[4], s->sel[5]);
}

static inline void print_segments(const struct real_state *s)
{
    static const char *const name[] = {"es", "cs", "ss", "ds", "fs", "gs"};
    for (unsigned r = 0; r < S_COUNT; r++) {
        struct segment g = segment_of(s->sel[r]);
        fprintf(stderr, "    %s %02x: base %08x limit %08x attr %05x\n", name[r], g.sel, g.base,
                g.limit, g.attr);
    }
}

static inline void print_case(const struct test_case *c, unsigned number)
{
    char text[128];
    insn_format(&c->insn, c->in.eip, text, sizeof text);
    fprintf(stderr, "case %u: %s  (", number, text);
    for (unsigned n = 0; n < c->insn.len; n++)
        fprintf(stderr, " %02x", c->bytes[n]);
    fprintf(stderr, " )%s\n", c->whole ? " whole" : "");
}

#endif
