/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is made of the runs: verdicts, comparisons, and the four forms in which they are told.
 */
#define _GNU_SOURCE /* open_memstream */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/unit/lab_hole_world.h"
#include "tools/lab/hole/report.h"

static struct hole_runs runs;
static struct hole_report report;

static void take(const struct hole_text *t)
{
    struct problem p;
    char *wire = hole_text_wire(t, HOLE_LINES);
    assert_true(hole_parse(wire, "here", EXIT_HOST_TROUBLE, &runs, &p));
    free(wire);
}

/* Both runs, alike, but for line LINE of the native one and of the guest's (NULL: none). */
static void make(const char *id, unsigned ring, const char *native, const char *guest)
{
    static struct hole_text t;
    memset(&runs, 0, sizeof runs);
    hole_text_make(&t, "native");
    if (native)
        strcpy(hole_text_result(&t, id, ring), native);
    take(&t);
    hole_text_make(&t, "guest");
    if (guest)
        strcpy(hole_text_result(&t, id, ring), guest);
    take(&t);
    report = (struct hole_report){.runs = &runs, .host = LAB_PC};
    memset(report.chosen, true, sizeof report.chosen);
    strcpy(runs.native.place, "a machine");
    strcpy(runs.guest.place, "Ring1 on a machine");
}

static const struct hole_row *row(const char *id)
{
    return &hole_table[hole_row_find(id)];
}

static const struct hole_test *native(const char *id)
{
    return &runs.native.test[hole_row_find(id)];
}

static enum hole_match match(const char *id, enum hole_ring r)
{
    unsigned i = hole_row_find(id);
    return hole_match(&hole_table[i], &runs.native.test[i], &runs.guest.test[i], r);
}

/* ---- The table ------------------------------------------------------------ */

static void table_is_sound(void **state)
{
    (void)state;
    for (unsigned i = 0; i < HOLE_TESTS; i++) {
        const struct hole_row *r = &hole_table[i];
        assert_int_equal(hole_row_find(r->id), i); /* no id twice */
        assert_true(strlen(r->label) <= 24);
        assert_true(r->name && r->why && *r->why);
        if (r->class & (HOLE_LOCATION | HOLE_MODE))
            assert_true(r->class & HOLE_BEHAVIOUR);
        if (r->guard == HOLE_GUARD_CPL)
            assert_int_equal(r->traps, HOLE_OUTSIDE);
        if (r->guard == HOLE_GUARD_NONE)
            assert_int_equal(r->traps, 0);
    }
}

static void classes_as_text(void **state)
{
    (void)state;
    char letters[5], words[100];
    hole_class_letters(row("popf")->class, letters);
    assert_string_equal(letters, "CB M");
    hole_class_words(row("sgdt")->class, words, sizeof words);
    assert_string_equal(words, "behaviour-sensitive, location-sensitive");
    hole_class_words(row("ud2")->class, words, sizeof words);
    assert_string_equal(words, "not sensitive");
}

/* ---- Verdicts ------------------------------------------------------------- */

static void verdicts(void **state)
{
    (void)state;
    make("popf", 0, "ring 0 ran before after eflags=2", NULL);
    assert_int_equal(hole_judge(row("popf"), native("popf")), HOLE_SILENT_OTHER);
    assert_int_equal(hole_judge(row("pushf"), native("pushf")), HOLE_SILENT_OTHER);
    assert_int_equal(hole_judge(row("cli-open"), native("cli-open")), HOLE_SILENT_REAL);
    assert_int_equal(hole_judge(row("cli"), native("cli")), HOLE_TRAPS);
    assert_int_equal(hole_judge(row("rsm"), native("rsm")), HOLE_ALWAYS_TRAPS);
    assert_int_equal(hole_judge(row("ud2"), native("ud2")), HOLE_NOT_SENSITIVE);
    assert_int_equal(hole_outcome(row("int3"), &native("int3")->ring[0]), HOLE_GATE);
    assert_int_equal(hole_judge(row("int3"), native("int3")), HOLE_SILENT_REAL);
    runs.native.test[hole_row_find("cli")].absent = true;
    assert_int_equal(hole_judge(row("cli"), native("cli")), HOLE_NOT_OFFERED);
    assert_true(hole_as_manual(row("cli"), native("cli"), HOLE_RING0));
}

static void a_cpu_that_is_not_as_the_manual_says(void **state)
{
    (void)state;
    make("cli", 1, "ring 1 ran before after", NULL);
    assert_false(hole_as_manual(row("cli"), native("cli"), HOLE_RING1));
    assert_true(hole_as_manual(row("cli"), native("cli"), HOLE_RING3));
    assert_int_equal(hole_judge(row("cli"), native("cli")), HOLE_SILENT_REAL);
}

