/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the runs mean: which instructions are the hole on the CPU that ran natively, where it is not
 * what the manual says, and whether a guest under Ring1 saw what the bare machine shows.
 */
#ifndef RING1_HOLE_JUDGE_H
#define RING1_HOLE_JUDGE_H

#include "tools/lab/hole/parse.h"

/* How it ended: by an exception, through the gate that it is meant to take, or with the next
 * instruction. */
enum hole_outcome { HOLE_RAN, HOLE_GATE, HOLE_TRAP };
enum hole_outcome hole_outcome(const struct hole_row *row, const struct hole_result *r);

/* Of a test on the bare machine, as one who wants to run a kernel in ring 1 sees it. */
enum hole_verdict {
    HOLE_NOT_SENSITIVE,
    HOLE_NOT_OFFERED,  /* the CPU does not have it */
    HOLE_ALWAYS_TRAPS, /* in ring 0, too */
    HOLE_TRAPS,        /* in ring 1: a monitor can do what ring 0 would */
    HOLE_SILENT_OTHER, /* runs in ring 1, and does or shows something else than in ring 0 */
    HOLE_SILENT_REAL,  /* runs in ring 1 as in ring 0, on the real machine and not a virtual one */
    HOLE_VERDICTS
};
enum hole_verdict hole_judge(const struct hole_row *row, const struct hole_test *native);
extern const char *const hole_verdict_name[HOLE_VERDICTS]; /* a word for JSON */
extern const char *const hole_verdict_text[HOLE_VERDICTS]; /* a sentence */

static inline bool hole_is_hole(enum hole_verdict v)
{
    return v == HOLE_SILENT_OTHER || v == HOLE_SILENT_REAL;
}

/* Does the bare machine trap where the manual says, and only there? */
bool hole_as_manual(const struct hole_row *row, const struct hole_test *native, enum hole_ring r);

/* A guest's result against the bare machine's in the same ring. */
enum hole_match {
    HOLE_EQUAL,
    HOLE_VIRTUAL, /* the virtual CPU does not offer it, and says so by CPUID */
    HOLE_KNOWN,   /* differs, and the table says why */
    HOLE_DIFFERS,
    HOLE_MATCHES
};
enum hole_match hole_match(const struct hole_row *row, const struct hole_test *native,
                           const struct hole_test *guest, enum hole_ring r);
extern const char *const hole_match_name[HOLE_MATCHES];

/* The sums over all tests. */
struct hole_sums {
    unsigned sensitive, offered, holes, traps, always;
    unsigned match[HOLE_RINGS][HOLE_MATCHES];
    unsigned closed; /* holes whose guest result in virtual ring 0 is the bare ring 0's */
    unsigned hidden; /* holes that the virtual CPU does not offer */
};
void hole_sum(const struct hole_runs *runs, struct hole_sums *s);

/* The view's value of a row in a state: the word that a table shows. 0 if there is none. */
uint32_t hole_view_value(const struct hole_row *row, const struct hole_state *s);

/* A result in up to 24 characters: "#GP(10)", "gate 32", "IF=0", "ran". */
void hole_cell(const struct hole_row *row, const struct hole_result *r, char *out, size_t size);

/* The outcome in words: "trapped: #GP(10)", "went through gate 32", "ran". */
void hole_outcome_text(const struct hole_row *row, const struct hole_result *r, char *out,
                       size_t size);

/* What changed from before to after, or the outcome's exception; no more than that. */
void hole_result_changes(const struct hole_test *t, enum hole_ring r, char *out, size_t size);

/* How a guest's result differs from the bare machine's, for HOLE_KNOWN and HOLE_DIFFERS. */
void hole_difference(const struct hole_row *row, const struct hole_result *native,
                     const struct hole_result *guest, char *out, size_t size);

#endif
