/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Profiles as files: whole ones, cut and garbled at every byte, and made to harm.
 */
#include "tests/unit/random.h"
#include "tools/lab/profile/data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct problem problem;
static struct data d;

static const char good[] = "profile run kernel vmlinuz\n"
                           "profile run memory 64\n"
                           "profile run later thing\n"
                           "profile begin 1\n"
                           "profile n a b.c\n"
                           "profile n d\n"
                           "profile c 0:10 2:ff\n"
                           "profile s kc0100010-10*3 @1000 u8048000 n8048000*a m0\n"
                           "profile i c0001000\n"
                           "profile t 0 64 5\n"
                           "profile c 1:1\n"
                           "profile t 64 c8 5\n"
                           "profile c 0:1\n"
                           "profile s u8048001-1\n"
                           "profile t c8 12c a\n"
                           "profile end\n";

static bool parse_bytes(const char *text, size_t size)
{
    struct blob b = {malloc(size ? size : 1), size};
    memcpy(b.data, text, size);
    problem = (struct problem){.text = ""};
    data_free(&d);
    bool ok = data_parse("P", &b, &d, &problem);
    free(b.data);
    assert_true(ok != (problem.text[0] != 0));
    assert_true(ok || (problem.status == EXIT_BAD_INPUT && strncmp(problem.text, "P:", 2) == 0));
    return ok;
}

static bool parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static int forget(void **state)
{
    (void)state;
    data_free(&d);
    return 0;
}

static void a_whole_one(void **state)
{
    (void)state;
    assert_true(parse(good));
    assert_string_equal(d.run.kernel, "vmlinuz");
    assert_string_equal(d.run.memory, "64");
    assert_int_equal(d.counters, 3);
    assert_int_equal(d.intervals, 3);
    assert_int_equal(data_total(&d, "a"), 0x11);
    assert_int_equal(data_total(&d, "b.c"), 1);
    assert_int_equal(data_total(&d, "d"), 0xff);
    assert_int_equal(data_total(&d, "e"), 0);
    assert_int_equal(data_delta(&d, 1, "b.c"), 1);
    assert_int_equal(data_delta(&d, 1, "a"), 0);
    assert_int_equal(d.samples, 5);
    assert_int_equal(d.interval[0].samples, 4);
    assert_int_equal(d.interval[1].samples, 0);
    assert_int_equal(d.interval[2].first, 4);
    assert_int_equal(d.interval[2].period, 10);
    assert_int_equal(d.weight, (3 + 1 + 10 + 1) * 5 + 10);
    assert_int_equal(d.fault_handler, 0xc0001000);
    assert_true(d.complete);
}

static void samples(void **state)
{
    (void)state;
    assert_true(parse(good));
    const struct data_sample *s = d.sample;
    assert_int_equal(s[0].at, 0xc0100010);
    assert_int_equal(s[0].block, 0xc0100000);
    assert_true(s[0].has_block && !s[0].user && s[0].who == WHO_GUEST && s[0].count == 3);
    assert_int_equal(s[0].space, 0);
    assert_true(s[1].user && s[1].who == WHO_GUEST && !s[1].has_block && s[1].count == 1);
    assert_int_equal(s[1].space, 0x1000);
    assert_true(s[2].user && s[2].who == WHO_MONITOR && s[2].count == 10);
    assert_true(!s[3].user && s[3].who == WHO_MONITOR && s[3].at == 0 && s[3].space == 0);
    assert_int_equal(s[4].space, 0x1000); /* until another one is said */
}

/* The emulator may be ended at any byte: what is whole counts, what is not has a reason. */
static void cut_anywhere(void **state)
{
    (void)state;
    const char *first = strstr(good, "profile c 1:1");
    for (size_t n = 0; n < sizeof good - 1; n++) {
        bool ok = parse_bytes(good, n);
        assert_int_equal(ok, n >= (size_t)(first - good));
        assert_false(d.complete);
        if (ok)
            assert_true(d.intervals >= 1 && d.samples >= 4);
    }
}

static void garbled_anywhere(void **state)
{
    (void)state;
    static const char bytes[] = {0,   1,   ' ', '\n', '9', 'f',       'g',
                                 '-', '*', ':', '@',  'k', (char)0xff};
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            char text[sizeof good];
            memcpy(text, good, sizeof good);
            text[at] = bytes[i];
            parse_bytes(text,
                        sizeof good - 1); /* says yes or why not, and no sanitizer complains */
        }
    }
}

