/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Line by line: the mark and the check sum first, then a handler by the line's first word.
 */
#include "tools/lab/hole/parse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK      "hole: "
#define LINE_SIZE 2048

struct parser {
    struct hole_runs *runs;
    const char *where;
    enum plan_exit blame;
    struct problem *p;
    unsigned line;
    bool open;  /* in a run */
    bool guest; /* the run is of that kind */
    unsigned tests;
    struct hole_test *test; /* the last one begun */
    unsigned rings;         /* of it that were seen */
    struct hole_state base[HOLE_RINGS];
    struct hole_run run;
};

static bool wrong(struct parser *s, const char *what)
{
    problem_bad(s->p, "%s, line %u: %s", s->where, s->line, what);
    s->p->status = s->blame;
    return false;
}

/* ---- Words ---------------------------------------------------------------- */

/* The next word of *AT, ended by a NUL; "" at the end. */
static const char *word(char **at)
{
    char *start = *at + strspn(*at, " ");
    char *end = start + strcspn(start, " ");
    *at = *end ? end + 1 : end;
    *end = 0;
    return start;
}

static bool hex_number(const char *text, uint32_t *out)
{
    size_t digits = strspn(text, "0123456789abcdef");
    if (digits == 0 || digits > 8 || text[digits])
        return false;
    *out = (uint32_t)strtoul(text, NULL, 16);
    return true;
}

static bool hex_bytes(const char *text, struct hole_test *t)
{
    size_t digits = strspn(text, "0123456789abcdef");
    if (digits == 0 || digits % 2 || digits > 2 * HOLE_INSN_MAX || text[digits])
        return false;
    t->length = (uint8_t)(digits / 2);
    for (unsigned i = 0; i < t->length; i++) {
        const char byte[3] = {text[2 * i], text[2 * i + 1], 0};
        t->bytes[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return true;
}

/* ---- The lines ------------------------------------------------------------ */

static bool take_probe(struct parser *s, char *at)
{
    uint32_t version;
    if (s->open)
        return wrong(s, "a run begins before the one before it has ended");
    if (!hex_number(word(&at), &version))
        return wrong(s, "no version of the probe");
    if (version != HOLE_PROBE_VERSION)
        return wrong(s, "this is of another version of the probe");
    const char *kind = word(&at);
    s->guest = strcmp(kind, "guest") == 0;
    if (!s->guest && strcmp(kind, "native") != 0)
        return wrong(s, "a run that is neither native nor a guest's");
    s->open = true;
    s->tests = 0;
    s->test = NULL;
    memset(&s->run, 0, sizeof s->run);
    return true;
}

static bool take_cpu(struct parser *s, char *at)
{
    if (!hex_number(word(&at), &s->run.signature))
        return wrong(s, "no CPU signature");
    snprintf(s->run.vendor, sizeof s->run.vendor, "%s", word(&at));
    return true;
}

static bool whole_test(struct parser *s)
{
    return !s->test || s->rings == HOLE_RINGS || wrong(s, "a ring's line is missing before it");
}

static bool take_test(struct parser *s, char *at)
{
    if (!whole_test(s))
        return false;
    unsigned i = hole_row_find(word(&at));
    if (i == HOLE_TESTS)
        return wrong(s, "a test that this ring1 does not know");
    s->test = &s->run.test[i];
    if (s->test->there)
        return wrong(s, "a test for the second time");
    if (!hex_bytes(word(&at), s->test))
        return wrong(s, "no instruction bytes");
    s->test->absent = strcmp(word(&at), "absent") == 0;
    s->test->there = true;
    s->rings = 0;
    s->tests++;
    return true;
}

static bool take_item(struct hole_state *s, const char *text)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    for (unsigned i = 0; length && i < HOLE_ITEM_COUNT; i++) {
        if (strlen(hole_item_name[i]) == length && memcmp(hole_item_name[i], text, length) == 0)
            return hex_number(equals + 1, &s->v[i]);
    }
    return false;
}

/* Items up to the word STOP or the line's end. */
static bool take_items(struct hole_state *s, char **at, const char *stop)
{
    for (;;) {
        const char *w = word(at);
        if (strcmp(w, stop) == 0)
            return true;
        if (!take_item(s, w))
            return false;
    }
}

/* "ran before" or "trap VECTOR [ERROR] before". */
static bool take_outcome(struct hole_result *r, char **at)
{
    const char *w = word(at);
    uint32_t vector;
    r->trapped = strcmp(w, "trap") == 0;
    if (!r->trapped)
        return strcmp(w, "ran") == 0 && strcmp(word(at), "before") == 0;
    if (!hex_number(word(at), &vector) || vector > 0xff)
        return false;
    r->vector = (uint8_t)vector;
    w = word(at);
    r->has_error = strcmp(w, "before") != 0;
    return !r->has_error || (hex_number(w, &r->error) && strcmp(word(at), "before") == 0);
}

static bool take_ring(struct parser *s, char *at)
{
    uint32_t number;
    if (!s->test || s->rings == HOLE_RINGS || !hex_number(word(&at), &number) ||
        number != hole_ring_number[s->rings])
        return wrong(s, "a ring's line that does not belong here");
    struct hole_result *r = &s->test->ring[s->rings];
    if (!take_outcome(r, &at))
        return wrong(s, "no outcome that makes sense");
    r->before = s->base[s->rings];
    bool ok = take_items(&r->before, &at, "after");
    r->after = r->before;
    if (!ok || !take_items(&r->after, &at, ""))
        return wrong(s, "a state that makes no sense");
    if (s->tests == 1)
        s->base[s->rings] = r->before;
    s->rings++;
    return true;
}

static bool take_end(struct parser *s, char *at)
{
    uint32_t tests;
    if (!whole_test(s))
        return false;
    if (!hex_number(word(&at), &tests) || tests != s->tests || tests != HOLE_TESTS)
        return wrong(s, "lines are missing: the run has fewer tests than it says or should");
    s->run.there = true;
    s->open = false;
    *(s->guest ? &s->runs->guest : &s->runs->native) = s->run;
    return true;
}

/* ---- Lines out of text ---------------------------------------------------- */

static bool take_line(struct parser *s, char *text)
{
    static const struct {
        const char *name;
        bool (*take)(struct parser *s, char *at);
    } lines[] = {{"cpu", take_cpu}, {"test", take_test}, {"ring", take_ring}, {"end", take_end}};
    const char *name = word(&text);
    if (strcmp(name, "probe") == 0)
        return take_probe(s, text);
    if (!s->open)
        return wrong(s, "the beginning of the probe's run is missing");
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strcmp(name, lines[i].name) == 0)
            return lines[i].take(s, text);
    }
    return wrong(s, "not a line of the probe");
}

