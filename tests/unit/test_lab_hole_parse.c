/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The parser of the probe's output: whole runs come out as they went in, and nothing else does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/lab_hole_world.h"

static struct hole_text text;
static struct hole_runs runs;
static struct problem problem;

#define NONE HOLE_LINES

static bool parse(const char *wire)
{
    memset(&runs, 0, sizeof runs);
    memset(&problem, 0, sizeof problem);
    return hole_parse(wire, "here", EXIT_HOST_TROUBLE, &runs, &problem);
}

static bool parse_text(unsigned skip)
{
    char *wire = hole_text_wire(&text, skip);
    bool ok = parse(wire);
    free(wire);
    return ok;
}

static void refused(const char *why)
{
    assert_false(parse_text(NONE));
    assert_non_null(strstr(problem.text, why));
    assert_int_equal(problem.status, EXIT_HOST_TROUBLE);
    assert_false(runs.native.there);
}

static void whole_run(void **state)
{
    (void)state;
    hole_text_make(&text, "native");
    assert_true(parse_text(NONE));
    assert_true(runs.native.there && !runs.guest.there);
    assert_string_equal(runs.native.vendor, "SomeVendor12");
    assert_int_equal(runs.native.signature, 0x60fb1);
    const struct hole_test *cli = &runs.native.test[hole_row_find("cli")];
    assert_true(cli->there && !cli->absent && cli->length == 1 && cli->bytes[0] == 0x90);
    assert_false(cli->ring[HOLE_RING0].trapped);
    assert_true(cli->ring[HOLE_RING1].trapped && cli->ring[HOLE_RING1].has_error);
    assert_int_equal(cli->ring[HOLE_RING3].vector, 13);
    /* What a line leaves out is the first test's, in the same ring. */
    assert_int_equal(cli->ring[HOLE_RING3].before.v[HOLE_CR3], 3);
    assert_int_equal(cli->ring[HOLE_RING3].after.v[HOLE_EIP], 4);
}

static void both_kinds_and_noise(void **state)
{
    (void)state;
    char all[2 * HOLE_LINES * 640];
    hole_text_make(&text, "native");
    char *native = hole_text_wire(&text, NONE);
    hole_text_make(&text, "guest");
    char *guest = hole_text_wire(&text, NONE);
    snprintf(all, sizeof all, "GRUB loading\n\033[2J\033[H%sother: hole\n\n%shole\n", native,
             guest);
    assert_true(parse(all));
    assert_true(runs.native.there && runs.guest.there);
    free(native);
    free(guest);
}

static void other_output_is_no_run(void **state)
{
    (void)state;
    assert_true(parse(""));
    assert_true(parse("login: \nhole\nhole:\nhole: \nthe hole: it is deep\n"));
    assert_false(runs.native.there || runs.guest.there);
}

static void every_missing_line_is_missed(void **state)
{
    (void)state;
    hole_text_make(&text, "native");
    for (unsigned i = 0; i < text.count; i++) {
        bool ok = parse_text(i);
        assert_true(i == 1 || !ok); /* line 1 names the CPU */
    }
}

static void every_cut_is_seen(void **state)
{
    (void)state;
    hole_text_make(&text, "native");
    char *wire = hole_text_wire(&text, NONE);
    for (size_t length = strlen(wire) - 3; length > 30; length -= length > 4000 ? 977 : 1) {
        wire[length] = 0;
        assert_false(parse(wire));
        assert_false(runs.native.there);
    }
    free(wire);
}

static void changed_bytes_are_seen(void **state)
{
    (void)state;
    hole_text_make(&text, "native");
    for (unsigned bit = 0; bit < 7; bit++) {
        char *wire = hole_text_wire(&text, NONE);
        char *at = strstr(wire, "hole: ring");
        for (char *c = at + 6; *c != '\r'; c++) {
            char was = *c;
            *c = (char)(was ^ 1 << bit);
            assert_false(parse(wire));
            assert_non_null(strstr(problem.text, "here, line "));
            *c = was;
        }
        free(wire);
    }
}

