/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The laboratory's listings: bytes come in, rows with host code, names and reasons go out; each
 * host has its own; what is outside or cut short is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/types.h"
#include "tools/lab/number.h"
#include "tools/lab/translate.h"

#define AT 0x100000u

static struct lab_listing list;
static struct problem problem;
static const struct lab_mode pc = {.host = LAB_PC};

static bool translate(const struct lab_mode *mode, uint32_t at, const void *bytes, uint32_t len)
{
    struct lab_code code = {at, bytes, len};
    lab_listing_free(&list);
    return lab_translate(&code, at, LAB_ALL_BLOCKS, mode, &list, &problem);
}

#define TRANSLATE(mode, code) assert_true(translate(mode, AT, code, sizeof(code) - 1))

/* A line of row N with TEXT in it. */
static bool has(uint32_t n, const char *text)
{
    assert_true(n < list.rows);
    for (uint32_t i = 0; i < list.row[n].lines; i++) {
        if (strstr(list.line[list.row[n].first + i].text, text))
            return true;
    }
    return false;
}

static void rows_are_the_guests_instructions(void **state)
{
    (void)state;
    TRANSLATE(&pc, "\xfa\x9c\x58\x01\xd8\xcf");
    assert_int_equal(list.rows, 5);
    assert_int_equal(list.blocks, 1);
    assert_string_equal(list.row[0].text, "cli");
    assert_int_equal(list.row[0].treatment, TREAT_REWRITTEN);
    assert_int_equal(list.row[0].why, WHY_IF);
    assert_true(has(0, "[vcpu.vif], 0x00"));
    assert_true(has(1, "pushfq") && has(1, "[vcpu.eflags]"));
    assert_int_equal(list.row[3].treatment, TREAT_COPIED);
    assert_int_equal(list.row[3].changes, 0);
    assert_int_equal(list.row[3].lines, 1);
    assert_memory_equal(list.line[list.row[3].first].bytes, "\x01\xd8", 2);
    assert_int_equal(list.row[4].eip, AT + 5);
    assert_int_equal(list.row[4].treatment, TREAT_EXIT);
    assert_true(has(4, "<return to user code>") && has(4, "vcpu.lookup+0x8+r10*8"));
}

/* The host's lines are all of the block's code, one behind the other. */
static void lines_leave_nothing_out(void **state)
{
    static const struct lab_mode modes[] = {{.host = LAB_PC},
                                            {.host = LAB_TCG, .count = true},
                                            {.host = LAB_PROCESS},
                                            {.host = LAB_PROCESS, .cpl = 3}};
    (void)state;
    for (unsigned m = 0; m < ARRAY_SIZE(modes); m++) {
        uint32_t at = 0;
        TRANSLATE(&modes[m], "\xfb\x90\xe8\x10\x00\x00\x00\x74\xf7\xf3\xa4\x8e\xd8\x9d\xcd\x80");
        for (uint32_t n = 0; n < list.rows; n++) {
            if (n == 0 || list.row[n].block != list.row[n - 1].block)
                at = 0;
            for (uint32_t i = 0; i < list.row[n].lines; i++) {
                const struct lab_line *line = &list.line[list.row[n].first + i];
                assert_int_equal(line->at, at);
                assert_null(strstr(line->text, "(bad)"));
                assert_non_null(strstr(line->unwind, "eip="));
                at += line->len;
            }
        }
    }
}

static void hosts_differ(void **state)
{
    const struct lab_mode tcg = {.host = LAB_TCG}, process = {.host = LAB_PROCESS},
                          user = {.host = LAB_PROCESS, .cpl = 3}, counted = {.count = true};
    (void)state;
    TRANSLATE(&pc, "\x8b\x03\xeb\x10");
    assert_int_equal(list.row[0].changes, CHANGE_ADDRESS);
    assert_true(has(1, "jmp exit to 00100014"));
    TRANSLATE(&tcg, "\x8b\x03\xeb\x10");
    assert_true(has(1, "[exit to 00100014]"));
    TRANSLATE(&process, "\x8b\x03\xf4");
    assert_int_equal(list.row[0].changes, CHANGE_ADDRESS | CHANGE_WINDOW);
    assert_true(has(0, "gs:[ebx]") && has(1, "[vcpu.gate.interp]"));
    TRANSLATE(&user, "\xcd\x80");
    assert_int_equal(list.row[0].why, WHY_SYSTEM_CALL);
    assert_true(has(0, "<system call>"));
    TRANSLATE(&process, "\xcd\x80");
    assert_int_equal(list.row[0].why, WHY_INTERRUPT);
    TRANSLATE(&counted, "\x90");
    assert_true(has(0, "vcpu.tc_insns"));
}

static void code_of_16_bits(void **state)
{
    const struct lab_mode mode = {.code16 = true};
    (void)state;
    TRANSLATE(&mode, "\x8b\x07\x66\x50");
    assert_string_equal(list.row[0].text, "mov ax, word [bx]");
    assert_true((list.row[0].changes & CHANGE_OFFSET16) && has(0, "vcpu.place16.ds"));
    assert_int_equal(list.row[1].why, WHY_STACK_SP);
    assert_true(has(1, "vcpu.place16.ss"));
}

static void segments_count(void **state)
{
    const struct lab_mode limited = {.data_not_flat = true}, high = {.gs_base = 0xc0000000};
    (void)state;
    TRANSLATE(&limited, "\x8b\x03");
    assert_int_equal(list.row[0].why, WHY_SEGMENT);
    TRANSLATE(&pc, "\x65\x8b\x43\x04");
    assert_true((list.row[0].changes & CHANGE_PLACE) && has(0, "[vcpu.place.gs]"));
    uint32_t plain = list.row[0].lines;
    TRANSLATE(&high, "\x65\x8b\x43\x04");
    assert_true(has(0, "movsxd") || list.row[0].lines != plain);
}

