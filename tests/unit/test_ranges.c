/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The arithmetic of the boot-time memory map, which is monitor/pc's but pure: known maps, and
 * random ones against a bit per unit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/pc/ranges.c"

#define R(s, e) ((struct range){s, e})

static void check(const struct range *out, unsigned n, const struct range *want, unsigned nwant)
{
    assert_int_equal(n, nwant);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(out[i].start, want[i].start);
        assert_int_equal(out[i].end, want[i].end);
    }
}

static void a_pc(void **state)
{
    (void)state;
    struct range usable[] = {R(0, 0x9fc00), R(0x100000, 0x7ffe0000)};
    struct range held[] = {R(0x7f000000, 0x7f012345), R(0, 0x400000), R(0x9fc00, 0xa0000),
                           R(0x7ffe0000, 0x80000000)};
    struct range out[8], want[] = {R(0x400000, 0x7f000000), R(0x7f012345, 0x7ffe0000)};
    check(out, range_subtract(usable, 2, held, 4, out, 8), want, 2);
}

/* The same memory listed twice is handed out once. */
static void usable_ranges_overlap(void **state)
{
    (void)state;
    struct range usable[] = {R(50, 90), R(10, 60), R(10, 60), R(20, 30), R(90, 95)};
    struct range held[] = {R(55, 56)};
    struct range out[8], want[] = {R(10, 55), R(56, 60), R(60, 90), R(90, 95)};
    check(out, range_subtract(usable, 5, held, 1, out, 8), want, 4);
}

static void odd_ranges(void **state)
{
    (void)state;
    struct range usable[] = {R(30, 10), R(5, 5), R(0, UINT64_MAX)};
    struct range held[] = {R(20, 15), R(UINT64_MAX, 3), R(100, UINT64_MAX), R(7, 7)};
    struct range out[8], want[] = {R(0, 100)};
    check(out, range_subtract(usable, 3, held, 4, out, 8), want, 1);
    assert_int_equal(range_subtract(usable, 0, held, 4, out, 8), 0);
}

static void no_more_than_there_is_room_for(void **state)
{
    (void)state;
    struct range usable[] = {R(0, 10)}, held[] = {R(2, 3), R(5, 6)};
    struct range out[3] = {{0}}, want[] = {R(0, 2), R(3, 5)};
    check(out, range_subtract(usable, 1, held, 2, out, 2), want, 2);
    assert_int_equal(out[2].end, 0);
}

static void lengths_that_wrap(void **state)
{
    (void)state;
    struct range r = range_make(0xfffff000, 0x2000);
    assert_int_equal(r.end, 0x100001000);
    r = range_make(0x1000, UINT64_MAX);
    assert_int_equal(r.start, 0x1000);
    assert_int_equal(r.end, UINT64_MAX);
}

#define UNITS 200

static void random_list(struct range *r, unsigned n, bool *bits)
{
    memset(bits, 0, UNITS);
    for (unsigned i = 0; i < n; i++) {
        r[i] = R((uint64_t)(rand() % UNITS), (uint64_t)(rand() % UNITS));
        for (uint64_t u = r[i].start; u < r[i].end; u++)
            bits[u] = true;
    }
}

static void random_maps(void **state)
{
    (void)state;
    static bool usable_bits[UNITS], held_bits[UNITS], out_bits[UNITS];
    for (unsigned round = 0; round < 20000; round++) {
        struct range usable[6], held[8], out[14];
        random_list(usable, 6, usable_bits);
        random_list(held, 8, held_bits);
        unsigned n = range_subtract(usable, 6, held, 8, out, 14);
        memset(out_bits, 0, sizeof out_bits);
        for (unsigned i = 0; i < n; i++) {
            assert_true(out[i].start < out[i].end && out[i].end <= UNITS);
            assert_true(i == 0 || out[i].start >= out[i - 1].end);
            memset(out_bits + out[i].start, true, out[i].end - out[i].start);
        }
        for (unsigned u = 0; u < UNITS; u++)
            assert_int_equal(out_bits[u], usable_bits[u] && !held_bits[u]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pc),
        cmocka_unit_test(usable_ranges_overlap),
        cmocka_unit_test(odd_ranges),
        cmocka_unit_test(no_more_than_there_is_room_for),
        cmocka_unit_test(lengths_that_wrap),
        cmocka_unit_test(random_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
