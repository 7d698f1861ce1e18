/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Windows of the process host, with real mappings and real faults: what is mapped when, and that
 * everything that an entry loses is gone from every window.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "monitor/process/record.h"
#include "tests/unit/process_world.h"

#define SLOT  0x600u /* 0xc0000000 */
#define USLOT 0x40u  /* 0x08000000 */
#define RW    (unsigned)SH_WRITE
#define RO    0u
#define USER  (unsigned)SH_USER

static hspace_t a, b; /* two spaces; A is current */

static uint64_t at(uint64_t window, unsigned slot, unsigned page)
{
    return window + ((uint64_t)slot << 21) + page * PAGE_SIZE;
}

static uint64_t kernel(unsigned slot, unsigned page)
{
    return at(window_kernel(), slot, page);
}

static uint64_t user(unsigned slot, unsigned page)
{
    return at(window_user(), slot, page);
}

static void reads(uint64_t address, uint32_t expected)
{
    uint32_t value = ~expected;
    enum reach how = world_read(address, &value);
    assert_true(how == REACHED || how == REACHED_AT_ONCE);
    assert_int_equal(value, expected);
}

static int fresh(void **state)
{
    (void)state;
    world_reset(1000);
    a = host_space_create();
    b = host_space_create();
    host_space_use(a);
    return 0;
}

static htable_t table_at(hspace_t s, unsigned slot)
{
    htable_t t = host_table_create();
    host_space_attach(s, slot, t);
    return t;
}

static void bases(void **state)
{
    (void)state;
    uint64_t of_a = window_user();
    assert_int_equal(window_kernel() & 0xffffffff, 0);
    assert_int_equal(of_a & 0xffffffff, 0);
    assert_true(of_a >= window_kernel() + (2ull << 32));
    host_space_use(b);
    assert_true(window_user() != of_a);
    host_space_use(a);
    assert_int_equal(window_user(), of_a);
}

static void one_page(void **state)
{
    (void)state;
    uint32_t value = 0;
    htable_t t = table_at(a, SLOT);
    world_set(t, 3, 77, RW);
    assert_int_equal(world_read(kernel(SLOT, 3), &value), REACHED);
    assert_int_equal(value, 77);
    assert_int_equal(world_read(kernel(SLOT, 3), &value), REACHED_AT_ONCE);
    assert_int_equal(world_write(kernel(SLOT, 3) + 8, 0x1234), REACHED_AT_ONCE);
    assert_int_equal(*world_word(77, 2), 0x1234);
    assert_int_equal(world_read(kernel(SLOT, 2), &value), REFUSED);
    assert_int_equal(world_read(kernel(SLOT + 1, 3), &value), REFUSED);
    assert_int_equal(window_counts.maps, 1);
}

static void addresses_of_no_window(void **state)
{
    (void)state;
    uint32_t linear = 5;
    uint64_t of_a = window_user();
    host_space_use(b);
    assert_int_equal(window_fault(window_kernel() - 1, false, &linear), WINDOW_OUTSIDE);
    assert_int_equal(window_fault(window_kernel() + (1ull << 32), false, &linear), WINDOW_OUTSIDE);
    assert_int_equal(window_fault(window_user() + (1ull << 32) + 8, true, &linear), WINDOW_OUTSIDE);
    assert_int_equal(window_fault(of_a, false, &linear), WINDOW_OUTSIDE);
    assert_int_equal(window_fault(0, false, &linear), WINDOW_OUTSIDE);
    assert_int_equal(window_fault(~0ull, false, &linear), WINDOW_OUTSIDE);
    assert_int_equal(linear, 5);
    assert_int_equal(window_fault(window_user() + 0xfffffffful, false, &linear), WINDOW_REFUSED);
    assert_int_equal(linear, 0xffffffff);
}

static void nothing_without_a_space(void **state)
{
    (void)state;
    uint32_t linear, value;
    htable_t t = table_at(a, SLOT);
    world_set(t, 0, 77, RW);
    reads(kernel(SLOT, 0), 77);
    host_space_free(a);
    assert_int_equal(window_user(), 0);
    assert_int_equal(world_mapping(kernel(SLOT, 0)), NOT_MAPPED);
    assert_int_equal(world_read(kernel(SLOT, 0), &value), REFUSED);
    assert_int_equal(window_fault(window_kernel() + (2ull << 32), false, &linear), WINDOW_OUTSIDE);
    host_table_free(t);
}

