/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The keyboard's answer to each command, with parameters, refusals and repetitions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/keyboard.h"

static void assert_answer(struct keyboard *k, unsigned command, const char *expected)
{
    uint8_t c;
    keyboard_write(k, (uint8_t)command);
    for (unsigned i = 0; expected[i] != '.'; i++) {
        assert_true(keyboard_next(k, &c));
        assert_int_equal(c, (uint8_t)expected[i]);
    }
    assert_false(keyboard_next(k, &c));
}

static void answers(void **state)
{
    (void)state;
    struct keyboard k;
    uint8_t c;
    keyboard_reset(&k);
    assert_false(keyboard_next(&k, &c));
    assert_answer(&k, 0xff, "\xfa\xaa.");
    assert_answer(&k, 0xee, "\xee.");
    assert_answer(&k, 0xf2, "\xfa\xab\x83.");
    assert_answer(&k, 0xf6, "\xfa.");
    for (unsigned all_keys = 0xf7; all_keys <= 0xfa; all_keys++)
        assert_answer(&k, all_keys, "\xfa.");
    assert_answer(&k, 0xef, "\xfe.");
    assert_answer(&k, 0xf1, "\xfe.");
    assert_answer(&k, 0x5a, "\xfe."); /* not a command */
    assert_answer(&k, 0x00, "\xfe.");
}

static void parameters(void **state)
{
    (void)state;
    struct keyboard k;
    keyboard_reset(&k);
    assert_answer(&k, 0xed, "\xfa.");
    assert_answer(&k, 0x05, "\xfa.");
    assert_int_equal(k.leds, 5);
    assert_answer(&k, 0x05, "\xfe.");
    assert_answer(&k, 0xf3, "\xfa.");
    assert_answer(&k, 0x00, "\xfa.");
    assert_int_equal(k.rate, 0);
    assert_answer(&k, 0xed, "\xfa.");
    assert_answer(&k, 0xee, "\xee."); /* a command instead of the parameter */
    assert_answer(&k, 0x02, "\xfe.");
    assert_int_equal(k.leds, 5);
    assert_answer(&k, 0xfc, "\xfa."); /* a list of keys */
    assert_answer(&k, 0x10, "\xfa.");
    assert_answer(&k, 0x11, "\xfa.");
    assert_answer(&k, 0xee, "\xee.");
    assert_answer(&k, 0x11, "\xfe.");
    assert_answer(&k, 0xff, "\xfa\xaa.");
    assert_int_equal(k.leds, 0);
}

/* Which commands are followed by a parameter: after the others 05 is refused. */
static void who_takes_a_parameter(void **state)
{
    (void)state;
    for (unsigned command = 0xee; command <= 0xff; command++) {
        bool list = command >= 0xfb && command <= 0xfd;
        bool takes = list || command == 0xf3;
        struct keyboard k;
        uint8_t c;
        keyboard_reset(&k);
        if (command == 0xf0)
            continue; /* scan_sets() */
        keyboard_write(&k, (uint8_t)command);
        while (keyboard_next(&k, &c))
            ;
        assert_answer(&k, 0x05, takes ? "\xfa." : "\xfe.");
        assert_answer(&k, 0x05, list ? "\xfa." : "\xfe.");
    }
}

static void scan_sets(void **state)
{
    (void)state;
    struct keyboard k;
    keyboard_reset(&k);
    assert_answer(&k, 0xf0, "\xfa.");
    assert_answer(&k, 0x00, "\xfa\x02.");
    assert_answer(&k, 0xf0, "\xfa.");
    assert_answer(&k, 0x03, "\xfa.");
    assert_answer(&k, 0xf0, "\xfa.");
    assert_answer(&k, 0x00, "\xfa\x03.");
    assert_answer(&k, 0xf0, "\xfa.");
    assert_answer(&k, 0x04, "\xfe.");
    assert_int_equal(k.scan_set, 3);
    assert_answer(&k, 0xff, "\xfa\xaa.");
    assert_int_equal(k.scan_set, 2);
}

static void enabling(void **state)
{
    (void)state;
    struct keyboard k;
    keyboard_reset(&k);
    assert_true(k.scanning);
    assert_answer(&k, 0xf5, "\xfa.");
    assert_false(k.scanning);
    assert_answer(&k, 0xf4, "\xfa.");
    assert_true(k.scanning);
    for (unsigned command = 0xf5; command <= 0xf6; command++) {
        k.rate = 0;
        k.scan_set = 1;
        assert_answer(&k, command, "\xfa."); /* both set the defaults */
        assert_int_equal(k.rate, 0x2b);
        assert_int_equal(k.scan_set, 2);
        assert_int_equal(k.scanning, command == 0xf6);
    }
}

static void repetition(void **state)
{
    (void)state;
    struct keyboard k;
    uint8_t c;
    keyboard_reset(&k);
    assert_answer(&k, 0xf2, "\xfa\xab\x83.");
    assert_answer(&k, 0xfe, "\x83.");
    assert_answer(&k, 0xfe, "\x83.");
    keyboard_write(&k, 0xff); /* the answer to a first command is dropped by a second */
    assert_true(keyboard_next(&k, &c));
    assert_answer(&k, 0xee, "\xee.");
}

static void any_bytes(void **state)
{
    (void)state;
    struct keyboard k;
    uint8_t c;
    srand(84);
    keyboard_reset(&k);
    for (unsigned i = 0; i < 100000; i++) {
        keyboard_write(&k, (uint8_t)rand());
        assert_true(k.queued >= 1 && k.queued <= KEYBOARD_QUEUE); /* never without an answer */
        if (rand() % 2)
            keyboard_next(&k, &c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(parameters),
        cmocka_unit_test(who_takes_a_parameter),
        cmocka_unit_test(scan_sets),
        cmocka_unit_test(enabling),
        cmocka_unit_test(repetition),
        cmocka_unit_test(any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
