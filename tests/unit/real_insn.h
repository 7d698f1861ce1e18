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
    bool whole;            /* run a repeated string operation to its end, not one iteration */
};

static inline unsigned put_prefixes(uint8_t *p)
{
    static const uint8_t segments[4] = {0x26, 0x2e, 0x36, 0x3e};
    unsigned n = 0;
    if (rnd_below(12) == 0)
        p[n++] = segments[rnd_below(4)];
    if (rnd_below(20) == 0)
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
    memcpy(c->bytes + c->insn.disp_offset, &c->insn.mem.disp, 4);
    memcpy(c->insn.bytes, c->bytes, sizeof c->insn.bytes);
}

/* Makes the memory operand's address that of TARGET, by displacement or base. */
static inline void aim(struct test_case *c, uint32_t where)
{
    struct mem_operand *m = &c->insn.mem;
    struct vcpu probe;
    memcpy(probe.gpr, c->in.gpr, sizeof probe.gpr);
    uint32_t delta = where - operand_offset(&probe, &c->insn);
    if (c->insn.disp_size == 4)
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
    fprintf(stderr, "    eip %08x eflags %08x vector %d error %x cr2 %08x\n", s->eip, s->eflags,
            s->vector, s->error, s->cr2);
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
