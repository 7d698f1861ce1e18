/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows are kept as text and as JSON side by side, so that both tell the same.
 */
#define _GNU_SOURCE /* vasprintf */
#include "loader/sheet.h"

#include "loader/problem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void sheet_begin(struct sheet *s, const char *title, const char *key, bool list)
{
    if (s->count == SHEET_SECTIONS) {
        s->failed = true;
        return;
    }
    s->section[s->count++] = (struct sheet_section){
        .title = title, .key = key, .json = list ? json_array() : json_object()};
}

static void set_json(struct sheet *s, struct sheet_section *at, const char *name, json_t *value)
{
    char key[100];
    snprintf(key, sizeof key, "%s", name);
    for (char *c = key; *c; c++) {
        if (*c == ' ')
            *c = '_';
    }
    int failed = json_is_array(at->json) ? json_array_append_new(at->json, value)
                                         : json_object_set_new(at->json, key, value);
    s->failed |= failed != 0;
}

static bool grow(struct sheet_section *at)
{
    struct sheet_row *row = realloc(at->row, (at->count + 1) * sizeof *row);
    if (row)
        at->row = row;
    return row != NULL;
}

void sheet_add(struct sheet *s, const char *name, json_t *value, const char *format, ...)
{
    struct sheet_section *at = &s->section[s->count - 1];
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0)
        text = NULL;
    va_end(ap);
    set_json(s, at, name, value);
    if (!text || !grow(at)) {
        free(text);
        s->failed = true;
        return;
    }
    problem_make_printable(text);
    struct sheet_row *row = &at->row[at->count++];
    row->text = text;
    snprintf(row->name, sizeof row->name, "%s", name);
}

/* A guest's or file's bytes need not be UTF-8, which JSON wants. */
void sheet_text(struct sheet *s, const char *name, const char *text)
{
    json_t *value = json_string(text);
    sheet_add(s, name, value ? value : json_string("?"), "%s", text);
}

void sheet_number(struct sheet *s, const char *name, unsigned long long value)
{
    sheet_add(s, name, json_integer((json_int_t)value), "%llu", value);
}

void sheet_hex(struct sheet *s, const char *name, unsigned long long value)
{
    sheet_add(s, name, json_integer((json_int_t)value), "%#llx", value);
}

static void print_section(const struct sheet_section *at, FILE *to)
{
    size_t width = 0;
    for (unsigned i = 0; i < at->count; i++) {
        if (strlen(at->row[i].name) > width)
            width = strlen(at->row[i].name);
    }
    fprintf(to, "%s\n", at->title);
    for (unsigned i = 0; i < at->count; i++)
        fprintf(to, "  %-*s  %s\n", (int)width, at->row[i].name, at->row[i].text);
}

bool sheet_print(const struct sheet *s, FILE *to)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (i)
            fputc('\n', to);
        print_section(&s->section[i], to);
    }
    return fflush(to) == 0 && !ferror(to) && !s->failed;
}

bool sheet_print_json(const struct sheet *s, FILE *to)
{
    json_t *all = json_object();
    bool ok = all && !s->failed;
    for (unsigned i = 0; ok && i < s->count; i++)
        ok = json_object_set(all, s->section[i].key, s->section[i].json) == 0;
    ok = ok && json_dumpf(all, to, JSON_INDENT(2)) == 0 && fputc('\n', to) != EOF;
    json_decref(all);
    return fflush(to) == 0 && ok;
}

void sheet_free(struct sheet *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        for (unsigned j = 0; j < s->section[i].count; j++)
            free(s->section[i].row[j].text);
        free(s->section[i].row);
        json_decref(s->section[i].json);
    }
    *s = (struct sheet){0};
}
