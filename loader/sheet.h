/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Facts about something, for a person or a program to read: sections of named values go in, an
 * aligned text or JSON comes out. Knows nothing of what the values mean.
 */
#ifndef RING1_LOADER_SHEET_H
#define RING1_LOADER_SHEET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct sheet_row {
    char name[48];
    char *text;
};

/* A section of which every row is one thing of a kind is an array in JSON: its names are for
 * people. */
struct sheet_section {
    const char *title, *key;
    json_t *json;
    unsigned count;
    struct sheet_row *row;
};

#define SHEET_SECTIONS 8

struct sheet {
    unsigned count;
    struct sheet_section section[SHEET_SECTIONS];
    bool failed; /* out of memory: printing says so */
};

/* Begins a section: TITLE for people, KEY for JSON; LIST makes it an array. All three outlive S. */
void sheet_begin(struct sheet *s, const char *title, const char *key, bool list);

/* Adds a row to the last section: NAME, VALUE (taken over), and what people read. The key in JSON
 * is NAME with '_' for blanks. */
void sheet_add(struct sheet *s, const char *name, json_t *value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Shorthands: a text, a plain number, and a number that people read in hexadecimal. */
void sheet_text(struct sheet *s, const char *name, const char *text);
void sheet_number(struct sheet *s, const char *name, unsigned long long value);
void sheet_hex(struct sheet *s, const char *name, unsigned long long value);

/* False: out of memory, or TO takes no more. Control characters are printed as '?'. */
bool sheet_print(const struct sheet *s, FILE *to);
bool sheet_print_json(const struct sheet *s, FILE *to);
void sheet_free(struct sheet *s);

#endif
