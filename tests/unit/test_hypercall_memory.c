/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls about page tables and descriptor tables: what they do, and every bad argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/hypercall_world.h"

/* ---- Page tables ------------------------------------------------------------------- */

static unsigned mapped(uint32_t linear)
{
    unsigned flags;
    fake_lookup(gva(linear), &flags);
    return flags;
}

static enum shadow_answer touch(uint32_t linear, uint32_t access)
{
    uint32_t error;
    return shadow_fault(v, gva(linear), access, &error);
}

static void tell(uint32_t where)
{
    v->shared.told[v->shared.told_count++] = where;
}

static void told_entries_are_heeded(void **state)
{
    (void)state;
    assert_int_equal(touch(USER, PF_U | PF_W), SHADOW_FIXED);
    assert_true(mapped(USER + PAGE_SIZE) & SH_WRITE);
    assert_int_equal(trace_clients(vm, gpa_to_gfn(gpa(PT))), 0); /* nobody watches */
    poke(PT + 4, (OUT + PAGE_SIZE) | (U & ~(unsigned)PTE_W));
    tell(PT + 4);
    poke(PT + 32 * 4, (OUT + 32 * PAGE_SIZE) | U);
    tell(PT + 32 * 4);
    assert_int_equal(CALL(PAGES), 2);
    assert_int_equal(v->shared.told_count, 0);
    assert_false(mapped(USER + PAGE_SIZE) & SH_WRITE);
    assert_true(mapped(USER + 32 * PAGE_SIZE) & SH_WRITE);
}

static void tells_of_anything(void **state)
{
    (void)state;
    assert_int_equal(touch(USER, PF_U | PF_W), SHADOW_FIXED);
    tell(0xffffffff);
    tell(RAM);
    tell(PT + 2); /* not aligned: the entry that it is in */
    tell(PT | 1); /* eight bytes: two entries */
    tell(SHARED); /* no table */
    assert_int_equal(CALL(PAGES), 5);
    v->shared.told_count = 0xffffffff;
    assert_int_equal(CALL(PAGES), RING1_TOLD_MAX);
    assert_int_equal(v->shared.told_count, 0);
    assert_true(mapped(USER) & SH_WRITE);
}

static void directories_are_told(void **state)
{
    (void)state;
    assert_int_equal(touch(USER, PF_U | PF_W), SHADOW_FIXED);
    poke(PD + USER / (4 << 20) * 4, 0);
    tell(PD + USER / (4 << 20) * 4);
    assert_int_equal(CALL(FLUSH, RING1_FLUSH_SPACE), 0);
    assert_int_equal(mapped(USER), 0);
    assert_int_equal(touch(USER, PF_U), SHADOW_REFLECT);
}

static void pin_maps_all(void **state)
{
    (void)state;
    assert_int_equal(mapped(USER + 5 * PAGE_SIZE), 0);
    poke(PT + 24, (OUT + 6 * PAGE_SIZE) | PTE_P | PTE_U); /* not accessed as yet */
    assert_int_equal(CALL(PIN, PD), 0);
    assert_true(mapped(USER + 5 * PAGE_SIZE) & SH_WRITE);
    assert_true(mapped(USER + 6 * PAGE_SIZE) & SH_PRESENT);
    assert_true(peek64(PT + 24) & PTE_A);
    assert_int_equal(CALL(UNPIN, PD), 0);
    assert_int_equal(mapped(USER + 5 * PAGE_SIZE), 0);
    poke(PT, (OUT + PAGE_SIZE) | U); /* not told: it is not in use */
    assert_int_equal(CALL(ROOT, PD), 0);
    assert_int_equal(touch(USER, PF_U), SHADOW_FIXED);
    unsigned flags;
    assert_int_equal(fake_lookup(gva(USER), &flags).v,
                     guest_frame(vm, gpa_to_gfn(gpa(OUT + PAGE_SIZE))).v);
}

static void pin_refuses(void **state)
{
    (void)state;
    assert_int_equal(CALL(PIN, PD + 4), RING1_E_ADDRESS);
    assert_int_equal(CALL(PIN, RAM), RING1_E_ADDRESS);
    assert_int_equal(CALL(UNPIN, 0xfffff000), RING1_E_ADDRESS);
    assert_int_equal(CALL(UNPIN, PD + PAGE_SIZE), 0); /* nothing of it is mirrored */
    poke(PD + 12, 0xfffff000 | U);                    /* a table outside RAM */
    assert_int_equal(CALL(PIN, PD), 0);
    assert_int_equal(mapped(0xc00000), 0);
}

static void pinned_without_paging(void **state)
{
    (void)state;
    assert_int_equal(CALL(PIN, PD), RING1_E_ADDRESS);
}

static void root_is_cr3(void **state)
{
    (void)state;
    poke(PD + PAGE_SIZE * 8, U | PTE_PS);
    assert_int_equal(CALL(ROOT, PD + PAGE_SIZE * 8), 0);
    assert_int_equal(v->cr3, PD + PAGE_SIZE * 8);
    assert_int_equal(touch(USER, PF_U), SHADOW_REFLECT);
}

/* PAE's directory pointers have reserved bits. */
static void root_refuses(void **state)
{
    (void)state;
    assert_true(priv_write_cr(v, 4, CR4_PAE));
    poke64(PD, PTE_P);
    poke64(PD + 64, PTE_P | PTE_W);
    assert_true(priv_write_cr(v, 3, PD));
    assert_true(priv_write_cr(v, 0, v->cr0 | CR0_PG));
    assert_int_equal(CALL(ROOT, PD + 64), RING1_E_ARGUMENT);
    assert_int_equal(v->cr3, PD);
}