/* Cuts " *SSSS" off TEXT. False: it is not there, or not that of TEXT. */
static bool check_sum(char *text)
{
    size_t length = strlen(text);
    uint32_t want;
    uint16_t sum = 0;
    if (length < 6 || memcmp(text + length - 6, " *", 2) != 0 ||
        !hex_number(text + length - 4, &want))
        return false;
    text[length - 6] = 0;
    for (const char *c = text; *c; c++)
        sum = (uint16_t)((sum << 1 | sum >> 15) + (unsigned char)*c);
    return sum == want;
}

/* The text behind the last mark in the LENGTH bytes at LINE; NULL: it is not the probe's. */
static const char *behind_mark(const char *line, size_t length, size_t *rest)
{
    const size_t mark = strlen(MARK);
    for (size_t i = length < mark ? 0 : length - mark + 1; i-- > 0;) {
        if (memcmp(line + i, MARK, mark) == 0) {
            *rest = length - i - mark;
            return line + i + mark;
        }
    }
    return NULL;
}

static bool one_line(struct parser *s, const char *line, size_t length)
{
    char copy[LINE_SIZE];
    size_t rest = 0;
    while (length && isspace((unsigned char)line[length - 1]))
        length--;
    const char *text = behind_mark(line, length, &rest);
    if (!text)
        return true;
    if (rest >= sizeof copy)
        return !s->open || wrong(s, "too long for a line of the probe");
    memcpy(copy, text, rest);
    copy[rest] = 0;
    if (check_sum(copy))
        return take_line(s, copy);
    /* Outside a run it may be anybody's; if it was the first of one, the next will tell. */
    return !s->open || wrong(s, "the check sum is wrong: bytes were lost or changed on the way");
}

bool hole_parse(const char *text, const char *where, enum plan_exit blame, struct hole_runs *r,
                struct problem *p)
{
    struct parser *s = calloc(1, sizeof *s);
    if (!s)
        return problem_host(p, "out of memory");
    *s = (struct parser){.runs = r, .where = where, .blame = blame, .p = p};
    bool ok = true;
    while (ok && *text) {
        size_t length = strcspn(text, "\n");
        s->line++;
        ok = one_line(s, text, length);
        text += length + (text[length] == '\n');
    }
    if (ok && s->open)
        ok = wrong(s, "the run ends here, before the probe's last line");
    free(s);
    return ok;
}
