/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two machines with the same few pages and segments: the real CPU and the interpreter's guest.
 * Read-write, read-only and absent pages lie next to each other. The guest's GDT has Linux's
 * selectors. Included by one file of a test program, which defines _GNU_SOURCE first. Read
 * real_insn.h next.
 */
#ifndef RING1_REAL_TWIN_H
#define RING1_REAL_TWIN_H

#include "monitor/interp/interp.h"
#include "monitor/segment.h"
#include "monitor/vmem.h"
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
    STACK = 0x220000, /* two pages, and those around 64 KiB above */
    /* The guest's alone, not for its user code. */
    TSS = 0,
    PD = 0x1000,
    PT = 0x2000,
    GDT = 0x3000,
    LDT = 0x4000,
    IDT = 0x5000,
    KERNEL_STACK = 0x7000,
    HANDLERS = 0x8000, /* + 16 * vector */
};

enum { KERNEL_CS = 0x10, KERNEL_DS = 0x18, GDT_LIMIT = 0x7f };

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
    {STACK + 0xf000, PROT_READ | PROT_WRITE},
    {STACK + 0x10000, PROT_READ | PROT_WRITE},
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

static inline bool is_mapped(uint32_t where)
{
    bool any = false;
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++)
        any |= where - pages[n].where < 4096;
    return any;
}

/* May user code write to the byte? */
static inline bool is_writable(uint32_t where)
{
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++)
        if (where - pages[n].where < 4096)
            return pages[n].prot & PROT_WRITE;
    return false;
}

/* ---- Segments ------------------------------------------------------------------- */

enum { LDT_MOST = 64 };
static unsigned ldt_entries; /* that there are on both sides */

static inline void poke64(uint32_t where, uint64_t x)
{
    poke(vm, where, (uint32_t)x);
    poke(vm, where + 4, (uint32_t)(x >> 32));
}

/* What selector SEL loads, if it can be loaded. */
static inline struct segment segment_of(uint16_t sel)
{
    struct segment s = {.attr = SA_NULL, .sel = sel};
    uint32_t at = (sel & SEL_TI ? LDT : GDT) + (sel & 0xfff8u);
    if (sel > 3)
        segment_unpack(sel, (uint64_t)peek(vm, at + 4) << 32 | peek(vm, at), &s);
    return s;
}

/* Rights and limit as the real CPU tells them; the base is 0. */
static inline uint64_t flat_descriptor(uint16_t sel)
{
    uint32_t rights = 0, limit = 0;
    bool ok;
    __asm__("lar %2, %0\n\tsetz %1" : "+r"(rights), "=r"(ok) : "r"((uint32_t)sel) : "cc");
    assert_true(ok);
    __asm__("lsl %2, %0\n\tsetz %1" : "+r"(limit), "=r"(ok) : "r"((uint32_t)sel) : "cc");
    assert_true(ok && limit == 0xffffffffu);
    return (uint64_t)(rights | 0xf0000) << 32 | 0xffff;
}

/* INT3 and INTO are open to user code, as Linux has them. */
static inline void fill_tables(struct vcpu *v)
{
    static const uint16_t user[] = {REAL_CS, REAL_DS, REAL_CS64};
    for (size_t n = 0; n < ARRAY_SIZE(user); n++)
        poke64(GDT + (user[n] & 0xfff8u), flat_descriptor(user[n]));
    poke64(GDT + KERNEL_CS, 0xcf9b000000ffffull);
    poke64(GDT + KERNEL_DS, 0xcf93000000ffffull);
    for (unsigned n = 0; n < 256; n++)
        poke64(IDT + 8 * n, (uint64_t)(n == VEC_BP || n == VEC_OF ? 0xee00 : 0x8e00) << 32 |
                                KERNEL_CS << 16 | (HANDLERS + 16 * n));
    poke(vm, TSS + 4, KERNEL_STACK);
    poke(vm, TSS + 8, KERNEL_DS);
    poke(vm, TSS + 0x66, 0x68); /* the permission bitmap lies beyond the limit */
    v->gdtr = (struct table_reg){GDT, GDT_LIMIT};
    v->idtr = (struct table_reg){IDT, 0x7ff};
    v->ldtr = (struct segment){.attr = SA_NULL};
    v->tr = (struct segment){TSS, 0x67, SA_P | SYS_TSS32_BUSY, 0x40};
}

/* ---- Building ------------------------------------------------------------------- */

static inline int build_machines(void **state)
{
    (void)state;
    vm = fake_vm(4u << 20);
    struct vcpu *v = vm->vcpu;
    assert_true(trace_create(vm));
    assert_true(interp_create(vm));
    paging(v, PD);
    v->cr0 |= CR0_AM;
    fill_tables(v);
    poke(vm, PD, PT | PTE_P | PTE_W | PTE_U);
    for (uint32_t n = 0; n <= HANDLERS; n += PAGE_SIZE)
        poke(vm, PT + n / PAGE_SIZE * 4, n | PTE_P | PTE_W);
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

/* What nobody writes to is as on the real CPU. */
static inline void copy_readonly(void)
{
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++)
        if (n == 0 || !(pages[n].prot & PROT_WRITE))
            memcpy(guest_memory[n], native(pages[n].where), 4096);
}

/* Fresh bytes for all other pages, the same on both sides. */
static inline void refill_memory(void)
{
    copy_readonly();
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
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++)
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
    for (unsigned r = 0; r < S_COUNT; r++)
        v->seg[r] = segment_of(in->sel[r]);
    v->cpl = 3;
    v->eip = in->eip;
    v->eflags = in->eflags | FL_ONE;
    v->vif = 1;
    v->inhibit = 0;
    v->dr[6] = 0;
    memset(&v->exc, 0, sizeof v->exc);
}

/* The handler of a software interrupt was entered: the state is that of its frame. */
static inline void end_in_handler(const struct vcpu *v, struct real_state *out)
{
    uint32_t at = v->gpr[R_ESP];
    assert_int_equal(at, KERNEL_STACK - 20);
    out->vector = (int)(v->eip - HANDLERS) / 16;
    out->eip = peek(vm, at);
    out->sel[S_CS] = (uint16_t)peek(vm, at + 4);
    out->eflags = peek(vm, at + 8);
    out->gpr[R_ESP] = peek(vm, at + 12);
    out->sel[S_SS] = (uint16_t)peek(vm, at + 16);
}

/* Without an exception the real CPU came to the INT3 behind the instruction, and is behind that. */
static inline void end_state(const struct vcpu *v, struct real_state *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->gpr, v->gpr, sizeof out->gpr);
    for (unsigned r = 0; r < S_COUNT; r++)
        out->sel[r] = v->seg[r].sel;
    out->eip = v->eip + !v->exc.valid;
    out->eflags = vcpu_eflags(v);
    out->vector = v->exc.valid ? v->exc.vector : VEC_BP;
    out->error = v->exc.error;
    out->cr2 = v->exc.cr2;
    if (v->cpl == 0)
        end_in_handler(v, out);
}

#endif