static void read_only(void **state)
{
    (void)state;
    htable_t t = table_at(a, SLOT);
    world_set(t, 3, 77, RO);
    assert_int_equal(world_write(kernel(SLOT, 3), 1), REFUSED);
    reads(kernel(SLOT, 3), 77);
    assert_int_equal(world_mapping(kernel(SLOT, 3)), READABLE);
    assert_int_equal(world_write(kernel(SLOT, 3), 1), REFUSED);
    world_set(t, 3, 77, RW);
    assert_int_equal(world_write(kernel(SLOT, 3), 77), REACHED);
    assert_int_equal(world_mapping(kernel(SLOT, 3)), WRITABLE);
    world_set(t, 3, 77, RO);
    assert_int_equal(world_mapping(kernel(SLOT, 3)), READABLE);
    assert_int_equal(world_write(kernel(SLOT, 3), 1), REFUSED);
}

static void the_two_kinds(void **state)
{
    (void)state;
    uint32_t value;
    htable_t t = table_at(a, USLOT); /* one table with entries of both kinds */
    world_set(t, 0, 70, RW | USER);
    world_set(t, 1, 71, RW);
    world_set(t, 2, 72, USER);
    reads(user(USLOT, 0), 70);
    reads(kernel(USLOT, 1), 71);
    assert_int_equal(world_read(kernel(USLOT, 0), &value), OTHER);
    assert_int_equal(world_read(user(USLOT, 1), &value), OTHER);
    assert_int_equal(world_write(user(USLOT, 1), 1), OTHER);
    assert_int_equal(world_write(kernel(USLOT, 2), 1), REFUSED);
    assert_int_equal(world_mapping(kernel(USLOT, 0)), NOT_MAPPED);
    assert_int_equal(world_mapping(user(USLOT, 1)), NOT_MAPPED);
    world_set(t, 0, 70, RW); /* to the supervisor */
    assert_int_equal(world_mapping(user(USLOT, 0)), NOT_MAPPED);
    reads(kernel(USLOT, 0), 70);
    world_set(t, 0, 70, RW | USER); /* and back */
    assert_int_equal(world_mapping(kernel(USLOT, 0)), NOT_MAPPED);
    reads(user(USLOT, 0), 70);
}

static void rights_lost(void **state)
{
    (void)state;
    uint32_t value;
    htable_t t = table_at(a, SLOT);
    for (unsigned i = 0; i < 8; i++)
        world_set(t, i, 100 + i, RW);
    reads(kernel(SLOT, 0), 100);
    assert_true(host_table_set(t, 4, hfn(0), 0));
    assert_false(host_table_set(t, 4, hfn(0), 0));
    assert_int_equal(world_mapping(kernel(SLOT, 4)), NOT_MAPPED);
    assert_int_equal(world_read(kernel(SLOT, 4), &value), REFUSED);
    world_set(t, 3, 200, RW); /* another frame */
    assert_int_equal(world_mapping(kernel(SLOT, 3)), NOT_MAPPED);
    reads(kernel(SLOT, 3), 200);
    assert_int_equal(world_mapping(kernel(SLOT, 2)), WRITABLE); /* neighbours stay */
    assert_int_equal(world_mapping(kernel(SLOT, 5)), WRITABLE);
    world_set(t, 0, 100, RW | (unsigned)SH_EXEC); /* nothing that a mapping shows */
    assert_int_equal(world_mapping(kernel(SLOT, 0)), WRITABLE);
}

