/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest that tests of the interpreter run in: flat 32-bit code at CPL 0 with 4 MiB of RAM, a
 * GDT, an IDT and a TSS, and the ways into other modes. Read interp_run.h next.
 */
#ifndef RING1_INTERP_WORLD_H
#define RING1_INTERP_WORLD_H

#include "monitor/interp/interp.h"
#include "monitor/timer.h"
#include "monitor/vmem.h"
#include "tests/unit/hypercall_doubles.h"
#include "tests/unit/memory_doubles.h"

enum {
    PAGE_DIR = 0x1000,
    PAGE_TAB = 0x2000,
    GDT = 0x3000,
    IDT = 0x4000,
    TSS = 0x5000,
    CODE = 0x10000,
    DATA = 0x20000,
    STACK = 0x30000, /* ESP at start; grows down */
    HANDLER = 0x40000,
};

/* Selectors of the GDT. */
enum {
    C0 = 0x08,
    D0 = 0x10,
    C3 = 0x1b,
    D3 = 0x23,
    D16 = 0x28,   /* 16-bit stack or data: base 50000h, limit ffffh */
    SMALL = 0x30, /* data: base 60000h, limit ffh */
    RDONLY = 0x38,
    C16 = 0x40, /* 16-bit code: base 70000h, limit ffffh */
    LDTR = 0x48,
    TSSR = 0x50,
    GDT_SIZE = 0x58,
};

#define FLAT_DATA (SA_P | SA_S | SA_RW | SA_ACCESSED | SA_DB | SA_G)
#define ALL_GPRS  8

static struct vm *vm;
static struct vcpu *v;

static inline void poke8(uint32_t where, uint8_t x)
{
    assert_true(guest_write(vm, gpa(where), &x, 1));
}

static inline void poke16(uint32_t where, uint16_t x)
{
    assert_true(guest_write(vm, gpa(where), &x, 2));
}

static inline uint16_t peek16(uint32_t where)
{
    return (uint16_t)peek(vm, where);
}

static inline void gdt_set(unsigned sel, uint32_t base, uint32_t limit, uint32_t attr)
{
    poke(vm, GDT + (sel & ~7u), (base << 16) | (limit & 0xffff));
    poke(vm, GDT + (sel & ~7u) + 4,
         (base & 0xff000000u) | (limit & 0xf0000) | (base >> 16 & 0xff) | (attr & 0xf0ff) << 8);
}

static inline struct segment hidden(uint16_t sel, uint32_t base, uint32_t limit, uint32_t attr)
{
    return (struct segment){base, limit, attr, sel};
}

static inline void fill_gdt(void)
{
    const uint32_t d16 = FLAT_DATA & ~(uint32_t)(SA_DB | SA_G);
    gdt_set(C0, 0, 0xfffff, FLAT_DATA | SA_CODE);
    gdt_set(D0, 0, 0xfffff, FLAT_DATA);
    gdt_set(C3, 0, 0xfffff, FLAT_DATA | SA_CODE | SA_DPL);
    gdt_set(D3, 0, 0xfffff, FLAT_DATA | SA_DPL);
    gdt_set(D16, 0x50000, 0xffff, d16);
    gdt_set(SMALL, 0x60000, 0xff, d16 | SA_DB);
    gdt_set(RDONLY, 0, 0xfffff, FLAT_DATA & ~(uint32_t)SA_RW);
    gdt_set(C16, 0x70000, 0xffff, d16 | SA_CODE);
    gdt_set(LDTR, 0x6000, 0xff, SA_P | SYS_LDT);
    gdt_set(TSSR, TSS, 0x67, SA_P | SYS_TSS32);
    v->gdtr = (struct table_reg){GDT, GDT_SIZE - 1};
}

/* An interrupt gate of privilege DPL for VECTOR, to HANDLER. */
static inline void idt_set(unsigned vector, unsigned dpl)
{
    poke(vm, IDT + vector * 8, C0 << 16 | (HANDLER & 0xffff));
    poke(vm, IDT + vector * 8 + 4, (HANDLER & 0xffff0000u) | 0x8e00 | dpl << 13);
}

static inline int world(void **state)
{
    (void)state;
    memset(&told, 0, sizeof told);
    vm = fake_vm(4u << 20);
    v = vm->vcpu;
    told.interrupt = false;
    assert_true(trace_create(vm));
    assert_true(interp_create(vm));
    fill_gdt();
    v->idtr = (struct table_reg){IDT, 0x7ff};
    v->tr = hidden(TSSR, TSS, 0x67, SA_P | SYS_TSS32_BUSY);
    poke(vm, TSS + 4, STACK + 0x1000);
    poke(vm, TSS + 8, D0);
    poke16(TSS + 0x66, 0x68);
    v->eip = CODE;
    v->gpr[R_ESP] = STACK;
    return 0;
}

/* CPL 3 with flat segments and IOPL 0. */
static inline void go_user(void)
{
    v->cpl = 3;
    for (unsigned n = 0; n < S_COUNT; n++)
        v->seg[n] = hidden(n == S_CS ? C3 : D3, 0, 0xffffffffu,
                           FLAT_DATA | SA_DPL | (n == S_CS ? SA_CODE : 0u));
}

static inline void go_real(void)
{
    v->cr0 &= ~(uint32_t)CR0_PE;
    for (unsigned n = 0; n < S_COUNT; n++)
        v->seg[n] = hidden(0, 0, 0xffff, SA_P | SA_S | SA_RW | SA_ACCESSED);
    v->seg[S_CS] = hidden(0x1000, 0x10000, 0xffff, SA_P | SA_S | SA_RW | SA_ACCESSED | SA_CODE);
    v->seg[S_SS] = hidden(0x2000, 0x20000, 0xffff, SA_P | SA_S | SA_RW | SA_ACCESSED);
    v->eip = 0x100;
    v->gpr[R_ESP] = 0x800;
}

static inline void use_stack16(void)
{
    v->seg[S_SS] = hidden(D16, 0x50000, 0xffff, SA_P | SA_S | SA_RW | SA_ACCESSED);
}

/* Paging on, everything mapped to itself, writable by all. */
static inline void map_all(void)
{
    for (uint32_t n = 0; n < 1024; n++)
        poke(vm, PAGE_TAB + 4 * n, n << 12 | PTE_P | PTE_W | PTE_U);
    poke(vm, PAGE_DIR, PAGE_TAB | PTE_P | PTE_W | PTE_U);
    paging(v, PAGE_DIR);
    vmem_flush(v, true);
}

static inline void map_page(uint32_t where, unsigned flags)
{
    poke(vm, PAGE_TAB + (where >> 12) * 4, (where & ~PAGE_MASK) | flags);
    vmem_flush(v, true);
}

#endif
