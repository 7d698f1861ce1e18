/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the tests of calls share: a VM with all rooms, in flat protected mode, without paging but
 * where page tables are the matter; and how a call is made. Included by one file of a test program.
 */
#ifndef RING1_HYPERCALL_WORLD_H
#define RING1_HYPERCALL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/board.h"
#include "monitor/guestmem.h"
#include "monitor/hypercall.h"
#include "monitor/pool.h"
#include "monitor/priv.h"
#include "monitor/run.h"
#include "monitor/segment.h"
#include "monitor/timer.h"
#include "monitor/trace.h"
#include "monitor/vmem.h"
#include "shadow/shadow.h"
#include "tests/unit/fake_host.h"

enum {
    RAM_MIB = 16,
    RAM = RAM_MIB << 20,
    CODE = 0x100000,
    PD = 0x200000,
    PT = 0x201000,
    GDT = 0x210000,
    IDT = 0x211000,
    TSS = 0x212000,
    SHARED = 0x300000,
    ARRAY = 0x400000,
    OUT = 0x500000,
    USER = 0x800000, /* linear: 32 pages, by PT */
};
#define U (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)

static struct pool *pool;
static struct vm *vm;
static struct vcpu *v;

static inline void poke(uint32_t at, uint32_t value)
{
    assert_true(guest_write(vm, gpa(at), &value, sizeof value));
}

static inline void poke64(uint32_t at, uint64_t value)
{
    assert_true(guest_write(vm, gpa(at), &value, sizeof value));
}

static inline uint64_t peek64(uint32_t at)
{
    uint64_t value = 0;
    assert_true(guest_read(vm, gpa(at), &value, sizeof value));
    return value;
}

static inline int start(void **state)
{
    const struct plan plan = {
        .magic = PLAN_MAGIC,
        .version = PLAN_VERSION,
        .total_size = sizeof plan,
        .memory_mib = RAM_MIB,
        .engine = PLAN_TRANSLATE,
        .runs = 1,
        .eip = CODE,
        .esp = CODE,
        .cs = 8,
        .ds = 16,
    };
    (void)state;
    pool = fake_host_reset(40000);
    pool_begin(pool);
    vm = vm_create(&plan, pool, 1);
    assert_non_null(vm);
    v = vm->vcpu;
    return 0;
}

/* The pool has all its frames back, whatever the guest had asked for. */
static inline int end(void **state)
{
    (void)state;
    vm_destroy(vm);
    assert_int_equal(pool_end(pool), 0);
    return 0;
}

static inline int32_t make(uint32_t number, uint32_t b, uint32_t c, uint32_t d, uint32_t s)
{
    v->gpr[R_EAX] = number;
    v->gpr[R_EBX] = b;
    v->gpr[R_ECX] = c;
    v->gpr[R_EDX] = d;
    v->gpr[R_ESI] = s;
    v->gpr[R_EDI] = 0x77;
    hypercall(v);
    assert_false(v->exc.valid);
    assert_true(v->gpr[R_EBX] == b && v->gpr[R_ECX] == c && v->gpr[R_EDX] == d);
    assert_true(v->gpr[R_ESI] == s && v->gpr[R_EDI] == 0x77);
    return (int32_t)v->gpr[R_EAX];
}
#define CALL(name, ...)                CALL_(RING1_CALL_##name, ##__VA_ARGS__, 0, 0, 0, 0)
#define CALL_(number, b, c, d, s, ...) make(number, b, c, d, s)

static inline int enabled(void **state)
{
    start(state);
    assert_int_equal(CALL(ENABLE, RING1_ABI_VERSION, SHARED, 0, 0xf3), 0);
    return 0;
}

/* Linear USER + n pages, n < 32, is OUT + n pages; the first 4 MiB are themselves. */
static inline void page(void)
{
    poke(PD, U | PTE_PS);
    poke(PD + USER / (4 << 20) * 4, PT | U);
    for (uint32_t i = 0; i < 32; i++)
        poke(PT + i * 4, (OUT + i * PAGE_SIZE) | U);
    assert_true(priv_write_cr(v, 4, CR4_PSE));
    assert_true(priv_write_cr(v, 3, PD));
    assert_true(priv_write_cr(v, 0, v->cr0 | CR0_PG | CR0_WP));
}

static inline int telling(void **state)
{
    start(state);
    page();
    assert_int_equal(
        CALL(ENABLE, 1, SHARED, RING1_ENABLE_TELLS_PAGES | RING1_ENABLE_EARLY_ACCESSED, 0), 0);
    return 0;
}

#define START(test)   cmocka_unit_test_setup_teardown(test, start, end)
#define ENABLED(test) cmocka_unit_test_setup_teardown(test, enabled, end)
#define TELLING(test) cmocka_unit_test_setup_teardown(test, telling, end)

#endif
