/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Output of a probe that never ran, for the tests of `ring1 lab hole': a whole run in memory, line
 * by line, so that lines can be changed, left out and cut. All is as the manual says.
 */
#ifndef RING1_TESTS_LAB_HOLE_WORLD_H
#define RING1_TESTS_LAB_HOLE_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lab/hole/judge.h"

#define HOLE_LINES (2 + 4 * HOLE_TESTS + 1)

struct hole_text {
    unsigned count;
    char line[HOLE_LINES][600]; /* without mark and sum */
};

/* The sum of line.inc, as its comment has it. */
static inline unsigned hole_text_sum(const char *text)
{
    unsigned sum = 0;
    for (const char *c = text; *c; c++) {
        sum = (sum << 1 | (sum >> 15 & 1)) & 0xffff;
        sum = (sum + (unsigned char)*c) & 0xffff;
    }
    return sum;
}

static inline char *hole_text_next(struct hole_text *t)
{
    return t->line[t->count++];
}

static inline void hole_text_ring(struct hole_text *t, unsigned test, unsigned ring)
{
    const struct hole_row *row = &hole_table[test];
    char *line = hole_text_next(t);
    unsigned number = hole_ring_number[ring];
    int n = sprintf(line, "ring %x ", number);
    if (row->traps >> ring & 1)
        n += sprintf(line + n, "trap d 0 before");
    else if (row->gate)
        n += sprintf(line + n, "trap %x before", (unsigned)row->gate);
    else
        n += sprintf(line + n, "ran before");
    for (unsigned i = 0; test == 0 && i < HOLE_ITEM_COUNT; i++)
        n += sprintf(line + n, " %s=%x", hole_item_name[i], i == HOLE_EFLAGS ? 0x202 : number);
    sprintf(line + n, " after eip=%x", number + 1);
}

static inline void hole_text_make(struct hole_text *t, const char *kind)
{
    t->count = 0;
    sprintf(hole_text_next(t), "probe 1 %s", kind);
    sprintf(hole_text_next(t), "cpu 60fb1 SomeVendor12");
    for (unsigned i = 0; i < HOLE_TESTS; i++) {
        sprintf(hole_text_next(t), "test %s 90", hole_table[i].id);
        for (unsigned r = 0; r < HOLE_RINGS; r++)
            hole_text_ring(t, i, r);
    }
    sprintf(hole_text_next(t), "end %x", HOLE_TESTS);
}

/* The line that begins with START, for a test to change. */
static inline char *hole_text_find(struct hole_text *t, const char *start)
{
    for (unsigned i = 0; i < t->count; i++) {
        if (strncmp(t->line[i], start, strlen(start)) == 0)
            return t->line[i];
    }
    return NULL;
}

/* The line of ring R (0, 1, 2: rings 0, 1, 3) of test ID. */
static inline char *hole_text_result(struct hole_text *t, const char *id, unsigned r)
{
    char start[40];
    snprintf(start, sizeof start, "test %s ", id);
    char *line = hole_text_find(t, start);
    return line ? line + (r + 1) * sizeof t->line[0] : NULL;
}

/* As it comes over the wire, allocated, but for line SKIP. */
static inline char *hole_text_wire(const struct hole_text *t, unsigned skip)
{
    char *out = malloc(HOLE_LINES * 640), *at = out;
    *at = 0;
    for (unsigned i = 0; i < t->count; i++) {
        if (i != skip)
            at += sprintf(at, "hole: %s *%04x\r\n", t->line[i], hole_text_sum(t->line[i]));
    }
    return out;
}

#endif
