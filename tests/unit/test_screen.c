/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The screen in the log: rows in order, escapes, a picture that does not start at the beginning of
 * the text memory and wraps at its end, graphics mode, and when the watch looks.
 */
#include <stdio.h>
#include <string.h>

#include "monitor/guestmem.h"
#include "monitor/screen.h"
#include "tests/unit/board_world.h"

static int set_up(void **state)
{
    (void)state;
    board_world(2u << 20, 0);
    return 0;
}

/* TEXT from cell CELL of the text memory on. */
static void draw(unsigned cell, const char *text)
{
    for (; *text; cell++, text++)
        assert_true(guest_write(vm, gpa(0xb8000 + cell * 2 % 0x8000), text, 1));
}

static void expect_row(unsigned row, const char *text)
{
    char line[300];
    snprintf(line, sizeof line, "screen %02u |%s\n", row, text);
    assert_non_null(strstr(fake.log, line));
}

static unsigned rows_logged(void)
{
    unsigned n = 0;
    for (const char *at = fake.log; (at = strstr(at, "screen ")); at++)
        n++;
    return n;
}

static void a_blank_screen(void **state)
{
    (void)state;
    screen_log(vm);
    assert_int_equal(rows_logged(), 25);
    for (unsigned row = 0; row < 25; row++)
        expect_row(row, "");
}

static void text_and_escapes(void **state)
{
    (void)state;
    draw(0, "hello");
    draw(80 + 3, "a\\b\xc4\x01~");
    draw(24 * 80 + 79, "!");
    draw(25 * 80, "not shown");
    screen_log(vm);
    expect_row(0, "hello");
    expect_row(1, "   a\\5cb\\c4\\01~");
    char last[81];
    memset(last, ' ', 79);
    memcpy(last + 79, "!", 2);
    expect_row(24, last);
    assert_null(strstr(fake.log, "shown"));
}

static void the_longest_row(void **state)
{
    char text[81], wanted[241];
    (void)state;
    memset(text, 0xdb, 80);
    text[80] = 0;
    for (unsigned i = 0; i < 80; i++)
        memcpy(wanted + 3 * i, "\\db", 4);
    draw(0, text);
    screen_log(vm);
    expect_row(0, wanted);
}

static void a_picture_that_wraps(void **state)
{
    (void)state;
    unsigned start = 0x4000 - 40; /* the memory holds 4000h cells */
    out(0x3d4, 0x0c);
    out(0x3d5, start >> 8);
    out(0x3d4, 0x0d);
    out(0x3d5, start & 0xff);
    draw(start, "first");
    draw(0, "middle");
    screen_log(vm);
    expect_row(0, "first                                   middle");
}

static void graphics(void **state)
{
    (void)state;
    draw(0, "hello");
    draw(80, "hello");
    out(0x3ce, 6);
    out(0x3cf, 1);
    screen_log(vm);
    expect_row(0, "(graphics mode)");
    expect_row(1, "");
}

static void the_watch(void **state)
{
    (void)state;
    fake.now_ns = 5 * SECOND;
    screen_watch(vm);
    assert_int_equal(rows_logged(), 0); /* nobody wants it */
    vm->screen.wanted = true;
    screen_watch(vm);
    assert_int_equal(rows_logged(), 25);
    draw(0, "x");
    screen_watch(vm);
    assert_int_equal(rows_logged(), 25); /* not sooner than in a second */
    fake.now_ns += SECOND;
    screen_watch(vm);
    assert_int_equal(rows_logged(), 50);
    fake.now_ns += SECOND;
    screen_watch(vm);
    assert_int_equal(rows_logged(), 50); /* nothing has changed */
    vm->journal_lines = 6000;
    screen_watch(vm);
    assert_int_equal(rows_logged(), 50);
    fake.now_ns += SECOND;
    screen_watch(vm);
    assert_int_equal(rows_logged(), 75); /* who reads the log's end shall find it */
    fake.now_ns += SECOND;
    screen_watch(vm);
    assert_int_equal(rows_logged(), 75);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_blank_screen),       TEST(text_and_escapes), TEST(the_longest_row),
        TEST(a_picture_that_wraps), TEST(graphics),         TEST(the_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