static void rights_lost_elsewhere(void **state)
{
    (void)state;
    htable_t t = table_at(a, USLOT);
    world_set(t, 0, 100, RW | USER);
    world_set(t, 5, 105, RW | USER);
    host_space_attach(a, USLOT + 3, t);
    host_space_attach(b, USLOT + 1, t);
    reads(user(USLOT, 0), 100);
    reads(user(USLOT, 5), 105);
    reads(user(USLOT + 3, 0), 100);
    uint64_t of_a = window_user();
    host_space_use(b);
    reads(user(USLOT + 1, 0), 100);
    reads(user(USLOT + 1, 5), 105);
    assert_int_equal(world_mapping(at(of_a, USLOT, 0)), WRITABLE); /* it stays there meanwhile */
    world_set(t, 0, 100, USER);
    assert_int_equal(world_mapping(at(of_a, USLOT, 0)), READABLE);
    assert_int_equal(world_mapping(at(of_a, USLOT + 3, 0)), READABLE);
    assert_int_equal(world_mapping(user(USLOT + 1, 0)), READABLE);
    host_table_set(t, 5, hfn(0), 0);
    assert_int_equal(world_mapping(at(of_a, USLOT, 5)), NOT_MAPPED);
    assert_int_equal(world_mapping(user(USLOT + 1, 5)), NOT_MAPPED);
    host_space_detach(a, USLOT);
    assert_int_equal(world_mapping(at(of_a, USLOT, 0)), NOT_MAPPED);
    assert_int_equal(world_mapping(at(of_a, USLOT + 3, 0)), READABLE);
    assert_int_equal(world_mapping(user(USLOT + 1, 0)), READABLE);
}

static void attach_and_detach(void **state)
{
    (void)state;
    uint32_t value;
    htable_t t = table_at(a, SLOT), other = host_table_create();
    world_set(t, 0, 100, RW);
    world_set(other, 0, 101, RW);
    reads(kernel(SLOT, 0), 100);
    host_space_attach(a, SLOT, t); /* the same again costs nothing */
    assert_int_equal(world_mapping(kernel(SLOT, 0)), WRITABLE);
    host_space_attach(a, SLOT, other);
    reads(kernel(SLOT, 0), 101);
    host_space_detach(a, SLOT);
    assert_int_equal(world_mapping(kernel(SLOT, 0)), NOT_MAPPED);
    assert_int_equal(world_read(kernel(SLOT, 0), &value), REFUSED);
    host_space_detach(a, SLOT);
    host_table_free(t);
    host_table_free(other);
}

static void shared_kernel_tables(void **state)
{
    (void)state;
    uint32_t value;
    htable_t shared = table_at(a, SLOT), own_a = table_at(a, 5), own_b = table_at(b, 5);
    host_space_attach(b, SLOT, shared);
    world_set(shared, 0, 100, RW);
    world_set(own_a, 0, 101, RW);
    world_set(own_b, 0, 102, RW);
    reads(kernel(SLOT, 0), 100);
    reads(kernel(5, 0), 101);
    uint64_t unmaps = window_counts.unmaps;
    host_space_use(b);
    assert_int_equal(window_counts.unmaps, unmaps + 1); /* of slot 5 alone */
    assert_int_equal(world_read(kernel(SLOT, 0), &value), REACHED_AT_ONCE);
    assert_int_equal(world_mapping(kernel(5, 0)), NOT_MAPPED);
    reads(kernel(5, 0), 102);
    host_space_use(a);
    assert_int_equal(world_read(kernel(SLOT, 0), &value), REACHED_AT_ONCE);
    reads(kernel(5, 0), 101);
    /* Detached where it is not in use, it stays where it is. */
    host_space_detach(b, SLOT);
    assert_int_equal(world_mapping(kernel(SLOT, 0)), WRITABLE);
    host_space_use(b);
    assert_int_equal(world_mapping(kernel(SLOT, 0)), NOT_MAPPED);
    assert_int_equal(world_read(kernel(SLOT, 0), &value), REFUSED);
}

/* A space that is not in use changes, and nothing else happens before it is used again. */
static void changed_while_away(void **state)
{
    (void)state;
    htable_t shared = table_at(a, SLOT);
    host_space_attach(b, SLOT, shared);
    world_set(shared, 0, 100, RW);
    reads(kernel(SLOT, 0), 100);
    host_space_use(b);
    host_space_use(a);
    host_space_use(b);
    host_space_detach(a, SLOT);
    assert_int_equal(world_mapping(kernel(SLOT, 0)), WRITABLE);
    host_space_use(a);
    assert_int_equal(world_mapping(kernel(SLOT, 0)), NOT_MAPPED);
}