static void random_lines(void **state)
{
    (void)state;
    static const char *const words[] = {"profile ",
                                        "begin 1",
                                        "n ",
                                        "c ",
                                        "s ",
                                        "t ",
                                        "i ",
                                        "end",
                                        "run ",
                                        "0",
                                        "1",
                                        "ffffffff",
                                        "ffffffffffffffff",
                                        "10000000000000000",
                                        "3fffffffffffffff",
                                        ":",
                                        "*",
                                        "-",
                                        "@",
                                        "k",
                                        "u",
                                        "x",
                                        " ",
                                        "\n",
                                        "\nprofile ",
                                        "\nprofile s k",
                                        "\nprofile t 0 1 1"};
    seed = 7;
    for (unsigned n = 0; n < 20000; n++) {
        char text[600] = "profile begin 1\nprofile n a b\n";
        while (strlen(text) < 500)
            strcat(text, words[next_number() % (sizeof words / sizeof words[0])]);
        parse(text);
    }
}

static void refuses(const char *middle, const char *why)
{
    char text[3000];
    snprintf(text, sizeof text, "profile begin 1\nprofile n a b\n%s\nprofile t 0 1 1\n", middle);
    if (parse(text))
        fail_msg("took \"%s\"", middle);
    if (!strstr(problem.text, why))
        fail_msg("\"%s\": %s", middle, problem.text);
}

static void refused(void **state)
{
    (void)state;
    refuses("hello", "P:3: not a line of a profile");
    refuses("profile x", "P:3: not a line of a profile");
    refuses("profile c 2:1", "a counter without a name");
    refuses("profile c 0:1 0:1", "the same counter twice");
    refuses("profile c 0:7fffffffffffffff", "not what is added");
    refuses("profile c 0:", "not what is added");
    refuses("profile c 0:1x", "not what is added");
    refuses("profile c 0:3fffffffffffffff\nprofile t 0 1 1\nprofile c 0:3fffffffffffffff",
            "P:5: a counter that grows too large");
    refuses("profile s k", "no sample");
    refuses("profile s q1", "no sample");
    refuses("profile s k1-", "no sample");
    refuses("profile s k1*0", "no sample");
    refuses("profile s k1*100000000", "no sample");
    refuses("profile s @", "no address space");
    refuses("profile s k1*ffffffff\nprofile t 0 1 100000000", "more samples than time");
    refuses("profile t 1 0 1", "ends before it begins");
    refuses("profile t 0 5 0", "no interval");
    refuses("profile t 0 5", "no interval");
    refuses("profile t 0 5 1\nprofile t 4 6 1", "before the last one");
    refuses("profile t 0 1 1\nprofile n c", "behind the first interval");
    refuses("profile n b", "two counters of one name");
    refuses("profile begin 1", "a second profile");
    refuses("profile end", "more behind the profile's end");
    refuses("profile i", "no address");
}

static void not_a_profile(void **state)
{
    (void)state;
    assert_false(parse(""));
    assert_non_null(strstr(problem.text, "P:1: this is no profile"));
    assert_false(parse("\177ELF\n"));
    assert_non_null(strstr(problem.text, "P:1: this is no profile"));
    assert_false(parse("profile begin 2\n"));
    assert_non_null(strstr(problem.text, "another version"));
    assert_false(parse("profile n a\n"));
    assert_non_null(strstr(problem.text, "does not begin"));
    assert_false(parse("profile begin 1\nprofile n a\nprofile end\n"));
    assert_non_null(strstr(problem.text, "ends before its first interval"));
    assert_false(parse_bytes("profile begin 1\0\n", 17));
    assert_non_null(strstr(problem.text, "P:1: a byte of 0"));
    char text[2000] = "profile begin 1\nprofile s ";
    memset(text + 26, 'k', 1500);
    strcpy(text + 1526, "\n");
    assert_false(parse(text));
    assert_non_null(strstr(problem.text, "P:2: too long a line"));
}

/* A control character in a value must not reach a terminal or a page. */
static void made_printable(void **state)
{
    (void)state;
    assert_true(parse("profile run kernel a\033[1mb\nprofile begin 1\nprofile t 0 1 1\n"));
    assert_string_equal(d.run.kernel, "a?[1mb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_whole_one, forget),
        cmocka_unit_test_teardown(samples, forget),
        cmocka_unit_test_teardown(cut_anywhere, forget),
        cmocka_unit_test_teardown(garbled_anywhere, forget),
        cmocka_unit_test_teardown(random_lines, forget),
        cmocka_unit_test_teardown(refused, forget),
        cmocka_unit_test_teardown(not_a_profile, forget),
        cmocka_unit_test_teardown(made_printable, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
