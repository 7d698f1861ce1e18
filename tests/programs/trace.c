/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The program once more with a record at every atom, if it still makes a difference then, and each
 * record printed (trace.h). What is the same on both machines is printed once.
 */
#include "tests/programs/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/programs/duel.h"

/* As entry.inc lays out the state; then the sum. */
static const char *const names[] = {
    "eax", "ecx", "edx", "ebx", "ebp",    "esi",    "edi",   "eip", "cs",  "esp",    "ss",
    "ds",  "es",  "fs",  "gs",  "eflags", "vector", "error", "cr2", "dr6", "offset", "sum"};
enum { FIELDS = sizeof(names) / sizeof(names[0]), SUM = FIELDS - 1, VECTOR = 16, OFFSET = 20 };

struct record {
    uint32_t field[FIELDS];
    uint32_t fields;
};

/* The line at TEXT; where the next one begins. */
static const char *next_record(const char *text, struct record *r)
{
    const char *end = strchrnul(text, '\n');
    r->fields = 0;
    while (text < end && r->fields < FIELDS) {
        char *behind;
        r->field[r->fields] = (uint32_t)strtoul(text, &behind, 16);
        if (behind == text)
            break;
        r->fields++;
        text = behind;
    }
    return *end ? end + 1 : end;
}

static void print_state(const char *prefix, const struct record *r)
{
    printf("    %s", prefix);
    for (uint32_t i = 0; i < r->fields && i < SUM; i++)
        printf("%s%s %0*x", i == 0 || i == 8 || i == 15 ? (i ? "\n      " : "") : " ", names[i],
               i >= 8 && i != 9 && i < 15 ? 4 : 8, r->field[i]);
    printf("\n");
}

static void print_difference(const struct record r[2])
{
    bool any = false;
    printf("  here they differ:\n");
    for (uint32_t i = 0; i < SUM && r[0].fields == FIELDS && r[1].fields == FIELDS; i++)
        if (r[0].field[i] != r[1].field[i]) {
            printf("    %-6s A %08x  B %08x\n", names[i], r[0].field[i], r[1].field[i]);
            any = true;
        }
    if (!any && r[0].fields == FIELDS && r[1].fields == FIELDS)
        printf("    in CR0\n");
    else if (r[0].fields == 1 && r[1].fields == 1)
        printf("    in memory or the FPU at the section's end: A %08x  B %08x\n", r[0].field[0],
               r[1].field[0]);
    print_state("A: ", &r[0]);
    print_state("B: ", &r[1]);
}

static void side_by_side(const char *a, const char *b)
{
    struct record r[2];
    while (*a || *b) {
        const char *before[2] = {a, b};
        a = next_record(a, &r[0]);
        b = next_record(b, &r[1]);
        size_t len = (size_t)(a - before[0]);
        if (len != (size_t)(b - before[1]) || memcmp(before[0], before[1], len) != 0) {
            if (r[0].fields == 0 && r[1].fields == 0)
                printf("  here they differ:\n    A: %.*s    B: %.*s", (int)len, before[0],
                       (int)(b - before[1]), before[1]);
            else if (!*before[0] || !*before[1])
                printf("  here the console of %s ends\n", *before[0] ? "B" : "A");
            else
                print_difference(r);
            return;
        }
        if (r[0].fields == FIELDS) {
            printf("  both: vector %02x at %04x\n", r[0].field[VECTOR], r[0].field[OFFSET]);
            print_state("", &r[0]);
        } else {
            printf("  both: %.*s", (int)len, before[0]);
        }
    }
}

static bool try_trace(const struct pair *p, const struct choice *c)
{
    struct console out[2];
    duel_run(p, c, 1, true, out);
    const char *text[2] = {out[0].programs ? out[0].program[0] : "",
                           out[1].programs ? out[1].program[0] : ""};
    bool differs = strcmp(text[0], text[1]) != 0;
    if (differs) {
        printf("A: %s\nB: %s\nrecords%s:\n", p->command[0], p->command[1],
               c->note ? ", one more at each atom" : "");
        side_by_side(text[0], text[1]);
    }
    duel_free(out);
    return differs;
}

void trace(const struct pair *p, const struct choice *choice)
{
    struct choice with = *choice;
    with.note = true;
    if (!try_trace(p, &with) && !try_trace(p, choice))
        printf("with records printed there is no difference\n");
}