static void flush_refuses(void **state)
{
    (void)state;
    assert_int_equal(CALL(FLUSH, 3), RING1_E_ARGUMENT);
    assert_int_equal(CALL(FLUSH, RING1_FLUSH_PAGES, 0, RING1_ARRAY_MAX + 1), RING1_E_ARGUMENT);
    assert_int_equal(CALL(FLUSH, RING1_FLUSH_PAGES, 0xfffff000, RING1_ARRAY_MAX), 0);
    assert_int_equal(CALL(FLUSH, RING1_FLUSH_GLOBAL), 0);
}

static void flush_forgets_pages(void **state)
{
    uint8_t x = 5;
    (void)state;
    assert_true(vmem_write(v, gva(USER), &x, 1, PF_U)); /* the soft TLB knows the page */
    poke(PT, (OUT + PAGE_SIZE) | U);
    tell(PT);
    assert_int_equal(CALL(FLUSH, RING1_FLUSH_PAGES, USER, 1), 0);
    assert_true(vmem_read(v, gva(USER), &x, 1, PF_U));
    assert_int_equal(x, 0);
}

/* ---- Descriptor tables ---------------------------------------------------------------- */

static void item(unsigned n, uint32_t number, uint64_t value)
{
    struct ring1_descriptor d = {.selector = number, .value = value};
    assert_true(guest_write(vm, gpa(ARRAY + n * sizeof d), &d, sizeof d));
}

static void writes_descriptors(void **state)
{
    (void)state;
    v->gdtr = (struct table_reg){GDT, 0x3f};
    v->idtr = (struct table_reg){IDT, 0x7ff};
    item(0, 0x33, 0x1122334455667788);
    item(1, 0x38, 42);
    assert_int_equal(CALL(TABLE, ARRAY, 2), 2);
    assert_true(peek64(GDT + 0x30) == 0x1122334455667788 && peek64(GDT + 0x38) == 42);
    item(0, 0x80, 99);
    assert_int_equal(CALL(TRAPS, ARRAY, 1), 1);
    assert_int_equal(peek64(IDT + 0x80 * 8), 99);
    v->ldtr = (struct segment){.base = GDT + 0x100, .limit = 0xf, .attr = SA_P | SYS_LDT, .sel = 8};
    item(0, 0xf, 7);
    assert_int_equal(CALL(TABLE, ARRAY, 1), 1);
    assert_int_equal(peek64(GDT + 0x108), 7);
}

static void descriptors_refused(void **state)
{
    static const uint32_t bad[] = {0, 3, 0x40, 0x10008, 4, 0xfff8};
    (void)state;
    v->gdtr = (struct table_reg){GDT, 0x3f};
    v->idtr = (struct table_reg){IDT, 0x7f7};
    v->ldtr.attr = SA_NULL;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        item(0, bad[i], 1);
        assert_int_equal(CALL(TABLE, ARRAY, 1), RING1_E_ARGUMENT);
    }
    item(0, 255, 1);
    assert_int_equal(CALL(TRAPS, ARRAY, 1), RING1_E_ARGUMENT); /* behind the limit */
    item(0, 256, 1);
    assert_int_equal(CALL(TRAPS, ARRAY, 1), RING1_E_ARGUMENT);
    item(0, 8, 1);
    item(1, 0, 1);
    assert_int_equal(CALL(TABLE, ARRAY, 2), 1); /* as far as it went */
    poke(ARRAY + 4, 1);
    assert_int_equal(CALL(TABLE, ARRAY, 1), RING1_E_ARGUMENT);
    assert_int_equal(CALL(TABLE, ARRAY + 4, 1), RING1_E_ADDRESS);
    assert_int_equal(CALL(TABLE, RAM - 8, 1), RING1_E_ADDRESS);
    assert_int_equal(CALL(TRAPS, ARRAY, RING1_ARRAY_MAX + 1), RING1_E_ADDRESS);
    assert_int_equal(CALL(TABLE, 0xfffffff8, 0xffffffff), RING1_E_ADDRESS);
}

/* A table that the guest's page tables do not map. */
static void table_that_is_not_there(void **state)
{
    (void)state;
    v->gdtr = (struct table_reg){0xd0000000, 0x3f};
    v->idtr = (struct table_reg){0xd0000000, 0x7ff};
    item(0, 8, 1);
    assert_int_equal(CALL(TABLE, ARRAY, 1), RING1_E_ADDRESS);
    assert_int_equal(CALL(TRAPS, ARRAY, 1), RING1_E_ADDRESS);
}

static void kernel_stack(void **state)
{
    (void)state;
    v->tr = (struct segment){TSS, 0x67, SA_P | SYS_TSS32_BUSY, 0x80};
    assert_int_equal(CALL(STACK, 0x68, 0xc1234000), 0);
    assert_true(peek64(TSS + 4) == 0x68c1234000);
    assert_int_equal(CALL(STACK, 0x10000, 0), RING1_E_ARGUMENT);
    v->tr.limit = 10;
    assert_int_equal(CALL(STACK, 0x68, 0), RING1_E_ARGUMENT);
    v->tr = (struct segment){TSS, 0x67, SA_P | SYS_LDT, 0x80};
    assert_int_equal(CALL(STACK, 0x68, 0), RING1_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TELLING(told_entries_are_heeded),
        TELLING(tells_of_anything),
        TELLING(directories_are_told),
        TELLING(pin_maps_all),
        TELLING(pin_refuses),
        ENABLED(pinned_without_paging),
        TELLING(root_is_cr3),
        ENABLED(root_refuses),
        TELLING(flush_refuses),
        TELLING(flush_forgets_pages),
        ENABLED(writes_descriptors),
        ENABLED(descriptors_refused),
        TELLING(table_that_is_not_there),
        ENABLED(kernel_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