static void a_space_goes_by_one_call(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        world_set(table_at(a, 2 * i), 0, 100 + i, USER);
        reads(user(2 * i, 0), 100 + i);
    }
    uint64_t gone = window_user();
    host_space_use(b);
    host_space_free(a);
    assert_int_equal(window_counts.unmaps, 1);
    assert_int_equal(world_count(), 0);
    assert_int_equal(host_space_create().id, a.id);
    host_space_use(a); /* the record anew */
    assert_int_equal(window_user(), gone);
    assert_int_equal(world_read(user(0, 0), &(uint32_t){0}), REFUSED);
}

/* Slots that differ go by as few calls as there are gaps between them. */
static void differing_slots_together(void **state)
{
    (void)state;
    htable_t shared = table_at(a, 20);
    host_space_attach(b, 20, shared);
    world_set(shared, 0, 100, RW);
    reads(kernel(20, 0), 100);
    for (unsigned i = 10; i < 30; i += 2) {
        if (i != 20)
            world_set(table_at(a, i), 0, 200 + i, RW);
        if (i != 20)
            reads(kernel(i, 0), 200 + i);
    }
    uint64_t unmaps = window_counts.unmaps;
    host_space_use(b);
    assert_int_equal(window_counts.unmaps, unmaps + 2);
    for (unsigned i = 10; i < 30; i += 2)
        assert_int_equal(world_mapping(kernel(i, 0)), i == 20 ? WRITABLE : NOT_MAPPED);
}

static void user_windows_stay(void **state)
{
    (void)state;
    uint32_t value;
    htable_t t = table_at(a, USLOT), u = table_at(b, USLOT);
    world_set(t, 0, 100, USER);
    world_set(u, 0, 101, USER);
    reads(user(USLOT, 0), 100);
    host_space_use(b);
    reads(user(USLOT, 0), 101);
    host_space_use(a);
    assert_int_equal(world_read(user(USLOT, 0), &value), REACHED_AT_ONCE);
    assert_int_equal(value, 100);
    assert_int_equal(window_counts.unmaps, 0);
}

static void large_pages(void **state)
{
    (void)state;
    uint32_t value;
    host_space_attach_large(a, SLOT, hfn(512), SH_PRESENT | RW);
    host_space_attach_large(a, SLOT + 1, hfn(1024), SH_PRESENT | RW);
    host_space_attach_large(a, USLOT, hfn(512), SH_PRESENT | USER);
    reads(kernel(SLOT, 7), 519);
    assert_int_equal(window_counts.maps, 1);
    assert_int_equal(window_counts.pages, 512);
    assert_int_equal(world_read(kernel(SLOT, 511), &value), REACHED_AT_ONCE);
    reads(kernel(SLOT + 1, 511), 1535);
    assert_int_equal(world_count(), 1); /* Linux merges them */
    reads(user(USLOT, 1), 513);
    assert_int_equal(world_write(user(USLOT, 1), 1), REFUSED);
    assert_int_equal(world_read(kernel(USLOT, 1), &value), OTHER);
    host_space_attach_large(a, SLOT, hfn(512), SH_PRESENT | RO);
    assert_true(world_mapping(kernel(SLOT, 7)) != WRITABLE);
    reads(kernel(SLOT, 7), 519);
    assert_int_equal(world_write(kernel(SLOT, 7), 1), REFUSED);
    htable_t t = table_at(a, SLOT); /* split */
    world_set(t, 7, 600, RW);
    assert_int_equal(world_mapping(kernel(SLOT, 8)), NOT_MAPPED);
    reads(kernel(SLOT, 7), 600);
    host_space_detach(a, SLOT + 1);
    assert_int_equal(world_mapping(kernel(SLOT + 1, 0)), NOT_MAPPED);
}

/* The same large page in two spaces is the same content of a kernel slot. */
static void shared_large_pages(void **state)
{
    (void)state;
    uint32_t value;
    host_space_attach_large(a, SLOT, hfn(512), SH_PRESENT | RW);
    host_space_attach_large(b, SLOT, hfn(512), SH_PRESENT | RW);
    reads(kernel(SLOT, 0), 512);
    host_space_use(b);
    assert_int_equal(world_read(kernel(SLOT, 0), &value), REACHED_AT_ONCE);
    assert_int_equal(window_counts.unmaps, 0);
}

