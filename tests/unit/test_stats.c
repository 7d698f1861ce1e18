/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The counters' table: complete, without doubles, and printed as stats.h says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/stats.h"
#include "tests/unit/fake_host.h"

static const struct {
    const char *name, *text;
} rows[] = {
#define X(id, name, text) [STAT_##id] = {name, text},
    STATS(X)
#undef X
};

static void every_counter_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STAT_COUNT; i++) {
        assert_non_null(rows[i].name);
        assert_true(strlen(rows[i].name) <= 22);
        assert_null(strchr(rows[i].name, ' '));
        assert_true(strlen(rows[i].text) > 5);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(rows[i].name, rows[j].name);
    }
    assert_string_equal(rows[STAT_EXIT_PF].name, "exit.pf");
}

static void prints_what_is_not_zero(void **state)
{
    (void)state;
    struct stats st = {.n[STAT_EXIT_PF] = 12, .n[STAT_IO_WRITE] = UINT64_MAX};
    fake_host_reset(10);
    stats_print(&st);
    assert_string_equal(fake.log,
                        "stat exit.pf                            12  exits by a page fault\n"
                        "stat io.write               18446744073709551615  port writes\n");
}

static void prints_nothing_for_zeros(void **state)
{
    (void)state;
    struct stats st = {0};
    fake_host_reset(10);
    stats_print(&st);
    assert_int_equal(fake.log_len, 0);
}

static void a_mark_prints_once(void **state)
{
    (void)state;
    struct stats st = {.n[STAT_EXIT_PF] = 12};
    fake_host_reset(10);
    stats_mark(&st, 255);
    assert_non_null(strstr(fake.log, "stat mark                              255  "));
    assert_non_null(strstr(fake.log, "\nstat exit.pf                            12  "));
    size_t len = fake.log_len;
    stats_mark(&st, 255);
    assert_int_equal(fake.log_len, len);
    stats_mark(&st, 223);
    assert_true(fake.log_len > len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counter_has_a_name_and_a_text),
        cmocka_unit_test(prints_what_is_not_zero),
        cmocka_unit_test(prints_nothing_for_zeros),
        cmocka_unit_test(a_mark_prints_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
