/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the translator learns of the two windows: an instruction's operands turn, then its addresses
 * decide, then the split moves, then nothing is tried any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bt/window.h"

#define EIP  0xc0123456u
#define USER 0xbf801234u
#define OURS 0xc0001000u

static struct window_sites sites;

static int set_up(void **state)
{
    (void)state;
    memset(&sites, 0, sizeof sites);
    return 0;
}

static void turn_until_addresses_decide(void)
{
    for (unsigned n = 0; n < WINDOW_TURNS; n++)
        assert_int_equal(window_turn(&sites, EIP, WINDOW_SOURCE, USER, 5), WINDOW_TURNED);
    assert_true(window_by_address(&sites, EIP));
}

static void operands_turn(void **state)
{
    (void)state;
    assert_int_equal(window_user_operands(&sites, EIP), 0);
    assert_int_equal(window_turn(&sites, EIP, WINDOW_DEST, USER, 5), WINDOW_TURNED);
    assert_int_equal(window_user_operands(&sites, EIP), WINDOW_DEST);
    assert_int_equal(window_turn(&sites, EIP, WINDOW_SOURCE, USER, 5), WINDOW_TURNED);
    assert_int_equal(window_user_operands(&sites, EIP), WINDOW_DEST | WINDOW_SOURCE);
    assert_int_equal(window_user_operands(&sites, EIP + 1), 0);
    assert_false(window_by_address(&sites, EIP));
    assert_int_equal(sites.split, 0);
}

static void the_split_moves(void **state)
{
    (void)state;
    turn_until_addresses_decide();
    assert_int_equal(window_turn(&sites, EIP, WINDOW_SOURCE, USER, 5), WINDOW_MOVED);
    assert_int_equal(sites.split, 0xc0000000); /* above the user's address, not far */
    assert_int_equal(window_turn(&sites, EIP, WINDOW_SOURCE, 0xbfc00123, 5), WINDOW_MOVED);
    assert_int_equal(sites.split, 0xbfc00000); /* that one was the kernel's */
    assert_int_equal(window_turn(&sites, EIP, WINDOW_SOURCE, 0xffffffff, 5), WINDOW_MOVED);
    assert_int_equal(sites.split, 1ull << 32);
}

static void not_for_ever(void **state)
{
    (void)state;
    turn_until_addresses_decide();
    for (unsigned n = 0; n < WINDOW_MOVES; n++)
        assert_int_equal(window_turn(&sites, EIP, WINDOW_SOURCE, n % 2 ? OURS : 0xd0000000, 5),
                         WINDOW_MOVED);
    uint64_t split = sites.split;
    assert_int_equal(window_turn(&sites, EIP, WINDOW_SOURCE, OURS, 5), WINDOW_NEITHER);
    assert_int_equal(sites.split, split);
}

/* Addresses by the dozen keep what is known of them, and no place is lost to one. */
static void many_addresses(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 300; n++)
        window_turn(&sites, EIP + 37 * n, n % 2 ? WINDOW_SOURCE : WINDOW_DEST, USER, 5);
    for (unsigned n = 0; n < 300; n++)
        assert_int_equal(window_user_operands(&sites, EIP + 37 * n),
                         n % 2 ? WINDOW_SOURCE : WINDOW_DEST);
    assert_int_equal(sites.taken, 0);
    for (unsigned n = 0; n < 5000; n++)
        window_turn(&sites, EIP + 37 * n, WINDOW_SOURCE, USER, 5);
    assert_true(sites.taken > 3000);
    assert_int_equal(window_user_operands(&sites, EIP + 37 * 4999), WINDOW_SOURCE);
}

static void older_blocks_are_stale(void **state)
{
    (void)state;
    assert_false(window_is_stale(&sites, EIP, 0));
    window_turn(&sites, EIP, WINDOW_SOURCE, USER, 7);
    assert_true(window_is_stale(&sites, EIP, 6));
    assert_false(window_is_stale(&sites, EIP, 7));
    assert_false(window_is_stale(&sites, EIP + 1, 6));
    window_no_blocks(&sites);
    assert_false(window_is_stale(&sites, EIP, 0));
    assert_int_equal(window_user_operands(&sites, EIP), WINDOW_SOURCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(operands_turn, set_up),
        cmocka_unit_test_setup(the_split_moves, set_up),
        cmocka_unit_test_setup(not_for_ever, set_up),
        cmocka_unit_test_setup(many_addresses, set_up),
        cmocka_unit_test_setup(older_blocks_are_stale, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
