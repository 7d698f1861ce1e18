/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The odd latches: port 61h, the POST code, port 92h, CF9h and the debug exit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "devices/misc.h"

static void port61(void **state)
{
    (void)state;
    struct misc m;
    misc_reset(&m);
    assert_int_equal(misc_read_61(&m, false, 0), 0);
    assert_int_equal(misc_read_61(&m, true, 0), 0x20);
    assert_int_equal(misc_read_61(&m, false, 15084), 0);
    assert_int_equal(misc_read_61(&m, false, 15085), 0x10); /* refresh, every 15.085 us */
    assert_int_equal(misc_read_61(&m, false, 30170), 0);
    assert_false(misc_gate2(&m));
    misc_write_61(&m, 0xfd); /* bits 7-4 are inputs */
    assert_true(misc_gate2(&m));
    assert_int_equal(misc_read_61(&m, false, 0), 0x0d);
    misc_write_61(&m, 0xfe);
    assert_false(misc_gate2(&m));
}

static void post_code(void **state)
{
    (void)state;
    struct misc m;
    misc_reset(&m);
    misc_write_post(&m, 0x5a);
    assert_int_equal(misc_read_post(&m), 0x5a);
}

static void port92(void **state)
{
    (void)state;
    struct misc m;
    misc_reset(&m);
    assert_false(misc_a20(&m));
    misc_write_92(&m, 0xfe);
    assert_int_equal(misc_read_92(&m), 0x02);
    assert_true(misc_a20(&m));
    assert_false(m.reset_asked);
    misc_write_92(&m, 0x03);
    assert_true(m.reset_asked);
    m.reset_asked = false;
    misc_write_92(&m, 0x03); /* only from 0 to 1 */
    assert_false(m.reset_asked);
}

static void reset_control(void **state)
{
    (void)state;
    static const uint8_t sequences[][3] = {
        {0x02, 0x06, 1}, /* hard reset, as Linux writes it */
        {0x0a, 0x0e, 1}, /* with power cycle */
        {0x00, 0x04, 1}, /* CPU only */
        {0x02, 0x02, 0}, {0x00, 0xfb, 0},
    };
    for (unsigned i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        struct misc m;
        misc_reset(&m);
        misc_write_reset_control(&m, sequences[i][0]);
        assert_false(m.reset_asked);
        assert_int_equal(misc_read_reset_control(&m), sequences[i][0]);
        misc_write_reset_control(&m, sequences[i][1]);
        assert_int_equal(m.reset_asked, sequences[i][2]);
        m.reset_asked = false;
        misc_write_reset_control(&m, sequences[i][1]);
        assert_false(m.reset_asked);
    }
}

static void debug_exit(void **state)
{
    (void)state;
    struct misc m;
    misc_reset(&m);
    assert_false(m.off_asked);
    misc_write_debug_exit(&m, 0);
    assert_true(m.off_asked);
    assert_false(m.reset_asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port61),        cmocka_unit_test(post_code),  cmocka_unit_test(port92),
        cmocka_unit_test(reset_control), cmocka_unit_test(debug_exit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
