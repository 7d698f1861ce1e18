/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ACPI's fixed hardware: register masks, write-one-to-clear, the timer's rate against the 8254's,
 * its overflow as status, SCI and next event, and which write switches the machine off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devices/acpi_pm.h"

#define SECOND 1000000000ull

enum { STS = 0, EN = 2, CNT = 4, TMR = 8 };

static struct acpi_pm p;

static int set_up(void **state)
{
    (void)state;
    acpi_pm_reset(&p);
    return 0;
}

static uint32_t in(unsigned offset, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)acpi_pm_read(&p, offset + i) << 8 * i;
    return value;
}

static void out(unsigned offset, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++)
        acpi_pm_write(&p, offset + i, (uint8_t)(value >> 8 * i));
}

static void after_reset(void **state)
{
    (void)state;
    assert_int_equal(in(STS, 2), 0);
    assert_int_equal(in(EN, 2), 0);
    assert_int_equal(in(CNT, 2), 1); /* ACPI mode, always */
    assert_int_equal(in(6, 2), 0xffff);
    assert_int_equal(in(TMR, 4), 0);
    assert_false(acpi_pm_irq(&p));
    assert_int_equal(acpi_pm_next_event(&p), UINT64_MAX);
}

static void what_is_kept(void **state)
{
    (void)state;
    out(EN, 2, 0xffff);
    assert_int_equal(in(EN, 2), 0x0721);
    out(CNT, 2, 0x0c06);
    assert_int_equal(in(CNT, 2), 0x0c03); /* GBL_RLS is not kept, SCI_EN cannot be cleared */
    out(TMR, 4, 0x12345678);
    assert_int_equal(in(TMR, 4), 0);
    assert_false(p.off_asked);
}

static void soft_off(void **state)
{
    static const struct {
        unsigned offset, size;
        uint32_t value;
        bool off;
    } rows[] = {
        {CNT, 2, 0x3400, true},  {CNT + 1, 1, 0x34, true}, {CNT, 2, 0x1400, false},
        {CNT, 2, 0x2000, false}, {CNT, 2, 0x3c00, false},  {CNT, 1, 0x34, false},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        set_up(state);
        out(rows[i].offset, rows[i].size, rows[i].value);
        assert_int_equal(p.off_asked, rows[i].off);
        assert_int_equal(in(CNT, 2) & 0x2000, 0);
    }
    /* As ACPICA does it: the type first, then the type with SLP_EN. */
    set_up(state);
    out(CNT, 2, 0x1401);
    assert_false(p.off_asked);
    out(CNT, 2, 0x3401);
    assert_true(p.off_asked);
}

static void the_timer_counts_3_58_mhz(void **state)
{
    (void)state;
    acpi_pm_advance(&p, 88000);
    assert_int_equal(in(TMR, 4), 315);
    acpi_pm_advance(&p, SECOND);
    assert_int_equal(in(TMR, 4), 3579545);
    acpi_pm_advance(&p, SECOND - 1); /* time does not run backwards */
    assert_int_equal(in(TMR, 4), 3579545);
    acpi_pm_advance(&p, 1200 * SECOND);
    assert_int_equal(in(TMR, 4), (uint32_t)(1200ull * 315000000 / 88));
}

static void overflow(void **state)
{
    (void)state;
    out(EN, 2, 1);
    uint64_t due = acpi_pm_next_event(&p);
    assert_in_range(due, 599 * SECOND, 600 * SECOND);
    acpi_pm_advance(&p, due - 1);
    assert_int_equal(in(TMR, 4), 0x7fffffff);
    assert_false(acpi_pm_irq(&p));
    acpi_pm_advance(&p, due);
    assert_int_equal(in(TMR, 4), 0x80000000u);
    assert_int_equal(in(STS, 2), 1);
    assert_true(acpi_pm_irq(&p));
    assert_int_equal(acpi_pm_next_event(&p), UINT64_MAX); /* the line is high already */
    out(STS, 2, 0xfffe);
    assert_true(acpi_pm_irq(&p));
    out(EN, 2, 0);
    assert_false(acpi_pm_irq(&p));
    out(EN, 2, 1);
    out(STS, 2, 1);
    assert_false(acpi_pm_irq(&p));
    uint64_t next = acpi_pm_next_event(&p);
    assert_in_range(next, 2 * due - 1000, 2 * due);
    acpi_pm_advance(&p, next);
    assert_int_equal(in(TMR, 4), 0);
    assert_true(acpi_pm_irq(&p));
}

static void overflow_unseen(void **state)
{
    (void)state;
    acpi_pm_advance(&p, 700 * SECOND);
    assert_int_equal(in(STS, 2), 1); /* the status stands without the enable bit */
    assert_false(acpi_pm_irq(&p));
    out(EN, 2, 0x100);
    assert_false(acpi_pm_irq(&p));
    out(EN, 2, 1);
    assert_true(acpi_pm_irq(&p));
}

static void random_writes(void **state)
{
    (void)state;
    uint64_t now = 0;
    srand(604);
    for (unsigned i = 0; i < 200000; i++) {
        acpi_pm_write(&p, (unsigned)rand() % 12, (uint8_t)rand());
        acpi_pm_advance(&p, now += (uint64_t)rand() % (10 * SECOND));
        assert_true(acpi_pm_next_event(&p) > now);
        assert_int_equal(in(CNT, 2) & 0xe3f9, 1);
        assert_int_equal(in(EN, 2) & ~0x0721u, 0);
    }
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(after_reset),   TEST(what_is_kept),
        TEST(soft_off),      TEST(the_timer_counts_3_58_mhz),
        TEST(overflow),      TEST(overflow_unseen),
        TEST(random_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
