/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The page: a table of <details>, so that it works without its script, which only adds a search,
 * a choice of rows and arrow keys. All text goes through html_text(); the runs may come from a file
 * that anybody wrote.
 */
#include "tools/lab/hole/report.h"
#include "tools/lab/hole/translation.h"
#include "tools/lab/html.h"

#include <string.h>

/* From data.asm. */
extern const char hole_css[], hole_js[];
extern const uint32_t hole_css_size, hole_js_size;

/* ---- States --------------------------------------------------------------- */

/* The words of a line each, ended by HOLE_ITEM_COUNT; the list ends with an empty one. */
static const uint8_t lines[][9] = {
    {HOLE_EAX, HOLE_ECX, HOLE_EDX, HOLE_EBX, HOLE_ITEM_COUNT},
    {HOLE_ESP, HOLE_EBP, HOLE_ESI, HOLE_EDI, HOLE_ITEM_COUNT},
    {HOLE_EIP, HOLE_EFLAGS, HOLE_ITEM_COUNT},
    {HOLE_CS, HOLE_SS, HOLE_DS, HOLE_ES, HOLE_FS, HOLE_GS, HOLE_ITEM_COUNT},
    {HOLE_S0, HOLE_S1, HOLE_S2, HOLE_ITEM_COUNT},
    {HOLE_M0, HOLE_M1, HOLE_M2, HOLE_M3, HOLE_ITEM_COUNT},
    {HOLE_CR0, HOLE_CR2, HOLE_CR3, HOLE_CR4, HOLE_ITEM_COUNT},
    {HOLE_GDTB, HOLE_GDTL, HOLE_IDTB, HOLE_IDTL, HOLE_LDTR, HOLE_TR, HOLE_ITEM_COUNT},
    {HOLE_DR0, HOLE_DR7, HOLE_EFER, HOLE_XCR0, HOLE_PIC, HOLE_ITEM_COUNT},
    {HOLE_ITEM_COUNT},
};

/* What is not in OLD, if that is not NULL, is marked. */
static void put_state(const struct hole_state *s, const struct hole_state *old, FILE *to)
{
    char text[160];
    fputs("<pre>", to);
    for (unsigned l = 0; lines[l][0] != HOLE_ITEM_COUNT; l++) {
        for (const uint8_t *i = lines[l]; *i != HOLE_ITEM_COUNT; i++) {
            bool marked = old && !hole_item_same(old, s, *i);
            hole_item_text(*i, s->v[*i], text, sizeof text);
            fputs(marked ? "<mark>" : "<span>", to);
            html_text(to, text);
            fputs(marked ? "</mark>" : "</span>", to);
            fputs(i[1] == HOLE_ITEM_COUNT ? "\n" : "  ", to);
        }
    }
    fputs("</pre>", to);
}

/* ---- A cell --------------------------------------------------------------- */

static void put_bytes(const struct hole_test *t, FILE *to)
{
    for (unsigned i = 0; i < t->length; i++)
        fprintf(to, "%s%02x", i ? " " : "", t->bytes[i]);
}

static void put_result(const struct hole_row *row, const struct hole_test *t, enum hole_ring r,
                       FILE *to)
{
    char text[600];
    const struct hole_result *x = &t->ring[r];
    fputs("<p>Bytes <code>", to);
    put_bytes(t, to);
    fputs("</code>: ", to);
    hole_outcome_text(row, x, text, sizeof text);
    html_text(to, text);
    fputs(". Changed: ", to);
    hole_result_changes(t, r, text, sizeof text);
    html_text(to, text);
    fputs(".</p><p class=\"head\">Before</p>", to);
    put_state(&x->before, NULL, to);
    fputs("<p class=\"head\">After</p>", to);
    put_state(&x->after, &x->before, to);
}

static void native_cell(const struct hole_report *rep, unsigned i, enum hole_ring r, FILE *to)
{
    const struct hole_row *row = &hole_table[i];
    const struct hole_test *t = &rep->runs->native.test[i];
    bool sensitive = row->class && !t->absent && r != HOLE_RING0;
    bool trap = hole_outcome(row, &t->ring[r]) == HOLE_TRAP;
    char cell[32];
    hole_cell(row, &t->ring[r], cell, sizeof cell);
    fprintf(to, "<td class=\"cell %s\"><details><summary>%s",
            !sensitive ? "plain"
            : trap     ? "trap"
                       : "hole",
            sensitive && !trap ? "<span aria-label=\"silently: \">! </span>" : "");
    html_text(to, cell);
    fputs("</summary>", to);
    put_result(row, t, r, to);
    if (!hole_as_manual(row, t, r))
        fputs("<p>Not as the manual says.</p>", to);
    fputs("</details></td>\n", to);
}

