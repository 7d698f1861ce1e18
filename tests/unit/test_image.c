/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The translator's benchmark programs in short: what gcc makes of ordinary C, translated, gives the
 * same checksum and leaves the same memory as on the real CPU, at first and from the cache.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bt_image.h"

static uint8_t after[PROGRAMS_SPAN];

static const void *memory(void)
{
    return image_header();
}

static void compare(const struct program_row *row)
{
    uint32_t want, got;
    image_load();
    want = image_run_natively(row, row->small);
    memcpy(after, memory(), sizeof after);
    for (unsigned pass = 1; pass <= 2; pass++) {
        image_load();
        got = image_run_translated(row, row->small);
        if (got != want || memcmp(after, memory(), sizeof after) != 0)
            fail_msg("%s, pass %u: checksum %x natively, %x translated, memory %s", row->name, pass,
                     want, got, memcmp(after, memory(), sizeof after) ? "differs" : "is the same");
    }
}

static void programs(void **state)
{
    (void)state;
    for (unsigned n = 0; n < PROGRAMS_COUNT; n++)
        compare(&image_header()->row[n]);
}

/* What was thrown away is made again and does the same. */
static void translated_again(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 3; n++) {
        image_translate_again();
        compare(&image_header()->row[n]);
    }
}

/* Once all is in the cache, next to nothing leaves it. */
static void stays_in_the_cache(void **state)
{
    (void)state;
    for (unsigned n = 0; n < PROGRAMS_COUNT; n++) {
        const struct program_row *row = &image_header()->row[n];
        image_run_translated(row, row->small);
        image_run_translated(row, row->small);
        image_work = (struct image_work){0};
        image_run_translated(row, row->small);
        printf("%-12s %lu exits, %lu interpreted\n", row->name, image_work.exits,
               image_work.interpreted);
        assert_int_equal(image_work.interpreted, 0);
        assert_true(image_work.exits < 5000); /* conflicts in the look-up table */
    }
}

static int set_up(void **state)
{
    (void)state;
    return image_create() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs),
        cmocka_unit_test(translated_again),
        cmocka_unit_test(stays_in_the_cache),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
