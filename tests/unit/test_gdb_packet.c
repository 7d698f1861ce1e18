/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets in and out: whole, in pieces, wrong, too long, escaped, and whatever random bytes make of
 * the reader; and the words that they are written in.
 */
#include "monitor/gdb/packet.h"
#include "monitor/gdb/text.h"
#include "monitor/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct gdb_line line;

static int start(void **state)
{
    (void)state;
    memset(&line, 0xa5, sizeof line);
    gdb_line_reset(&line);
    return 0;
}

/* Feeds LEN bytes; all but the last answer GDB_MORE. Returns the last answer. */
static enum gdb_input feed(const char *bytes, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++)
        assert_int_equal(gdb_line_byte(&line, (uint8_t)bytes[i]), GDB_MORE);
    return gdb_line_byte(&line, (uint8_t)bytes[len - 1]);
}

static enum gdb_input says(const char *text)
{
    return feed(text, strlen(text));
}

static void whole(void **state)
{
    (void)state;
    assert_int_equal(says("$g#67"), GDB_PACKET);
    assert_string_equal(line.data, "g");
    assert_int_equal(line.length, 1);
    assert_int_equal(says("$m10,4#2F"), GDB_BROKEN);
    assert_int_equal(says("$m10,4#2E"), GDB_PACKET); /* capital digits */
    assert_string_equal(line.data, "m10,4");
    assert_int_equal(says("$#00"), GDB_PACKET);
    assert_int_equal(line.length, 0);
}

static void between_packets(void **state)
{
    (void)state;
    assert_int_equal(says("+"), GDB_MORE);
    assert_int_equal(says("++x#67"), GDB_MORE);
    assert_int_equal(says("-"), GDB_AGAIN);
    assert_int_equal(says("\3"), GDB_BREAK);
    assert_int_equal(feed("$\3+-#5b", 7), GDB_PACKET); /* inside they are data */
}

static void wrong_sums(void **state)
{
    (void)state;
    assert_int_equal(says("$g#66"), GDB_BROKEN);
    assert_int_equal(says("$g#6"), GDB_MORE);
    assert_int_equal(says("x"), GDB_BROKEN);
    assert_int_equal(says("7"), GDB_MORE); /* outside again */
    assert_int_equal(says("$g##"), GDB_BROKEN);
    assert_int_equal(says("$g#67"), GDB_PACKET);
}

/* A '$' begins anew wherever it stands, but behind an escape. */
static void begun_anew(void **state)
{
    (void)state;
    assert_int_equal(says("$mffff$g#67"), GDB_PACKET);
    assert_string_equal(line.data, "g");
    assert_int_equal(says("$g#6$?#3f"), GDB_PACKET);
    assert_string_equal(line.data, "?");
    assert_int_equal(says("$g#$?#3f"), GDB_PACKET);
}

static void escapes(void **state)
{
    static const char expect[] = {'X', '$', '#', '}', '*', 0, (char)0xff};
    char frame[GDB_FRAME_MAX];
    (void)state;
    size_t n = gdb_line_frame(frame, expect, sizeof expect);
    assert_int_equal(n, 1 + 7 + 4 + 3);
    assert_int_equal(feed(frame, n), GDB_PACKET);
    assert_int_equal(line.length, sizeof expect);
    assert_memory_equal(line.data, expect, sizeof expect);
    assert_int_equal(line.data[line.length], 0);
}

static void longest(void **state)
{
    static char data[GDB_PACKET_MAX], frame[GDB_FRAME_MAX];
    (void)state;
    memset(data, '}', sizeof data);
    size_t n = gdb_line_frame(frame, data, sizeof data);
    assert_int_equal(n, GDB_FRAME_MAX);
    assert_int_equal(feed(frame, n), GDB_PACKET);
    assert_int_equal(line.length, GDB_PACKET_MAX);
    assert_memory_equal(line.data, data, sizeof data);
}

static void too_long(void **state)
{
    uint8_t sum = 0;
    char tail[4];
    (void)state;
    assert_int_equal(says("$"), GDB_MORE);
    for (unsigned i = 0; i <= GDB_PACKET_MAX; i++) {
        assert_int_equal(gdb_line_byte(&line, 'a'), GDB_MORE);
        sum = (uint8_t)(sum + 'a');
    }
    snprintf(tail, sizeof tail, "#%02x", sum);
    assert_int_equal(says(tail), GDB_TOO_LONG);
    assert_true(line.length <= GDB_PACKET_MAX);
    assert_int_equal(says("$g#67"), GDB_PACKET);
}