/* Page 96 is the first of a group, so that it is not mapped ahead. */
static void a_run_is_one_mapping(void **state)
{
    (void)state;
    uint32_t value;
    htable_t t = table_at(a, SLOT);
    for (unsigned i = 64; i < 128; i++)
        world_set(t, i, 1000 + i, i == 96 ? RO : RW);
    world_set(t, 128, 1128, RW | USER); /* another kind ends it, too */
    reads(kernel(SLOT, 70), 1070);
    assert_int_equal(window_counts.maps, 1);
    assert_int_equal(window_counts.pages, 32);
    assert_int_equal(world_read(kernel(SLOT, 95), &value), REACHED_AT_ONCE);
    reads(kernel(SLOT, 97), 1097);
    assert_int_equal(world_read(kernel(SLOT, 127), &value), REACHED_AT_ONCE);
    reads(kernel(SLOT, 96), 1096);
    assert_int_equal(records.pieces, 3);
    assert_int_equal(world_count(), 3);
    world_set(t, 96, 1096, RW);
    assert_int_equal(world_write(kernel(SLOT, 96), 1096), REACHED);
    assert_int_equal(records.pieces, 1);
    assert_int_equal(world_count(), 1);
}

/* Pages scattered in memory: some of those that follow are mapped ahead, in the group. */
static void some_are_mapped_ahead(void **state)
{
    (void)state;
    htable_t t = table_at(a, SLOT);
    for (unsigned i = 0; i < 32; i++)
        world_set(t, i, 1000 + 2 * i, RW);
    reads(kernel(SLOT, 0), 1000);
    assert_int_equal(window_counts.maps, 4);
    assert_int_equal(world_mapping(kernel(SLOT, 3)), WRITABLE);
    assert_int_equal(world_mapping(kernel(SLOT, 4)), NOT_MAPPED);
    reads(kernel(SLOT, 14), 1028);
    assert_int_equal(window_counts.maps, 6);
    assert_int_equal(world_mapping(kernel(SLOT, 16)), NOT_MAPPED);
    assert_int_equal(records.pieces, 6);
}

static void tables_run_out(void **state)
{
    (void)state;
    static htable_t t[MAX_TABLES];
    unsigned n = 0, spaces = 2;
    while ((t[n] = host_table_create()).id)
        n++;
    assert_int_equal(n, MAX_TABLES - 1);
    host_table_set(t[9], 5, hfn(6), SH_PRESENT);
    host_table_free(t[9]);
    assert_int_equal(host_table_create().id, t[9].id);
    assert_false(host_table_set(t[9], 5, hfn(6), SH_PRESENT)); /* it came back empty */
    while (host_space_create().id)
        spaces++;
    assert_int_equal(spaces, MAX_SPACES - 1);
    host_space_free(b);
    assert_int_equal(host_space_create().id, b.id);
    for (unsigned i = 0; i < n; i++)
        host_table_free(t[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bases, fresh),
        cmocka_unit_test_setup(one_page, fresh),
        cmocka_unit_test_setup(addresses_of_no_window, fresh),
        cmocka_unit_test_setup(nothing_without_a_space, fresh),
        cmocka_unit_test_setup(read_only, fresh),
        cmocka_unit_test_setup(the_two_kinds, fresh),
        cmocka_unit_test_setup(rights_lost, fresh),
        cmocka_unit_test_setup(rights_lost_elsewhere, fresh),
        cmocka_unit_test_setup(attach_and_detach, fresh),
        cmocka_unit_test_setup(shared_kernel_tables, fresh),
        cmocka_unit_test_setup(changed_while_away, fresh),
        cmocka_unit_test_setup(a_space_goes_by_one_call, fresh),
        cmocka_unit_test_setup(differing_slots_together, fresh),
        cmocka_unit_test_setup(user_windows_stay, fresh),
        cmocka_unit_test_setup(large_pages, fresh),
        cmocka_unit_test_setup(shared_large_pages, fresh),
        cmocka_unit_test_setup(a_run_is_one_mapping, fresh),
        cmocka_unit_test_setup(some_are_mapped_ahead, fresh),
        cmocka_unit_test_setup(tables_run_out, fresh),
    };
    return cmocka_run_group_tests(tests, world_make, NULL);
}
