/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The keyboard controller: its commands, the way of a keyboard byte to IRQ 1, A20, reset, and
 * Linux's i8042 and atkbd probes, which must find a keyboard and no AUX port.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devices/i8042.h"

static unsigned ask(struct i8042 *c, unsigned command)
{
    i8042_write_command(c, (uint8_t)command);
    i8042_pump(c);
    assert_int_equal(i8042_read_status(c) & 0x21, 0x01);
    return i8042_read_data(c);
}

static void tell(struct i8042 *c, unsigned command, unsigned parameter)
{
    i8042_write_command(c, (uint8_t)command);
    i8042_write_data(c, (uint8_t)parameter);
}

static unsigned next(struct i8042 *c)
{
    assert_true(i8042_pump(c));
    assert_false(i8042_pump(c)); /* one at a time */
    return i8042_read_data(c);
}

static void after_reset(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    assert_int_equal(i8042_read_status(&c), 0x14); /* system flag, not locked, nothing there */
    assert_true(i8042_a20(&c));
    assert_false(i8042_irq(&c));
    assert_false(c.reset_asked);
    assert_false(i8042_pump(&c));
    assert_int_equal(ask(&c, 0x20), 0x45);
    assert_int_equal(ask(&c, 0xc0), 0xb0);
    assert_int_equal(ask(&c, 0xe0), 0x03);
    assert_int_equal(ask(&c, 0xa4), 0xf1);
}

static void self_tests(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    tell(&c, 0x60, 0x00);
    assert_int_equal(i8042_read_status(&c) & 0x04, 0);
    assert_int_equal(ask(&c, 0xaa), 0x55);
    assert_int_equal(i8042_read_status(&c) & 0x04, 0x04);
    assert_int_equal(ask(&c, 0xab), 0x00);
}

static void memory(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    for (unsigned i = 0; i < 32; i++)
        tell(&c, 0x60 + i, 0x80 ^ i);
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(ask(&c, 0x20 + i), 0x80 ^ i);
    assert_int_equal(i8042_read_status(&c) & 0x08, 0x08); /* last write: a command */
    i8042_write_data(&c, 0xee);
    assert_int_equal(i8042_read_status(&c) & 0x08, 0);
}

static void enables(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    i8042_write_command(&c, 0xad);
    assert_int_equal(ask(&c, 0x20), 0x55);
    i8042_write_data(&c, 0xee);
    assert_false(i8042_pump(&c)); /* the keyboard waits while it is disabled */
    i8042_write_command(&c, 0xae);
    assert_int_equal(next(&c), 0xee);
    i8042_write_command(&c, 0xa7);
    assert_int_equal(ask(&c, 0x20), 0x65);
    i8042_write_command(&c, 0xa8);
    assert_int_equal(ask(&c, 0x20), 0x45);
}

static void interrupts(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    i8042_write_data(&c, 0xf2);
    assert_false(i8042_irq(&c));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(i8042_pump(&c));
        assert_true(i8042_irq(&c));
        i8042_read_data(&c);
        assert_false(i8042_irq(&c)); /* falls between two bytes */
    }
    tell(&c, 0x60, 0x44); /* IRQ off */
    i8042_write_data(&c, 0xee);
    assert_true(i8042_pump(&c));
    assert_false(i8042_irq(&c));
    tell(&c, 0x60, 0x45);
    assert_true(i8042_irq(&c));
}

static void translation(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    i8042_write_data(&c, 0xf2);
    assert_int_equal(next(&c), 0xfa);
    assert_int_equal(next(&c), 0xab);
    assert_int_equal(next(&c), 0x41); /* 83 */
    i8042_write_data(&c, 0xf0);
    assert_int_equal(next(&c), 0xfa);
    i8042_write_data(&c, 0x00);
    assert_int_equal(next(&c), 0xfa);
    assert_int_equal(next(&c), 0x41); /* 02: set 2 */
    tell(&c, 0x60, 0x05);
    i8042_write_data(&c, 0xf2);
    assert_int_equal(next(&c), 0xfa);
    assert_int_equal(next(&c), 0xab);
    assert_int_equal(next(&c), 0x83);
}

static void output_buffer(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    tell(&c, 0xd2, 0x1e); /* as if from the keyboard, untranslated */
    assert_int_equal(i8042_read_status(&c) & 0x21, 0x01);
    assert_true(i8042_irq(&c));
    assert_int_equal(i8042_read_data(&c), 0x1e);
    assert_int_equal(i8042_read_data(&c), 0x1e); /* empty: the old byte */
    i8042_write_data(&c, 0xee);
    assert_true(i8042_pump(&c));
    assert_int_equal(ask(&c, 0x20), 0x45); /* who asks is answered at once */
    assert_int_equal(i8042_read_status(&c) & 1, 0);
}