static void say_line(void *with, const char *text)
{
    FILE *to = with;
    html_text(to, text);
    fputc('\n', to);
}

static void put_translation(const struct hole_report *rep, const struct hole_test *t,
                            enum hole_ring r, FILE *to)
{
    if (r == HOLE_RING3 && !rep->translated_user) {
        fputs("<p>User code runs directly, as it is.</p>", to);
        return;
    }
    fputs("<p class=\"head\">Translated</p><pre>", to);
    if (!hole_translation(t, (uint8_t)hole_ring_number[r], rep->host, say_line, to))
        fputs("no translation of its own\n", to);
    fputs("</pre>", to);
}

static void guest_cell(const struct hole_report *rep, unsigned i, enum hole_ring r, FILE *to)
{
    static const char *const words[HOLE_MATCHES] = {[HOLE_EQUAL] = "same as bare ring ",
                                                    [HOLE_VIRTUAL] = "not offered",
                                                    [HOLE_KNOWN] = "differs from bare ring ",
                                                    [HOLE_DIFFERS] = "DIFFERS from bare ring "};
    static const char *const looks[HOLE_MATCHES] = {[HOLE_EQUAL] = "equal",
                                                    [HOLE_VIRTUAL] = "plain",
                                                    [HOLE_KNOWN] = "known",
                                                    [HOLE_DIFFERS] = "differs"};
    const struct hole_row *row = &hole_table[i];
    const struct hole_test *n = &rep->runs->native.test[i], *g = &rep->runs->guest.test[i];
    char text[600];
    if (!rep->runs->guest.there) {
        fputs("<td class=\"cell plain\">not run</td>\n", to);
        return;
    }
    enum hole_match m = hole_match(row, n, g, r);
    hole_cell(row, &g->ring[r], text, sizeof text);
    fprintf(to, "<td class=\"cell %s\"><details><summary>", looks[m]);
    html_text(to, text);
    fputs(" <span class=\"class\">(", to);
    if (m == HOLE_VIRTUAL)
        fputs(words[m], to);
    else
        fprintf(to, "%s%u", words[m], hole_ring_number[r]);
    fputs(")</span></summary>", to);
    if (m == HOLE_KNOWN || m == HOLE_DIFFERS) {
        hole_difference(row, &n->ring[r], &g->ring[r], text, sizeof text);
        fputs("<p>Against the bare machine: ", to);
        html_text(to, text);
        fputs(m == HOLE_KNOWN ? "; " : "", to);
        html_text(to, m == HOLE_KNOWN ? row->guest : "");
        fputs(".</p>", to);
    }
    put_translation(rep, n, r, to);
    put_result(row, g, r, to);
    fputs("</details></td>\n", to);
}

/* ---- A row ---------------------------------------------------------------- */

static void put_about(const struct hole_row *row, enum hole_verdict v, FILE *to)
{
    char words[100];
    hole_class_words(row->class, words, sizeof words);
    fputs("<details><summary>", to);
    html_text(to, row->label);
    fprintf(to, "</summary><p>%s: ", words);
    html_text(to, row->why);
    fputs(".</p><p>Guarded by ", to);
    html_text(to, hole_guard_name[row->guard]);
    fputs(".</p><p>On this CPU: ", to);
    html_text(to, hole_verdict_text[v]);
    fputs(".</p><p>Intel SDM Vol. 2, ", to);
    html_text(to, row->name);
    fprintf(to, "%s.</p></details>", row->robin_irvine ? "; Robin and Irvine 2000" : "");
}

static bool any_difference(const struct hole_report *rep, unsigned i)
{
    const struct hole_runs *runs = rep->runs;
    bool differs = false;
    for (enum hole_ring r = 0; runs->guest.there && r < HOLE_RINGS; r++) {
        enum hole_match m =
            hole_match(&hole_table[i], &runs->native.test[i], &runs->guest.test[i], r);
        differs |= m == HOLE_KNOWN || m == HOLE_DIFFERS;
    }
    return differs;
}

