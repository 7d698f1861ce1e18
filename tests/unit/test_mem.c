/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The freestanding memory functions, under other names, against the C library's: all small
 * lengths, all alignments, all overlaps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define memcpy  ring1_memcpy
#define memmove ring1_memmove
#define memset  ring1_memset
#define memcmp  ring1_memcmp
#define strlen  ring1_strlen
#define strcmp  ring1_strcmp
#include "monitor/mem.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp

#define SPAN 96u

static void pattern(uint8_t *buf)
{
    for (unsigned i = 0; i < SPAN; i++)
        buf[i] = (uint8_t)(i * 7 + 1);
}

static bool direction_flag(void)
{
    uint64_t fl;
    __asm__ volatile("pushfq; pop %0" : "=r"(fl));
    return fl & 0x400;
}

static void copies(void **state)
{
    (void)state;
    uint8_t from[SPAN], ours[SPAN], theirs[SPAN];
    pattern(from);
    for (unsigned n = 0; n <= 40; n++) {
        for (unsigned at = 0; at < 16; at++) {
            memset(ours, 0xee, SPAN);
            memset(theirs, 0xee, SPAN);
            assert_ptr_equal(ring1_memcpy(ours + at, from + 15 - at, n), ours + at);
            memcpy(theirs + at, from + 15 - at, n);
            assert_memory_equal(ours, theirs, SPAN);
        }
    }
}

/* Every distance from 40 below to 40 above. */
static void moves_that_overlap(void **state)
{
    (void)state;
    uint8_t ours[SPAN], theirs[SPAN];
    for (unsigned n = 0; n <= 40; n++) {
        for (unsigned to = 0; to <= 50; to++) {
            pattern(ours);
            pattern(theirs);
            assert_ptr_equal(ring1_memmove(ours + to, ours + 25, n), ours + to);
            memmove(theirs + to, theirs + 25, n);
            assert_memory_equal(ours, theirs, SPAN);
            assert_false(direction_flag());
        }
    }
}

static void sets(void **state)
{
    (void)state;
    uint8_t ours[SPAN], theirs[SPAN];
    for (unsigned n = 0; n <= 40; n++) {
        pattern(ours);
        pattern(theirs);
        assert_ptr_equal(ring1_memset(ours + 3, 0x1a5, n), ours + 3);
        memset(theirs + 3, 0xa5, n);
        assert_memory_equal(ours, theirs, SPAN);
    }
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void compares(void **state)
{
    (void)state;
    static const char *const words[] = {"",  "a",    "ab",   "abc",  "abd",
                                        "b", "\x7f", "\x80", "\xff", "a\xff"};
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(ring1_strlen(words[i]), strlen(words[i]));
        for (unsigned j = 0; j < 10; j++) {
            size_t n = strlen(words[i]) < strlen(words[j]) ? strlen(words[i]) : strlen(words[j]);
            assert_int_equal(sign(ring1_strcmp(words[i], words[j])),
                             sign(strcmp(words[i], words[j])));
            assert_int_equal(sign(ring1_memcmp(words[i], words[j], n)),
                             sign(memcmp(words[i], words[j], n)));
        }
    }
    assert_int_equal(ring1_memcmp("a\0b", "a\0c", 2), 0);
    assert_true(ring1_memcmp("a\0b", "a\0c", 3) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies),
        cmocka_unit_test(moves_that_overlap),
        cmocka_unit_test(sets),
        cmocka_unit_test(compares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