static void matches(void **state)
{
    (void)state;
    make("popf", 0, "ring 0 ran before after eflags=2", "ring 0 ran before after eflags=202");
    assert_int_equal(match("popf", HOLE_RING0), HOLE_DIFFERS);
    assert_int_equal(match("popf", HOLE_RING1), HOLE_EQUAL);
    make("popf", 0, "ring 0 ran before after eflags=2", "ring 0 ran before after eflags=10002");
    assert_int_equal(match("popf", HOLE_RING0), HOLE_EQUAL); /* RF */
    make("sgdt", 2, "ring 3 ran before after m0=1", "ring 3 ran before after m0=2");
    assert_int_equal(match("sgdt", HOLE_RING3), HOLE_KNOWN);
    make("rdtsc", 0, "ring 0 ran before after eax=1 edx=2", "ring 0 ran before after eax=3 edx=4");
    assert_int_equal(match("rdtsc", HOLE_RING0), HOLE_EQUAL);
    make("rdtsc", 0, "ring 0 ran before after eax=1", "ring 0 ran before after ecx=3");
    assert_int_equal(match("rdtsc", HOLE_RING0), HOLE_DIFFERS);
    make("lar", 0, "ring 0 ran before after eax=cf9300", "ring 0 ran before after eax=c09300");
    assert_int_equal(match("lar", HOLE_RING0), HOLE_EQUAL); /* bits 16 - 19 are undefined */
    make("lar", 0, "ring 0 ran before after eax=cf9300", "ring 0 ran before after eax=c09200");
    assert_true(match("lar", HOLE_RING0) != HOLE_EQUAL);
    make("cli", 1, "ring 1 trap d 0 before after", "ring 1 trap d 8 before after");
    assert_int_equal(match("cli", HOLE_RING1), HOLE_DIFFERS);
    make("cli", 1, "ring 1 trap d 0 before after", "ring 1 trap 6 before after");
    assert_int_equal(match("cli", HOLE_RING1), HOLE_DIFFERS);
    runs.guest.test[hole_row_find("cli")].absent = true;
    assert_int_equal(match("cli", HOLE_RING1), HOLE_VIRTUAL);
}

static void sums(void **state)
{
    (void)state;
    struct hole_sums s;
    unsigned sensitive = 0, holes = 0;
    for (unsigned i = 0; i < HOLE_TESTS; i++) {
        sensitive += hole_table[i].class != 0;
        holes += hole_table[i].class && !(hole_table[i].traps >> HOLE_RING1 & 1);
    }
    make("popf", 0, NULL, "ring 0 ran before after eflags=2");
    hole_sum(&runs, &s);
    assert_int_equal(s.sensitive, sensitive);
    assert_int_equal(s.holes, holes);
    assert_int_equal(s.closed, holes - 1);
    assert_int_equal(s.match[HOLE_RING0][HOLE_DIFFERS], 1);
    assert_int_equal(s.match[HOLE_RING3][HOLE_EQUAL], HOLE_TESTS);
}

/* ---- Texts ---------------------------------------------------------------- */

static void cells_and_changes(void **state)
{
    (void)state;
    char out[200];
    make("popf", 0, "ring 0 ran before eip=100 after eip=101 eflags=3002", NULL);
    hole_cell(row("popf"), &native("popf")->ring[0], out, sizeof out);
    assert_string_equal(out, "IF=0");
    hole_result_changes(native("popf"), HOLE_RING0, out, sizeof out);
    assert_string_equal(out, "eflags 202 > 3002 (IF IOPL)");
    hole_cell(row("cli"), &native("cli")->ring[1], out, sizeof out);
    assert_string_equal(out, "#GP(0)");
    hole_cell(row("int-open"), &native("int-open")->ring[1], out, sizeof out);
    assert_string_equal(out, "gate 32");
    make("sgdt", 0, "ring 0 ran before after m0=22220057 m1=cccc1111", NULL);
    hole_cell(row("sgdt"), &native("sgdt")->ring[0], out, sizeof out);
    assert_string_equal(out, "base=11112222");
}

/* ---- The forms ------------------------------------------------------------ */

static char *written(void (*print)(FILE *to))
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    print(to);
    fclose(to);
    return text;
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        n++;
    return n;
}

static void plain_table(FILE *to)
{
    hole_print_table(&report, false, to);
}
static void colourful_table(FILE *to)
{
    hole_print_table(&report, true, to);
}
static void details(FILE *to)
{
    hole_print_details(&report, to);
}
static void as_json(FILE *to)
{
    assert_true(hole_print_json(&report, to));
}
static void as_page(FILE *to)
{
    hole_print_page(&report, to);
}