/* Behind the last byte nothing is known. */
static void ends_and_cuts(void **state)
{
    (void)state;
    TRANSLATE(&pc, "\x74\x05\x90");
    assert_int_equal(list.rows, 3);
    assert_true(has(0, "exit to 00100007"));
    assert_int_equal(list.row[2].why, WHY_GOES_ON);
    assert_int_equal(list.row[2].eip, AT + 3);
    assert_int_equal(list.row[2].len, 0);
    TRANSLATE(&pc, "\x90\x0f");
    const struct lab_row *last = &list.row[list.rows - 1];
    assert_true(last->cut);
    assert_int_equal(last->eip, AT + 1);
    assert_int_equal(last->lines, 0);
    assert_string_equal(last->text, "(the bytes end in it)");
    TRANSLATE(&pc, "\x0f");
    assert_true(list.rows == 1 && list.row[0].cut);
    TRANSLATE(&pc, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90");
    assert_true(list.row[0].cut);
    assert_string_equal(list.row[0].text, "(over 15 bytes)");
}

/* What lies behind an unconditional jump is translated too. */
static void every_byte_is_in_a_row(void **state)
{
    static uint8_t code[3 * PAGE_SIZE];
    static uint8_t seen[sizeof code];
    (void)state;
    for (unsigned n = 0; n < sizeof code; n += 8)
        memcpy(code + n, "\x89\xd8\x75\x03\xeb\xfe\x90\xc3", 8);
    memset(seen, 0, sizeof seen);
    assert_true(translate(&pc, AT + 4, code, sizeof code));
    for (uint32_t n = 0; n < list.rows; n++) {
        for (unsigned k = 0; k < list.row[n].len; k++)
            seen[list.row[n].eip - AT - 4 + k]++;
    }
    for (unsigned n = 0; n < sizeof code; n++)
        assert_true(seen[n] > 0);
    assert_true(list.blocks > 10);
}

static void across_a_page(void **state)
{
    (void)state;
    assert_true(translate(&pc, AT + PAGE_SIZE - 2, "\xb8\x01\x02\x03\x04\xc3", 6));
    assert_int_equal(list.row[0].len, 5);
    assert_int_equal(list.row[list.rows - 1].treatment, TREAT_EXIT);
    assert_false(list.row[0].cut);
}

static void bounds(void **state)
{
    static uint8_t big[LAB_CODE_MAX + 1];
    struct lab_code code = {AT, (const uint8_t *)"\x90", 1};
    (void)state;
    assert_false(translate(&pc, 0xffffffff, "\x90\x90", 2));
    assert_non_null(strstr(problem.text, "beyond 4 GiB"));
    assert_int_equal(problem.status, EXIT_BAD_INPUT);
    assert_true(translate(&pc, 0xffffffff, "\xf4", 1));
    assert_int_equal(list.row[0].eip, 0xffffffff);
    assert_false(translate(&pc, 0, big, sizeof big));
    assert_non_null(strstr(problem.text, "too many"));
    assert_false(lab_translate(&code, AT + 1, 1, &pc, &list, &problem));
    assert_false(lab_translate(&code, AT - 1, 1, &pc, &list, &problem));
    lab_listing_free(&list);
    struct lab_code two = {AT, (const uint8_t *)"\xf4\xf4\xf4", 3};
    assert_true(lab_translate(&two, AT + 1, 1, &pc, &list, &problem));
    assert_int_equal(list.rows, 1);
    assert_int_equal(list.row[0].eip, AT + 1);
}

static void words(void **state)
{
    (void)state;
    assert_string_equal(lab_treatment_name(TREAT_CALLOUT), "callout");
    for (unsigned w = 0; w < WHY_COUNT; w++)
        assert_true(strlen(lab_why_name((enum why)w)) > 1 && strlen(lab_why_text((enum why)w)) > 8);
    for (unsigned c = 0; c < CHANGE_COUNT; c++)
        assert_true(strlen(lab_change_name(c)) > 1 && strlen(lab_change_text(c)) > 8);
}

static void numbers(void **state)
{
    static const char *const bad[] = {"",   "-1", "+1",          " 1",
                                      "0x", "1x", "0x100000000", "4294967296"};
    uint8_t bytes[4];
    uint32_t n, len = 0;
    (void)state;
    assert_true(lab_number("0xFfffffff", &n) && n == 0xffffffff);
    assert_true(lab_number("10", &n) && n == 10);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(lab_number(bad[i], &n));
    assert_true(lab_hex("fA 0b0C\t01", bytes, 4, &len) && len == 4);
    assert_memory_equal(bytes, "\xfa\x0b\x0c\x01", 4);
    assert_false(lab_hex("00", bytes, 4, &len)); /* no room */
    len = 0;
    assert_false(lab_hex("f", bytes, 4, &len));
    assert_false(lab_hex("f a", bytes, 4, &len));
    assert_false(lab_hex("0x90", bytes, 4, &len));
}

static int free_list(void **state)
{
    (void)state;
    lab_listing_free(&list);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_guests_instructions),
        cmocka_unit_test(lines_leave_nothing_out),
        cmocka_unit_test(hosts_differ),
        cmocka_unit_test(code_of_16_bits),
        cmocka_unit_test(segments_count),
        cmocka_unit_test(ends_and_cuts),
        cmocka_unit_test(every_byte_is_in_a_row),
        cmocka_unit_test(across_a_page),
        cmocka_unit_test(bounds),
        cmocka_unit_test(words),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, free_list);
}
