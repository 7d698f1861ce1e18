/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the tests of shadow paging share: a VM with two directories that map the same 32 pages, and
 * short names for faults, guest writes and what the shadow maps. Included by one file of a
 * test program.
 */
#ifndef RING1_SHADOW_WORLD_H
#define RING1_SHADOW_WORLD_H

#include "monitor/pool.h"
#include "monitor/vmem.h"
#include "shadow/shadow.h"
#include "tests/unit/memory_doubles.h"

#define RAM  (16u << 20)
#define PD   0x1000u
#define PT   0x2000u
#define PD2  0x3000u
#define PT2  0x4000u
#define DATA 0x100000u
#define U    (PTE_P | PTE_W | PTE_U)
#define AD   (PTE_A | PTE_D)
#define RW   (SH_PRESENT | SH_WRITE | SH_USER | SH_EXEC)
#define RO   (SH_PRESENT | SH_USER | SH_EXEC)

static struct vm *vm;
static struct vcpu *v;

static inline int setup(void **state)
{
    (void)state;
    vm = fake_vm(RAM);
    v = vm->vcpu;
    pool_begin(vm->pool);
    memset(&told, 0, sizeof told);
    assert_true(trace_create(vm));
    assert_true(shadow_create(vm));
    return 0;
}

/* The end of a guest: the host has its tables and spaces back, and the pool its frames. */
static inline int all_returned(void **state)
{
    (void)state;
    shadow_destroy(vm);
    assert_null(vm->shadow);
    assert_int_equal(fake.tables_live, 0);
    assert_int_equal(fake.spaces_live, 0);
    assert_int_equal((int32_t)pool_end(vm->pool), 0);
    return 0;
}

/* Linear 0x400000 + n pages is DATA + n pages, for n < 32, in the spaces of both
 * directories; A and D clear. */
static inline int paged(void **state)
{
    setup(state);
    poke(vm, PD + 4, PT | U);
    poke(vm, PD2 + 4, PT | U);
    for (uint32_t i = 0; i < 32; i++)
        poke(vm, PT + i * 4, (DATA + (i << 12)) | U);
    paging(v, PD);
    vmem_flush(v, true);
    return 0;
}

static inline enum shadow_answer fault(uint32_t linear, uint32_t access)
{
    uint32_t error;
    return shadow_fault(v, gva(linear), access, &error);
}

static inline uint32_t reflected(uint32_t linear, uint32_t access)
{
    uint32_t error = 0xdead;
    assert_int_equal(shadow_fault(v, gva(linear), access, &error), SHADOW_REFLECT);
    return error;
}

static inline unsigned flags_at(uint32_t linear)
{
    unsigned flags;
    fake_lookup(gva(linear), &flags);
    return flags;
}

static inline void assert_maps(uint32_t linear, uint32_t frame, unsigned flags)
{
    unsigned got;
    hfn_t host = fake_lookup(gva(linear), &got);
    assert_int_equal(got, flags);
    assert_int_equal(host.v, flags ? guest_frame(vm, gfn(frame >> 12)).v : 0);
}

static inline bool traced(uint32_t where)
{
    return trace_clients(vm, gpa_to_gfn(gpa(where))) & TRACE_PAGETABLE;
}

/* Guest frames F and F + 1 change places in the host: the 2 MiB around them are none there. */
static inline void scatter(uint32_t f)
{
    hfn_t first = vm->ram.frame[f];
    vm->ram.frame[f] = vm->ram.frame[f + 1];
    vm->ram.frame[f + 1] = first;
}

/* A write by the guest as the interpreter does it. */
static inline void guest_writes(uint32_t where, uint32_t value)
{
    assert_true(vmem_write_physical(vm, gpa(where), &value, 4));
}

#endif
