/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The few pages that the real CPU and the interpreter's guest both have: read-write, read-only and
 * absent ones next to each other. Included by one file of a test program, which defines _GNU_SOURCE
 * first. Read real_segment.h next.
 */
#ifndef RING1_REAL_PAGES_H
#define RING1_REAL_PAGES_H

#include "monitor/interp/interp.h"
#include "monitor/segment.h"
#include "monitor/timer.h"
#include "monitor/vmem.h"
#include "tests/unit/hypercall_doubles.h"
#include "tests/unit/memory_doubles.h"
#include "tests/unit/random.h"
#include "tests/unit/real_cpu.h"

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

#endif