static void the_table(void **state)
{
    (void)state;
    make("popf", 0, "ring 0 ran before after eflags=2", "ring 0 ran before after eflags=202");
    char *text = written(plain_table);
    for (const char *at = text; *at; at += strcspn(at, "\n") + 1)
        assert_true(strcspn(at, "\n") <= 100 || strncmp(at, "  ", 2) == 0);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "\nPOPF (clears IF)         CB M   IF=0           ! IF=1  "));
    assert_non_null(strstr(text, " DIFFERS  same\n"));
    assert_non_null(strstr(text, "POPF (clears IF) in virtual ring 0: eflags 2 > 202 (IF)"));
    free(text);
    text = written(colourful_table);
    assert_non_null(strstr(text, "\033[31m ! IF=1"));
    free(text);
}

static void the_table_without_a_guest(void **state)
{
    (void)state;
    make("popf", 0, NULL, NULL);
    runs.guest.there = false;
    char *text = written(plain_table);
    assert_null(strstr(text, "Ring1 on"));
    assert_null(strstr(text, "Virtual ring"));
    assert_non_null(strstr(text, " -        -\n"));
    free(text);
}

static void the_details(void **state)
{
    (void)state;
    make("mov-cs", 0, NULL, NULL);
    memset(report.chosen, false, sizeof report.chosen);
    unsigned i = hole_row_find("mov-cs");
    report.chosen[i] = true;
    runs.native.test[i].length = 2;
    memcpy(runs.native.test[i].bytes, "\x8c\xc8", 2);
    char *text = written(details);
    assert_int_equal(count(text, "[mov-cs]"), 1);
    assert_null(strstr(text, "[popf]"));
    assert_non_null(strstr(text, "8c c8"));
    assert_non_null(strstr(text, "vcpu.cs.sel")); /* the translation */
    free(text);
}

static void the_json(void **state)
{
    (void)state;
    json_error_t e;
    make("popf", 0, "ring 0 ran before after eflags=2", NULL);
    char *text = written(as_json);
    json_t *all = json_loads(text, 0, &e);
    json_t *tests = json_object_get(all, "tests");
    assert_int_equal(json_array_size(tests), HOLE_TESTS);
    json_t *popf = json_array_get(tests, hole_row_find("popf"));
    assert_string_equal(json_string_value(json_object_get(popf, "verdict")), "silent-other");
    json_t *ring = json_object_get(json_object_get(popf, "native"), "ring0");
    assert_string_equal(json_string_value(json_object_get(ring, "outcome")), "ran");
    json_t *after = json_object_get(ring, "after");
    assert_int_equal(json_integer_value(json_object_get(after, "eflags")), 2);
    assert_int_equal(json_object_size(after), HOLE_ITEM_COUNT);
    json_decref(all);
    free(text);
}

static void the_page(void **state)
{
    (void)state;
    make("popf", 0, "ring 0 ran before after eflags=2", NULL);
    strcpy(runs.native.vendor, "<b>\"&'\033x\377");
    char *text = written(as_page);
    static const char *const pairs[][2] = {
        {"<details>", "</details>"},
        {"<summary>", "</summary>"},
        {"<tr", "</tr>"},
        {"<td ", "</td>"},
        {"<th ", "</th>"},
        {"<pre>", "</pre>"},
        {"<mark>", "</mark>"},
        {"<p>", "</p>"},
        {"<table>", "</table>"},
    };
    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        unsigned more = strcmp(pairs[i][0], "<p>") == 0 ? count(text, "<p class") : 0;
        assert_int_equal(count(text, pairs[i][0]) + more, count(text, pairs[i][1]));
        assert_true(count(text, pairs[i][0]) > 0);
    }
    assert_int_equal(count(text, "<tr id="), HOLE_TESTS);
    assert_int_equal(count(text, "<details>"), 6 * HOLE_TESTS);
    assert_non_null(strstr(text, "&lt;b&gt;&quot;&amp;&#39;?x?"));
    assert_null(strstr(text, "<b>"));
    assert_null(strstr(text, "http")); /* it needs nothing from anywhere */
    assert_null(strstr(text, "src="));
    assert_non_null(strstr(text, "prefers-color-scheme"));
    assert_non_null(strstr(text, "</html>"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sound),
        cmocka_unit_test(classes_as_text),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(a_cpu_that_is_not_as_the_manual_says),
        cmocka_unit_test(matches),
        cmocka_unit_test(sums),
        cmocka_unit_test(cells_and_changes),
        cmocka_unit_test(the_table),
        cmocka_unit_test(the_table_without_a_guest),
        cmocka_unit_test(the_details),
        cmocka_unit_test(the_json),
        cmocka_unit_test(the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
