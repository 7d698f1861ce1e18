/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two machines with the same few pages: the real CPU and the interpreter's guest. Read-write,
 * read-only and absent pages lie next to each other. Included by one file of a test program,
 * which defines _GNU_SOURCE first. Read real_insn.h next.
 */
#ifndef RING1_REAL_TWIN_H
#define RING1_REAL_TWIN_H

#include "monitor/interp/interp.h"
#include "tests/unit/memory_doubles.h"
#include "tests/unit/random.h"
#include "tests/unit/real_cpu.h"

/* No interrupt is ever waiting. */
bool board_pending(const struct vm *v)
{
    (void)v;
    return false;
}

/* ---- The two machines ---------------------------------------------------------- */

enum {
    CODE = 0x200000,
    DATA = 0x210000, /* two pages, then a hole */
    HOLE = 0x212000,
    DATA2 = 0x213000, /* one page, then a read-only one */
    RO = 0x214000,
    STACK = 0x220000, /* two pages */
    PD = 0x1000,
    PT = 0x2000,
};

static const struct page {
    uint32_t where;
    int prot;
} pages[] = {
    {CODE, PROT_READ | PROT_WRITE | PROT_EXEC},
    {DATA, PROT_READ | PROT_WRITE},
    {DATA + 0x1000, PROT_READ | PROT_WRITE},
    {DATA2, PROT_READ | PROT_WRITE},
    {RO, PROT_READ},
    {STACK, PROT_READ | PROT_WRITE},
    {STACK + 0x1000, PROT_READ | PROT_WRITE},
};

static struct vm *vm;
static uint8_t *guest_memory[ARRAY_SIZE(pages)];
static uint8_t pattern[8192];

static inline uint32_t rnd(void)
{
    return (uint32_t)(next_number() >> 16);
}

static inline uint32_t rnd_below(uint32_t n)
{
    return rnd() % n;
}

static inline void *native(uint32_t where)
{
    return (void *)(uintptr_t)where;
}

/* The guest's byte at a mapped address. */
static inline uint8_t *guest_byte(uint32_t where)
{
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++)
        if (where - pages[n].where < 4096)
            return &guest_memory[n][where - pages[n].where];
    fail_msg("%x is in no page", where);
    return NULL;
}

static inline void set_segments(struct vcpu *v)
{
    for (unsigned n = 0; n < S_COUNT; n++) {
        v->seg[n].attr |= SA_DPL;
        v->seg[n].sel = REAL_DS;
    }
    v->seg[S_CS].sel = REAL_CS;
    v->seg[S_FS] = v->seg[S_GS] = (struct segment){0, 0, SA_NULL, 0};
    v->cpl = 3;
    v->tr.limit = 0x67; /* no permission bitmap behind it */
}

static inline int build_machines(void **state)
{
    (void)state;
    vm = fake_vm(4u << 20);
    struct vcpu *v = vm->vcpu;
    assert_true(trace_create(vm));
    assert_true(interp_create(vm));
    paging(v, PD);
    v->cr0 |= CR0_AM;
    set_segments(v);
    poke(vm, PD, PT | PTE_P | PTE_W | PTE_U);
    poke(vm, PT, PTE_P | PTE_W);
    poke(vm, 0x66, 0x68); /* the TSS at 0: its permission bitmap lies beyond the limit */
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++) {
        const struct page *p = &pages[n];
        assert_ptr_equal(mmap(native(p->where), 4096, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
                         native(p->where));
        memset(native(p->where), 0xcc, 4096);
        guest_memory[n] = guest_page(vm, gpa(p->where), 4096);
        memset(guest_memory[n], 0xcc, 4096);
        assert_int_equal(mprotect(native(p->where), 4096, p->prot), 0);
        poke(vm, PT + p->where / 4096 * 4,
             p->where | PTE_P | PTE_U | (p->prot & PROT_WRITE ? PTE_W : 0u));
    }
    return 0;
}

/* Fresh bytes for all pages, the same on both sides; the read-only one keeps its own. */
static inline void refill_memory(void)
{
    for (size_t n = 1; n < ARRAY_SIZE(pages); n++) {
        const uint8_t *from = pattern + rnd_below(1024) * 4;
        if (!(pages[n].prot & PROT_WRITE))
            continue;
        memcpy(native(pages[n].where), from, 4096);
        memcpy(guest_memory[n], from, 4096);
    }
}

static inline void make_pattern(void)
{
    static const uint8_t often[4] = {0, 1, 0xff, 0x80};
    for (size_t n = 0; n < sizeof pattern; n++)
        pattern[n] = n & 256 ? often[rnd_below(4)] : (uint8_t)rnd();
}

/* ---- Run and compare ------------------------------------------------------------ */

static inline bool same_memory(void)
{
    bool same = true;
    for (size_t n = 1; n < ARRAY_SIZE(pages); n++)
        same &= memcmp(native(pages[n].where), guest_memory[n], 4096) == 0;
    return same;
}

static inline unsigned long from_environment(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 0) : otherwise;
}

/* ---- The interpreter's side of a run -------------------------------------------- */

static inline void start_at(struct vcpu *v, const struct real_state *in)
{
    memcpy(v->gpr, in->gpr, sizeof v->gpr);
    v->eip = in->eip;
    v->eflags = in->eflags | FL_ONE;
    v->vif = 1;
    v->dr[6] = 0;
    memset(&v->exc, 0, sizeof v->exc);
}

/* Without an exception the real CPU came to the INT3 behind the instruction. */
static inline void end_state(const struct vcpu *v, struct real_state *out)
{
    memcpy(out->gpr, v->gpr, sizeof out->gpr);
    out->eip = v->eip;
    out->eflags = vcpu_eflags(v);
    out->vector = v->exc.valid ? v->exc.vector : VEC_BP;
    out->error = v->exc.error;
    out->cr2 = v->exc.cr2;
}

#endif
