/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The screen out of a log: the last whole one, whatever stands between or is cut off; code page 437
 * as UTF-8; the file is replaced, and what cannot be is said.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "loader/emulator.h"
#include "loader/screenfile.h"

static char text[65536];
static struct screen s;

static void line(const char *l)
{
    size_t n = strlen(text);
    snprintf(text + n, sizeof text - n, "%s\n", l);
}

/* Rows FROM to 24, each with its number behind WORD. */
static void rows(unsigned from, const char *word)
{
    char l[100];
    for (unsigned row = from; row < SCREEN_ROWS; row++) {
        snprintf(l, sizeof l, "screen %02u |%s %u", row, word, row);
        line(l);
    }
}

static int set_up(void **state)
{
    (void)state;
    text[0] = 0;
    memset(&s, 0xee, sizeof s);
    return 0;
}

static void expect(unsigned row, const char *wanted)
{
    char padded[SCREEN_COLUMNS + 1];
    snprintf(padded, sizeof padded, "%-80s", wanted);
    assert_memory_equal(s.cell[row], padded, SCREEN_COLUMNS);
}

static void the_last_one(void **state)
{
    (void)state;
    assert_false(screen_find("", &s));
    rows(3, "cut");
    assert_false(screen_find(text, &s));
    rows(0, "first");
    line("ring1: something else");
    rows(0, "second");
    line("screen 00 |third 0");
    line("screen 01 |third 1");
    assert_true(screen_find(text, &s));
    expect(0, "second 0");
    expect(24, "second 24");
}

static void other_lines_between(void **state)
{
    (void)state;
    line("screen 00 |zero");
    line("stat x 5 y");
    rows(1, "row");
    assert_true(screen_find(text, &s));
    expect(0, "zero");
    expect(24, "row 24");
}

static void rows_out_of_order(void **state)
{
    (void)state;
    line("screen 00 |zero");
    rows(2, "row");
    assert_false(screen_find(text, &s));
}

static void nonsense(void **state)
{
    static const char *const bad[] = {"screen 25 |x", "screen 99 |x", "screen 1 |x", "screen",
                                      "screen 00",    "screen aa |x", "screen 00 x", "screen 00 "};
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        line(bad[i]);
    assert_false(screen_find(text, &s));
    rows(0, "row");
    line("screen 25 |x");
    assert_true(screen_find(text, &s));
    expect(0, "row 0");
}

static void escapes(void **state)
{
    (void)state;
    line("screen 00 |a\\5cb\\c4\\00\\gg");
    rows(1, "");
    assert_true(screen_find(text, &s));
    assert_memory_equal(s.cell[0], "a\\b\xc4\0   ", 8); /* cut at nonsense */
    text[0] = 0;
    char wide[300] = "screen 00 |";
    memset(wide + 11, 'w', 250);
    line(wide);
    rows(1, "");
    assert_true(screen_find(text, &s));
    assert_int_equal(s.cell[0][79], 'w');
    expect(1, " 1");
}

static char *content(const char *path)
{
    static char got[20000];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    got[fread(got, 1, sizeof got - 1, f)] = 0;
    fclose(f);
    return got;
}

static void to_a_file(void **state)
{
    char path[] = "/tmp/ring1-screen.XXXXXX";
    struct problem p;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    rows(0, "a long line that comes first");
    assert_true(screen_find(text, &s));
    assert_true(screen_write(&s, fd, path, &p));
    assert_ptr_equal(strstr(content(path), "a long line"), content(path));
    memset(&s, ' ', sizeof s);
    memcpy(s.cell[0], "\xc9\xcd\x01\xe1\0 ", 6);
    memset(s.cell[24], 0xdb, SCREEN_COLUMNS);
    assert_true(screen_write(&s, fd, path, &p));
    char *got = content(path); /* nothing of the longer one before is left */
    assert_ptr_equal(strstr(got, "╔═☺ß\n\n"), got);
    assert_int_equal(strlen(got), 3 + 3 + 3 + 2 + 25 + 80 * 3);
    close(fd);
    unlink(path);
}

static void trouble(void **state)
{
    struct problem p;
    struct tempdir dir = {.path = "/nowhere/at/all"};
    struct screenfile none = {.dir = &dir}, bad = {.path = "/nowhere/at/all", .dir = &dir};
    struct screenfile full = {.path = "/dev/full", .dir = &dir};
    (void)state;
    assert_true(screenfile_open(&none, &p));
    assert_true(screenfile_update(&none, &p));
    assert_false(screenfile_open(&bad, &p));
    assert_int_equal(p.status, EXIT_BAD_INPUT);
    assert_non_null(strstr(p.text, "--screen /nowhere/at/all: cannot write it: No such file"));
    assert_true(screenfile_open(&full, &p));
    assert_false(screenfile_update(&full, &p));
    assert_non_null(strstr(p.text, "has shown no screen"));
    rows(0, "row");
    assert_true(screen_find(text, &s));
    assert_false(screen_write(&s, full.fd, full.path, &p));
    assert_int_equal(p.status, EXIT_HOST_TROUBLE);
    assert_non_null(strstr(p.text, "No space left"));
    screenfile_close(&full);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_last_one), TEST(other_lines_between), TEST(rows_out_of_order), TEST(nonsense),
        TEST(escapes),      TEST(to_a_file),           TEST(trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
