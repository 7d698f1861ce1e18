/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter's start in a case, and what it can be let overlook: limits, missing pages,
 * alignment. For the question which other faults an instruction would meet (real_order.h).
 * Included by one file of a test program.
 */
#ifndef RING1_REAL_RELAX_H
#define RING1_REAL_RELAX_H

#include "tests/unit/real_insn.h"

/* Checks that are skipped, and one that is made besides. */
enum relax {
    FREE_CODE = 1, /* limits of CS, ... */
    FREE_STACK = 2,
    FREE_DATA = 4,
    FREE_PAGES = 8,
    FREE_ALIGNMENT = 16,
    FREE_ALL = 31,
    NO_WRAP = 32, /* segments of 4 GiB end one byte earlier */
};

/* A segment of 4 GiB elsewhere than at 0. */
static inline bool wraps(const struct segment *s)
{
    return s->base != 0 && s->limit == 0xffffffffu && (s->attr & (SA_CODE | SA_DC)) != SA_DC;
}

static inline void free_limit(struct segment *s)
{
    s->limit = 0xffffffffu;
    s->attr = (s->attr & SA_DB) | SA_P | SA_S | SA_DPL | SA_RW;
}

static inline void relax_segments(struct vcpu *v, unsigned relaxed)
{
    static const unsigned bit[S_COUNT] = {FREE_DATA, FREE_CODE, FREE_STACK,
                                          FREE_DATA, FREE_DATA, FREE_DATA};
    for (unsigned r = 0; r < S_COUNT; r++) {
        if ((relaxed & NO_WRAP) && wraps(&v->seg[r]))
            v->seg[r].limit--;
        if (relaxed & bit[r])
            free_limit(&v->seg[r]);
        if (r == S_CS)
            v->seg[r].attr |= SA_CODE;
    }
}

/* Far transfers find no limit in the LDT's code either, or again what is there. */
static inline void relax_targets(bool relaxed)
{
    static uint32_t saved[LDT_MOST][2];
    for (uint32_t n = 0; n < ldt_entries; n++) {
        uint32_t at = LDT + 8 * n, code = (SA_S | SA_CODE) << 8;
        if (relaxed) {
            saved[n][0] = peek(vm, at);
            saved[n][1] = peek(vm, at + 4);
        }
        if ((saved[n][1] & code) != code)
            continue;
        poke(vm, at, saved[n][0] | (relaxed ? 0xffffu : 0));
        poke(vm, at + 4, saved[n][1] | (relaxed ? 0x8f0000u : 0));
    }
}

/* Page tables in which nothing of user memory is missing or read-only, or as they were. */
static inline void relax_pages(bool relaxed)
{
    static uint32_t saved[1024];
    for (uint32_t n = HANDLERS / PAGE_SIZE + 1; n < 1024; n++) {
        if (relaxed)
            saved[n] = peek(vm, PT + 4 * n);
        poke(vm, PT + 4 * n, relaxed ? n * PAGE_SIZE | PTE_P | PTE_W | PTE_U : saved[n]);
    }
    vmem_flush(vm->vcpu, true);
}

static inline void relax_memory(unsigned relaxed, bool begin)
{
    if (relaxed & FREE_CODE)
        relax_targets(begin);
    if (relaxed & FREE_PAGES)
        relax_pages(begin);
}

/* Ready to run C as it wants it. */
static inline void start_relaxed(const struct test_case *c)
{
    struct vcpu *v = vm->vcpu;
    start_at(v, &c->in);
    relax_segments(v, c->relaxed);
    if (c->relaxed & FREE_ALIGNMENT)
        v->eflags &= ~(uint32_t)FL_AC;
    relax_memory(c->relaxed, true);
}

static inline void end_relaxed(const struct test_case *c)
{
    relax_memory(c->relaxed, false);
    if (c->relaxed & FREE_ALIGNMENT)
        vm->vcpu->eflags |= c->in.eflags & FL_AC;
}

#endif
