/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reports: that they add up, whom a sample is counted for, and that no name becomes markup.
 */
#include "tools/lab/profile/chart.h"
#include "tools/lab/profile/json.h"
#include "tools/lab/profile/page.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct data d;
static struct symbols s;
static struct sum sum;
static struct problem problem;

static const char *const profile =
    "profile run kernel a&b<script>alert(1)</script>\n"
    "profile run append \"quote\" 'single' \xff\xc3\n"
    "profile run memory 64\n"
    "profile begin 1\n"
    "profile n time.user.ns time.tc.ns time.interp.ns time.idle.ns time.translate.ns "
    "time.total.ns\n"
    "profile n exit.pf bt.blocks <b>new</b>\n"
    "profile c 0:64 1:64 2:a 3:14 4:5 5:12c 6:7 8:1\n"
    "profile s kc1000010-10*2 kc1000014-14 mc1000012 mc1000040 @5000 u8048000\n"
    "profile t 0 12c a\n"
    "profile c 1:28 5:64 6:3 7:9\n"
    "profile s @5000 u8048010*2 @6000 u8048000-0 j100\n"
    "profile t 12c 190 14\n";

static const char *const map = "c1000000 T first\nc1000013 T <i>\"&second\"\n";

static int start(void **state)
{
    (void)state;
    char text[4000];
    strcpy(text, profile);
    assert_true(data_parse("P", &(struct blob){(uint8_t *)text, strlen(text)}, &d, &problem));
    assert_true(symbols_read("M", &(struct blob){(uint8_t *)map, strlen(map)}, &s, &problem));
    assert_true(sum_make(&d, &s, &sum));
    return 0;
}

static int end(void **state)
{
    (void)state;
    sum_free(&sum);
    symbols_free(&s);
    data_free(&d);
    return 0;
}

static void time_is_divided(void **state)
{
    (void)state;
    static const uint64_t first[PARTS] = {50, 150, 10, 5, 65, 20};
    static const uint64_t second[PARTS] = {40, 0, 0, 0, 60, 0};
    for (unsigned i = 0; i < PARTS; i++) {
        assert_int_equal(sum.time[0][i], first[i]);
        assert_int_equal(sum.time[1][i], second[i]);
        assert_int_equal(sum.part[i], first[i] + second[i]);
    }
}

static const struct place *place(uint32_t at, uint32_t space)
{
    for (uint32_t i = 0; i < sum.places; i++) {
        if (sum.place[i].start == at && sum.place[i].space == space)
            return &sum.place[i];
    }
    fail_msg("no place %08x", at);
    return NULL;
}

static void places(void **state)
{
    (void)state;
    uint64_t weight = 0, count = 0;
    for (uint32_t i = 0; i < sum.places; i++) {
        weight += sum.place[i].weight;
        count += sum.place[i].count[0] + sum.place[i].count[1] + sum.place[i].count[2];
        assert_true(i == 0 || sum.place[i].weight <= sum.place[i - 1].weight);
    }
    assert_int_equal(weight, d.weight);
    assert_int_equal(count, sum.samples);
    assert_int_equal(sum.samples, 10);
    const struct place *block = place(0xc1000000, 0);
    assert_true(block->translated && !block->user);
    assert_int_equal(block->count[WHO_GUEST], 3);
    assert_int_equal(block->count[WHO_MONITOR], 1); /* c1000012: as far in as others were */
    assert_int_equal(block->hottest, 0xc1000010);
    assert_string_equal(block->symbol->name, "first");
    assert_int_equal(block->weight, 40);
    assert_false(place(0xc1000040, 0)->translated);
    assert_int_equal(place(0x8048000, 0x5000)->count[WHO_GUEST], 3);
    assert_int_equal(place(0x8048000, 0x5000)->weight, 10 + 2 * 20);
    assert_true(place(0x8048000, 0x6000)->translated); /* another process */
    assert_int_equal(place(0x100, 0x6000)->count[WHO_INTERPRETER], 1);
}

static void functions(void **state)
{
    (void)state;
    uint64_t weight = 0;
    unsigned named = 0;
    for (uint32_t i = 0; i < sum.functions; i++) {
        weight += sum.function[i].weight;
        named += sum.function[i].symbol != NULL;
    }
    assert_int_equal(weight, d.weight);
    assert_int_equal(named, 2);
    assert_int_equal(sum.functions, 4); /* and two processes */
}

static json_int_t number(const json_t *j, const char *a, const char *b)
{
    const json_t *in = json_object_get(j, a);
    assert_true(json_is_integer(json_object_get(in, b)));
    return json_integer_value(json_object_get(in, b));
}

