/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The terminal's forms: a line a test, or a paragraph a test. What differs is told in words below
 * the table, so that nothing depends on colours.
 */
#include "tools/lab/hole/report.h"
#include "tools/lab/hole/translation.h"

#include <string.h>

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

static void put(FILE *to, bool colour, const char *code, const char *format, const char *text)
{
    if (colour && code)
        fputs(code, to);
    fprintf(to, format, text);
    if (colour && code)
        fputs(PLAIN, to);
}

static void native_cell(const struct hole_row *row, const struct hole_test *t, enum hole_ring r,
                        bool colour, FILE *to)
{
    char cell[32], shown[40];
    enum hole_verdict v = hole_judge(row, t);
    bool sensitive = row->class && !t->absent;
    bool trap = hole_outcome(row, &t->ring[r]) == HOLE_TRAP;
    bool silent = sensitive && r != HOLE_RING0 && !trap;
    hole_cell(row, &t->ring[r], cell, sizeof cell);
    snprintf(shown, sizeof shown, "%c %s", silent ? '!' : ' ', cell);
    const char *code = NULL;
    if (sensitive && r == HOLE_RING1)
        code = hole_is_hole(v) ? RED : GREEN;
    put(to, colour, code, " %-16.16s", shown);
}

static void guest_cell(const struct hole_report *rep, unsigned i, enum hole_ring r, bool colour,
                       FILE *to)
{
    static const char *const words[HOLE_MATCHES] = {[HOLE_EQUAL] = "same",
                                                    [HOLE_VIRTUAL] = "no such",
                                                    [HOLE_KNOWN] = "differs*",
                                                    [HOLE_DIFFERS] = "DIFFERS"};
    static const char *const codes[HOLE_MATCHES] = {
        [HOLE_EQUAL] = GREEN, [HOLE_KNOWN] = YELLOW, [HOLE_DIFFERS] = RED};
    const struct hole_runs *runs = rep->runs;
    if (!runs->guest.there) {
        fputs(r == HOLE_RING3 ? " -" : " -       ", to);
        return;
    }
    enum hole_match m = hole_match(&hole_table[i], &runs->native.test[i], &runs->guest.test[i], r);
    put(to, colour, codes[m], r == HOLE_RING3 ? " %s" : " %-8s", words[m]);
}

static void print_row(const struct hole_report *rep, unsigned i, bool colour, FILE *to)
{
    const struct hole_row *row = &hole_table[i];
    const struct hole_test *t = &rep->runs->native.test[i];
    char letters[5];
    hole_class_letters(row->class, letters);
    fprintf(to, "%-25s%s", row->label, letters);
    for (enum hole_ring r = 0; r < HOLE_RINGS; r++)
        native_cell(row, t, r, colour, to);
    guest_cell(rep, i, HOLE_RING0, colour, to);
    guest_cell(rep, i, HOLE_RING3, colour, to);
    fputc('\n', to);
}

static void print_differences(const struct hole_report *rep, FILE *to)
{
    const struct hole_runs *runs = rep->runs;
    char text[400];
    for (unsigned i = 0; runs->guest.there && i < HOLE_TESTS; i++) {
        const struct hole_row *row = &hole_table[i];
        const struct hole_test *n = &runs->native.test[i], *g = &runs->guest.test[i];
        for (enum hole_ring r = 0; rep->chosen[i] && r < HOLE_RINGS; r++) {
            enum hole_match m = hole_match(row, n, g, r);
            if (m != HOLE_KNOWN && m != HOLE_DIFFERS)
                continue;
            hole_difference(row, &n->ring[r], &g->ring[r], text, sizeof text);
            fprintf(to, "  %s in virtual ring %u: %s%s%s\n", row->label, hole_ring_number[r], text,
                    m == HOLE_KNOWN ? "\n      " : "", m == HOLE_KNOWN ? row->guest : "");
        }
    }
}

static void print_sums(const struct hole_report *rep, FILE *to)
{
    struct hole_sums s;
    hole_sum(rep->runs, &s);
    fprintf(to,
            "\n%u of %u sensitive tests run in ring 1 without a trap: they are the hole.\n%u trap "
            "there, %u in ring 0, too",
            s.holes, s.sensitive, s.traps, s.always);
    if (s.offered < s.sensitive)
        fprintf(to, ";\n%u are of what this CPU does not have", s.sensitive - s.offered);
    fprintf(to, ".\n");
    if (!rep->runs->guest.there)
        return;
    fprintf(to,
            "Under Ring1 the guest's kernel, whose code really runs in ring %u, saw what the bare "
            "ring 0 shows\nin %u of the %u; %u are of what the virtual CPU does not have.\n",
            rep->translated_user ? 3u : 1u, s.closed, s.holes, s.hidden);
    for (enum hole_ring r = 0; r < HOLE_RINGS; r++)
        fprintf(to, "Virtual ring %u: %u tests the same, %u of what it does not have, %u differ.\n",
                hole_ring_number[r], s.match[r][HOLE_EQUAL], s.match[r][HOLE_VIRTUAL],
                s.match[r][HOLE_KNOWN] + s.match[r][HOLE_DIFFERS]);
    print_differences(rep, to);
}