/* Lines whose sum is right and whose content is not. */
static void lies(void **state)
{
    (void)state;
    static const struct {
        const char *start, *instead, *why;
    } cases[] = {
        {"probe", "probe 2 native", "another version"},
        {"probe", "probe x native", "no version"},
        {"probe", "probe 1 elsewhere", "neither native nor"},
        {"probe", "cpu 1 x", "beginning of the probe's run"},
        {"cpu", "cpu none", "no CPU signature"},
        {"cpu", "what is this", "not a line of the probe"},
        {"cpu", "probe 1 native", "begins before the one before it"},
        {"test popf ", "test popg 9d", "does not know"},
        {"test popf ", "test nop 90", "second time"},
        {"test popf ", "test popf", "no instruction bytes"},
        {"test popf ", "test popf 9", "no instruction bytes"},
        {"test popf ", "test popf 9X", "no instruction bytes"},
        {"test popf ", "test popf 90909090909090909090909090909090", "no instruction bytes"},
        {"test popf ", "ring 0 ran before after", "does not belong here"},
        {"ring 1", "ring 2 ran before after", "does not belong here"},
        {"ring 1", "ring 11111111111 ran before after", "does not belong here"},
        {"ring 0", "ring 0 flew before after", "no outcome"},
        {"ring 0", "ring 0 trap before after", "no outcome"},
        {"ring 0", "ring 0 trap 100 before after", "no outcome"},
        {"ring 0", "ring 0 trap d x before after", "no outcome"},
        {"ring 0", "ring 0 trap", "no outcome"},
        {"ring 0", "ring 0 ran before", "state that makes no sense"},
        {"ring 0", "ring 0 ran before eax=1", "state that makes no sense"},
        {"ring 0", "ring 0 ran before eay=1 after", "state that makes no sense"},
        {"ring 0", "ring 0 ran before eax= after", "state that makes no sense"},
        {"ring 0", "ring 0 ran before =1 after", "state that makes no sense"},
        {"ring 0", "ring 0 ran before after eax=123456789", "state that makes no sense"},
        {"end", "end 57", "lines are missing"},
        {"end", "end", "lines are missing"},
        {"end", "test sgdt 90", "second time"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hole_text_make(&text, "native");
        strcpy(hole_text_find(&text, cases[i].start), cases[i].instead);
        refused(cases[i].why);
    }
}

static void long_lines_are_refused(void **state)
{
    (void)state;
    char wire[6000] = "";
    hole_text_make(&text, "native");
    int n = sprintf(wire, "hole: %s *%04x\n", text.line[0], hole_text_sum(text.line[0]));
    n += sprintf(wire + n, "hole: %04000d *0000\n", 1);
    assert_false(parse(wire));
    assert_non_null(strstr(problem.text, "too long"));
    assert_true(parse(wire + strcspn(wire, "\n") + 1)); /* outside a run it is nobody's */
}

/* Anything may come; the sanitizers look on. */
static void rubbish(void **state)
{
    (void)state;
    unsigned seed = 12345;
    hole_text_make(&text, "guest");
    for (unsigned round = 0; round < 300; round++) {
        char *wire = hole_text_wire(&text, NONE);
        size_t length = strlen(wire);
        for (unsigned n = 0; n < 1 + round % 7; n++) {
            seed = seed * 1103515245 + 12345;
            wire[(seed >> 8) % length] = (char)(1 + (seed >> 3) % 255);
        }
        parse(wire);
        free(wire);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_run),
        cmocka_unit_test(both_kinds_and_noise),
        cmocka_unit_test(other_output_is_no_run),
        cmocka_unit_test(every_missing_line_is_missed),
        cmocka_unit_test(every_cut_is_seen),
        cmocka_unit_test(changed_bytes_are_seen),
        cmocka_unit_test(lies),
        cmocka_unit_test(long_lines_are_refused),
        cmocka_unit_test(rubbish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
