/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One instruction is a block of its own here; its exits to what follows are left out, since that is
 * not the instruction's.
 */
#include "tools/lab/hole/translation.h"

#include <stdio.h>

/* Where the probe's code lies, about. */
#define ADDRESS 0x100000u

static void say_row(const struct lab_listing *l, const struct lab_row *row,
                    void (*line)(void *with, const char *text), void *with)
{
    char text[400];
    snprintf(text, sizeof text, "%s: %s", lab_treatment_name(row->treatment),
             lab_why_text(row->why));
    line(with, text);
    for (uint32_t i = row->first; i < row->first + row->lines; i++)
        line(with, l->line[i].text);
}

bool hole_translation(const struct hole_test *t, uint8_t cpl, enum lab_host host,
                      void (*line)(void *with, const char *text), void *with)
{
    struct lab_code code = {.address = ADDRESS, .bytes = t->bytes, .size = t->length};
    struct lab_mode mode = {.host = host, .cpl = cpl};
    struct lab_listing l = {0};
    struct problem p;
    bool said = false;
    if (lab_translate(&code, ADDRESS, 1, &mode, &l, &p)) {
        for (uint32_t i = 0; i < l.rows; i++) {
            if (l.row[i].len) {
                say_row(&l, &l.row[i], line, with);
                said = true;
            }
        }
    }
    lab_listing_free(&l);
    return said;
}