static void json_adds_up(void **state)
{
    (void)state;
    char *text = json_make(&sum);
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *part;
    assert_non_null(j);
    size_t n;
    json_int_t samples = 0, faults = 0, asleep = 0, of_blocks = 0;
    json_array_foreach(json_object_get(j, "intervals"), n, part)
    {
        samples += json_integer_value(json_object_get(part, "samples"));
        faults += number(part, "counters", "exit.pf");
        asleep += number(part, "time_ns", "asleep");
    }
    json_array_foreach(json_object_get(j, "blocks"), n, part) of_blocks +=
        number(part, "samples", "guest") + number(part, "samples", "interpreter") +
        number(part, "samples", "monitor");
    assert_int_equal(samples, 10);
    assert_int_equal(of_blocks, 10);
    assert_int_equal(json_integer_value(json_object_get(j, "samples")), 10);
    assert_int_equal(faults, number(j, "counters", "exit.pf"));
    assert_int_equal(asleep, number(j, "time_ns", "asleep"));
    assert_int_equal(number(j, "run", "memory_mib"), 64);
    assert_true(json_is_false(json_object_get(j, "complete")));
    const json_t *run = json_object_get(j, "run");
    assert_string_equal(json_string_value(json_object_get(run, "append")), "\"quote\" 'single' ??");
    json_decref(j);
    free(text);
}

/* In the page each of these would be markup or the end of an attribute. */
static void names_are_text(void **state)
{
    (void)state;
    size_t size;
    char *page = page_make(&sum, 25, &size);
    assert_non_null(page);
    assert_int_equal(strlen(page), size);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<b>new"));
    assert_null(strstr(page, "<i>\""));
    assert_null(strstr(page, "\"quote"));
    assert_non_null(strstr(page, "a&amp;b&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_non_null(strstr(page, "&lt;b&gt;new&lt;/b&gt;"));
    assert_non_null(strstr(page, "&lt;i&gt;&quot;&amp;second&quot;"));
    assert_non_null(strstr(page, "&quot;quote&quot; &#39;single&#39; ??"));
    free(page);
}

/* No element is left open, and nothing is asked of a network. */
static void the_page_is_whole(void **state)
{
    (void)state;
    static const char *const tags[] = {"svg", "figure", "table", "tr",   "td",
                                       "ul",  "g",      "div",   "text", "title"};
    size_t size;
    char *page = page_make(&sum, 2, &size);
    assert_non_null(page);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        char open[16], close[16];
        int opened = 0, closed = 0;
        size_t n = (size_t)snprintf(open, sizeof open, "<%s", tags[i]);
        snprintf(close, sizeof close, "</%s>", tags[i]);
        for (const char *at = page; (at = strstr(at, open)); at++)
            opened += at[n] == '>' || at[n] == ' ';
        for (const char *at = page; (at = strstr(at, close)); at++)
            closed++;
        assert_int_equal(opened, closed);
        assert_true(opened > 0);
    }
    assert_null(strstr(page, "http"));
    assert_null(strstr(page, "nan"));
    assert_null(strstr(page, "inf"));
    assert_non_null(strstr(page, "3 others")); /* rows that were left out */
    assert_non_null(strstr(page, "cut off"));
    free(page);
}

/* Intervals of no length and of years: coordinates stay numbers. */
static void odd_times(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "profile begin 1\nprofile n exit.pf\nprofile c 0:1\nprofile t 0 0 1\n",
        "profile begin 1\nprofile n exit.pf\nprofile c 0:3fffffffffffffff\nprofile s k0\n"
        "profile t 0 4000000000000000 4000000000000000\n",
        "profile begin 1\nprofile t 5 5 1\nprofile t 3fffffffffffffff 4000000000000000 1\n",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct data one;
        struct symbols none = {0};
        struct sum all;
        size_t size;
        assert_true(
            data_parse("P", &(struct blob){(uint8_t *)odd[i], strlen(odd[i])}, &one, &problem));
        assert_true(sum_make(&one, &none, &all));
        char *page = page_make(&all, 25, &size);
        assert_non_null(page);
        assert_null(strstr(page, "nan"));
        assert_null(strstr(page, "inf"));
        free(page);
        sum_free(&all);
        data_free(&one);
    }
}

static void numbers(void **state)
{
    (void)state;
    char n[CHART_NUMBER];
    assert_string_equal(chart_number(0, n), "0");
    assert_string_equal(chart_number(7, n), "7");
    assert_string_equal(chart_number(0.5, n), "0.50");
    assert_string_equal(chart_number(999, n), "999");
    assert_string_equal(chart_number(1000, n), "1.00\u202fk");
    assert_string_equal(chart_number(12345, n), "12.3\u202fk");
    assert_string_equal(chart_number(999999, n), "1.00\u202fM");
    assert_string_equal(chart_number(4.5e18, n), "4500000\u202fT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(time_is_divided, start, end),
        cmocka_unit_test_setup_teardown(places, start, end),
        cmocka_unit_test_setup_teardown(functions, start, end),
        cmocka_unit_test_setup_teardown(json_adds_up, start, end),
        cmocka_unit_test_setup_teardown(names_are_text, start, end),
        cmocka_unit_test_setup_teardown(the_page_is_whole, start, end),
        cmocka_unit_test(odd_times),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