/* What the loader sends behind a connection that broke off ends whatever was begun. */
static void loaders_word(void **state)
{
    static const char *const begun[] = {"",    "$",   "$m123", "$m123#",   "$m123#4", "$X0,4:}",
                                        "}}}", "+-+", "$}}}",  "$X0,4:$}", "\3\3",    "$g#67",
                                        "#",   "$#",  "$#0",   "$}#",      "$##",     "$}$}$}"};
    (void)state;
    for (size_t i = 0; i < sizeof begun / sizeof begun[0]; i++) {
        gdb_line_reset(&line);
        for (const char *c = begun[i]; *c; c++)
            gdb_line_byte(&line, (uint8_t)*c);
        enum gdb_input last = GDB_MORE;
        for (const char *c = "##00" PLAN_GDB_GONE_PACKET; *c; c++)
            last = gdb_line_byte(&line, (uint8_t)*c);
        assert_int_equal(last, GDB_PACKET);
        assert_string_equal(line.data, PLAN_GDB_GONE);
    }
}

static void random_bytes(void **state)
{
    static const char often[] = "$#}-+\3gm0123456789abcdef";
    uint32_t seed = 1;
    (void)state;
    for (unsigned i = 0; i < 2000000; i++) {
        seed = seed * 1664525 + 1013904223;
        uint8_t c = (uint8_t)(seed >> 24);
        if (seed >> 20 & 1)
            c = (uint8_t)often[c % (sizeof often - 1)];
        gdb_line_byte(&line, c);
        assert_true(line.length <= GDB_PACKET_MAX);
    }
    gdb_line_byte(&line, '#'); /* a packet that was begun with an escape */
    assert_int_equal(says("$g#67"), GDB_PACKET);
}

/* ---- Words --------------------------------------------------------------------------- */

static struct gdb_words words(const char *text)
{
    return (struct gdb_words){text, text + strlen(text)};
}

static void numbers(void **state)
{
    uint32_t n;
    struct gdb_words w = words("0000000000ffffFFFF,");
    (void)state;
    assert_true(gdb_take_number(&w, &n));
    assert_int_equal(n, 0xffffffffu);
    assert_true(gdb_take(&w, ","));
    assert_true(gdb_at_end(&w));
    assert_false(gdb_take_number(&w, &n));
    w = words("100000000");
    assert_false(gdb_take_number(&w, &n));
    w = words("g");
    assert_false(gdb_take_number(&w, &n));
}

static void bytes(void **state)
{
    uint8_t b[3] = {9, 9, 9};
    struct gdb_words w = words("00fFa");
    (void)state;
    assert_false(gdb_take_bytes(&w, b, 3));
    assert_true(gdb_take_bytes(&w, b, 2));
    assert_int_equal(b[0], 0);
    assert_int_equal(b[1], 0xff);
    assert_int_equal(b[2], 9);
    w = words("0x");
    assert_false(gdb_take_bytes(&w, b, 1));
}

static void answers_have_an_end(void **state)
{
    char text[5];
    struct gdb_answer a = {text, 0, sizeof text};
    (void)state;
    gdb_add(&a, "ab%x", 0xcu);
    gdb_add_bytes(&a, "\x12\x34", 2);
    assert_int_equal(a.length, 5);
    assert_memory_equal(text, "abc12", 5);
    gdb_add_text(&a, "z", 1);
    assert_int_equal(a.length, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whole, start),
        cmocka_unit_test_setup(between_packets, start),
        cmocka_unit_test_setup(wrong_sums, start),
        cmocka_unit_test_setup(begun_anew, start),
        cmocka_unit_test_setup(escapes, start),
        cmocka_unit_test_setup(longest, start),
        cmocka_unit_test_setup(too_long, start),
        cmocka_unit_test_setup(loaders_word, start),
        cmocka_unit_test_setup(random_bytes, start),
        cmocka_unit_test(numbers),
        cmocka_unit_test(bytes),
        cmocka_unit_test(answers_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