static void a20_and_reset(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    assert_int_equal(ask(&c, 0xd0), 0xcf);
    tell(&c, 0xd1, 0xdd);
    assert_false(i8042_a20(&c));
    tell(&c, 0xd1, 0xdf);
    assert_true(i8042_a20(&c));
    assert_false(c.reset_asked);
    tell(&c, 0xd1, 0xde);
    assert_true(c.reset_asked);
    for (unsigned pulse = 0xf0; pulse <= 0xff; pulse++) {
        i8042_reset(&c);
        i8042_write_command(&c, (uint8_t)pulse);
        assert_int_equal(c.reset_asked, pulse % 2 == 0); /* FE is the usual one */
    }
}

/* A command takes back the wait for an earlier one's parameter. */
static void abandoned_parameter(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    i8042_write_command(&c, 0xd1);
    i8042_write_command(&c, 0xae);
    i8042_write_data(&c, 0xee);
    assert_int_equal(next(&c), 0xee);
    i8042_write_command(&c, 0x10); /* no such command */
    assert_false(i8042_pump(&c));
    assert_int_equal(i8042_read_status(&c) & 1, 0);
}

/* i8042_controller_check .. i8042_check_aux of Linux's drivers/input/serio/i8042.c. */
static void linux_probe(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    for (unsigned i = 0; i8042_read_status(&c) & 1; i++) { /* flush */
        i8042_read_data(&c);
        assert_true(i < 16);
    }
    assert_int_equal(ask(&c, 0xaa), 0x55);
    unsigned ctr = ask(&c, 0x20);
    assert_int_equal(ask(&c, 0x20), ctr);
    assert_int_equal(i8042_read_status(&c) & 0x10, 0x10); /* not locked */
    assert_int_equal(ctr & 0x40, 0x40);
    tell(&c, 0x60, ctr | 0x10);
    tell(&c, 0xd3, 0x5a); /* AUX loop: an answer at once, but not from AUX */
    assert_int_equal(i8042_read_status(&c) & 0x21, 0x01);
    assert_int_not_equal(i8042_read_data(&c), 0x5a);
    unsigned aux = ask(&c, 0xa9);
    assert_true(aux != 0 && aux != 0xfa && aux != 0xff);
    assert_int_equal(i8042_read_status(&c) & 1, 0);
}

static void mouse_is_not_there(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    tell(&c, 0xd4, 0xff);
    assert_int_equal(i8042_read_status(&c) & 0x61, 0x61); /* AUX, timeout */
    assert_false(i8042_irq(&c));
    assert_int_equal(i8042_read_data(&c), 0xfe);
    assert_int_equal(i8042_read_status(&c) & 0x61, 0);
}

/* atkbd_probe: ID, LEDs, then reset and enable. */
static void linux_finds_the_keyboard(void **state)
{
    (void)state;
    struct i8042 c;
    i8042_reset(&c);
    static const uint8_t sent[] = {0xf2, 0xed, 0x00, 0xf3, 0x00, 0xf4, 0xff};
    static const uint8_t answers[] = {3, 1, 1, 1, 1, 1, 2};
    for (unsigned i = 0; i < sizeof sent; i++) {
        i8042_write_data(&c, sent[i]);
        assert_int_equal(next(&c), 0xfa);
        for (unsigned n = 1; n < answers[i]; n++)
            next(&c);
        assert_false(i8042_pump(&c));
    }
}

static void random_bytes(void **state)
{
    (void)state;
    struct i8042 c;
    srand(8042);
    i8042_reset(&c);
    for (unsigned i = 0; i < 300000; i++) {
        switch (rand() % 4) {
        case 0:
            i8042_write_command(&c, (uint8_t)rand());
            break;
        case 1:
            i8042_write_data(&c, (uint8_t)rand());
            break;
        case 2:
            i8042_read_data(&c);
            break;
        default:
            i8042_pump(&c);
        }
        assert_int_equal(i8042_read_status(&c) & 0x90, 0x10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_reset),
        cmocka_unit_test(self_tests),
        cmocka_unit_test(memory),
        cmocka_unit_test(enables),
        cmocka_unit_test(interrupts),
        cmocka_unit_test(translation),
        cmocka_unit_test(output_buffer),
        cmocka_unit_test(a20_and_reset),
        cmocka_unit_test(abandoned_parameter),
        cmocka_unit_test(linux_probe),
        cmocka_unit_test(mouse_is_not_there),
        cmocka_unit_test(linux_finds_the_keyboard),
        cmocka_unit_test(random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