static void print_manual(const struct hole_report *rep, FILE *to)
{
    char text[48];
    for (unsigned i = 0; i < HOLE_TESTS; i++) {
        const struct hole_test *t = &rep->runs->native.test[i];
        for (enum hole_ring r = 0; rep->chosen[i] && r < HOLE_RINGS; r++) {
            if (hole_as_manual(&hole_table[i], t, r))
                continue;
            hole_outcome_text(&hole_table[i], &t->ring[r], text, sizeof text);
            fprintf(to, "Not as the manual says: %s in ring %u %s.\n", hole_table[i].label,
                    hole_ring_number[r], text);
        }
    }
}

static void print_heading(bool colour, FILE *to)
{
    char text[120];
    snprintf(text, sizeof text, "%-31s%-51s%s\n", "", "the bare machine in", "Ring1's guest");
    put(to, colour, BOLD, "%s", text);
    snprintf(text, sizeof text, "%-25s%-7s%-17s%-17s%-15s%-9s%s\n", "instruction", "class",
             "ring 0", "ring 1", "ring 3", "kernel", "user");
    put(to, colour, BOLD, "%s", text);
}

void hole_print_table(const struct hole_report *rep, bool colour, FILE *to)
{
    const struct hole_runs *runs = rep->runs;
    fprintf(to, "Bare machine: %s (%s %x)\n", runs->native.place, runs->native.vendor,
            (unsigned)runs->native.signature);
    if (runs->guest.there)
        fprintf(to, "Ring1's guest: %s (%s %x)\n", runs->guest.place, runs->guest.vendor,
                (unsigned)runs->guest.signature);
    fprintf(to, "\n");
    print_heading(colour, to);
    for (unsigned i = 0; i < HOLE_TESTS; i++) {
        if (rep->chosen[i])
            print_row(rep, i, colour, to);
    }
    fprintf(to, "\nC control-sensitive, B behaviour-sensitive, L of location, M of mode (Popek and "
                "Goldberg 1974)\n"
                "!  sensitive, and runs without a trap\n"
                "same, differs: from the bare machine in that ring, in all registers, tables and "
                "memory\n");
    print_sums(rep, to);
    print_manual(rep, to);
}

/* ---- Details -------------------------------------------------------------- */

struct indented {
    FILE *to;
    const char *name;
};

static void say_line(void *with, const char *text)
{
    struct indented *x = with;
    fprintf(x->to, "  %-14s %s\n", x->name, text);
    x->name = "";
}

static void print_result(const char *name, const struct hole_row *row, const struct hole_test *t,
                         enum hole_ring r, FILE *to)
{
    char outcome[48], changes[600];
    hole_outcome_text(row, &t->ring[r], outcome, sizeof outcome);
    hole_result_changes(t, r, changes, sizeof changes);
    fprintf(to, "  %-6s ring %u  %s; changed: %s\n", name, hole_ring_number[r], outcome, changes);
}

static void print_bytes(const struct hole_test *t, FILE *to)
{
    for (unsigned i = 0; i < t->length; i++)
        fprintf(to, " %02x", t->bytes[i]);
}

static void print_test(const struct hole_report *rep, unsigned i, FILE *to)
{
    const struct hole_row *row = &hole_table[i];
    const struct hole_test *n = &rep->runs->native.test[i], *g = &rep->runs->guest.test[i];
    struct indented x = {to, "translated"};
    char words[100];
    hole_class_words(row->class, words, sizeof words);
    fprintf(to, "%s [%s] ", row->label, row->id);
    print_bytes(n, to);
    fprintf(to, "\n  %s: %s\n  guarded by %s\n", words, row->why, hole_guard_name[row->guard]);
    fprintf(to, "  Intel SDM Vol. 2, %s%s\n", row->name,
            row->robin_irvine ? "; Robin and Irvine 2000" : "");
    fprintf(to, "  %s\n", hole_verdict_text[hole_judge(row, n)]);
    for (enum hole_ring r = 0; r < HOLE_RINGS; r++)
        print_result("bare", row, n, r, to);
    for (enum hole_ring r = 0; rep->runs->guest.there && r < HOLE_RINGS; r++)
        print_result("guest", row, g, r, to);
    hole_translation(n, 0, rep->host, say_line, &x);
}

void hole_print_details(const struct hole_report *rep, FILE *to)
{
    bool first = true;
    for (unsigned i = 0; i < HOLE_TESTS; i++) {
        if (!rep->chosen[i])
            continue;
        if (!first)
            fputc('\n', to);
        print_test(rep, i, to);
        first = false;
    }
    print_differences(rep, to);
}