static void put_row(const struct hole_report *rep, unsigned i, FILE *to)
{
    const struct hole_row *row = &hole_table[i];
    enum hole_verdict v = hole_judge(row, &rep->runs->native.test[i]);
    char letters[5];
    hole_class_letters(row->class, letters);
    fprintf(to, "<tr id=\"%s\" data-is=\"%s%s%s\" data-name=\"", row->id,
            row->class ? "sensitive" : "neutral", hole_is_hole(v) ? " hole" : "",
            any_difference(rep, i) ? " differs" : "");
    for (const char *c = row->label; *c; c++)
        fputc(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c, to);
    fprintf(to, " %s\"><th scope=\"row\">", row->id);
    put_about(row, v, to);
    fprintf(to, "</th><td class=\"class letters\">%s</td>\n", letters);
    for (enum hole_ring r = 0; r < HOLE_RINGS; r++)
        native_cell(rep, i, r, to);
    guest_cell(rep, i, HOLE_RING0, to);
    guest_cell(rep, i, HOLE_RING3, to);
    fputs("</tr>\n", to);
}

/* ---- The page ------------------------------------------------------------- */

static void put_place(const char *what, const struct hole_run *run, FILE *to)
{
    fprintf(to, "<dt>%s</dt><dd>", what);
    html_text(to, run->place);
    fputs(" (CPU ", to);
    html_text(to, run->vendor);
    fprintf(to, " %x)</dd>", (unsigned)run->signature);
}

static void put_summary(const struct hole_report *rep, FILE *to)
{
    struct hole_sums s;
    hole_sum(rep->runs, &s);
    fputs("<dl>", to);
    put_place("Bare machine", &rep->runs->native, to);
    if (rep->runs->guest.there)
        put_place("Ring1's guest", &rep->runs->guest, to);
    fprintf(to,
            "<dt>The hole</dt><dd>%u of %u sensitive tests run in ring 1 without a trap; %u trap "
            "there</dd>",
            s.holes, s.sensitive, s.traps);
    if (rep->runs->guest.there)
        fprintf(
            to,
            "<dt>Closed</dt><dd>in %u of the %u a guest kernel under Ring1, whose code really "
            "runs in ring %u, saw what the bare ring 0 shows; %u are of what the virtual CPU does "
            "not have</dd>",
            s.closed, s.holes, rep->translated_user ? 3u : 1u, s.hidden);
    fputs("</dl>", to);
}

static void put_head(FILE *to)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<title>The hole in the x86</title>\n<style>\n",
          to);
    fwrite(hole_css, 1, hole_css_size, to);
    fputs("</style></head><body>\n<h1>The hole in the x86</h1>\n"
          "<p>A machine can be virtualized by running guests with less privilege and catching "
          "traps if every <em>sensitive</em> instruction is <em>privileged</em>: if it traps "
          "outside ring 0 (Popek and Goldberg 1974). On the 32-bit x86 many are not. Each row is "
          "one instruction, run on the bare machine in rings 0, 1 and 3, and as a guest of Ring1 "
          "in its kernel and in user code. A cell opens to the bytes, the state before and after, "
          "and Ring1's translation. Cells with <strong>!</strong> ran a sensitive instruction "
          "without a trap.</p>\n",
          to);
}

static void put_tools(FILE *to)
{
    fputs("<p>Classes: C control-sensitive, B behaviour-sensitive, L location-sensitive, M "
          "mode-sensitive.</p>\n"
          "<div class=\"tools\"><label>Find <input id=\"search\" type=\"search\"></label>\n"
          "<label>Show <select id=\"which\"><option value=\"all\">all tests</option>"
          "<option value=\"sensitive\">sensitive ones</option>"
          "<option value=\"hole\">the hole</option>"
          "<option value=\"differs\">what differs under Ring1</option></select></label>\n"
          "<button type=\"button\" id=\"open\">Open all</button>"
          "<button type=\"button\" id=\"close\">Close all</button>\n"
          "<span id=\"shown\" role=\"status\"></span></div>\n",
          to);
}

void hole_print_page(const struct hole_report *rep, FILE *to)
{
    put_head(to);
    put_summary(rep, to);
    put_tools(to);
    fputs("<div class=\"wide\"><table><caption>Enter opens a cell, arrow keys move between "
          "cells.</caption>\n<thead><tr><th scope=\"col\">Instruction</th>"
          "<th scope=\"col\">Class</th><th scope=\"col\">Bare ring 0</th>"
          "<th scope=\"col\">Bare ring 1</th><th scope=\"col\">Bare ring 3</th>"
          "<th scope=\"col\">Ring1 guest kernel</th><th scope=\"col\">Ring1 guest user</th>"
          "</tr></thead>\n<tbody>\n",
          to);
    for (unsigned i = 0; i < HOLE_TESTS; i++) {
        if (rep->chosen[i])
            put_row(rep, i, to);
    }
    fputs("</tbody></table></div>\n<script>\n", to);
    fwrite(hole_js, 1, hole_js_size, to);
    fputs("</script></body></html>\n", to);
}
