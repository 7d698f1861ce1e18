/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Comparisons and their names. Ring 1 is held against ring 0 by a row's one word (its view), since
 * selectors and stacks differ by themselves; a guest is held against the bare machine by all words.
 */
#include "tools/lab/hole/judge.h"

#include <stdio.h>
#include <string.h>

const char *const hole_verdict_name[HOLE_VERDICTS] = {
    [HOLE_NOT_SENSITIVE] = "not-sensitive", [HOLE_NOT_OFFERED] = "not-offered",
    [HOLE_ALWAYS_TRAPS] = "always-traps",   [HOLE_TRAPS] = "traps",
    [HOLE_SILENT_OTHER] = "silent-other",   [HOLE_SILENT_REAL] = "silent-real",
};

const char *const hole_verdict_text[HOLE_VERDICTS] = {
    [HOLE_NOT_SENSITIVE] = "not sensitive: any ring may run it",
    [HOLE_NOT_OFFERED] = "this CPU does not have it",
    [HOLE_ALWAYS_TRAPS] = "traps in ring 0, too",
    [HOLE_TRAPS] = "traps in ring 1: a monitor could do for the guest what ring 0 does",
    [HOLE_SILENT_OTHER] =
        "the hole: ring 1 runs it without a trap, and not to the same effect as ring 0",
    [HOLE_SILENT_REAL] =
        "the hole: ring 1 runs it without a trap, on the real machine instead of a virtual one",
};

const char *const hole_match_name[HOLE_MATCHES] = {
    [HOLE_EQUAL] = "equal",
    [HOLE_VIRTUAL] = "not-offered",
    [HOLE_KNOWN] = "known-difference",
    [HOLE_DIFFERS] = "differs",
};

enum hole_outcome hole_outcome(const struct hole_row *row, const struct hole_result *r)
{
    if (!r->trapped)
        return HOLE_RAN;
    return row->gate && r->vector == row->gate ? HOLE_GATE : HOLE_TRAP;
}

static bool traps(const struct hole_row *row, const struct hole_test *t, enum hole_ring r)
{
    return hole_outcome(row, &t->ring[r]) == HOLE_TRAP;
}

static uint32_t base(const struct hole_state *s)
{
    return s->v[HOLE_M0] >> 16 | s->v[HOLE_M1] << 16;
}

uint32_t hole_view_value(const struct hole_row *row, const struct hole_state *s)
{
    const uint32_t flags = s->v[HOLE_EFLAGS];
    switch (row->view) {
    case HOLE_VIEW_NONE:
        return 0;
    case HOLE_VIEW_IF:
        return (flags & HOLE_IF) != 0;
    case HOLE_VIEW_IOPL:
        return (flags & HOLE_IOPL_3) >> 12;
    case HOLE_VIEW_ZF:
        return (flags & HOLE_ZF) != 0;
    case HOLE_VIEW_BASE:
        return base(s);
    default:
        return s->v[row->view - HOLE_VIEW_ITEM];
    }
}

enum hole_verdict hole_judge(const struct hole_row *row, const struct hole_test *native)
{
    const struct hole_result *zero = &native->ring[HOLE_RING0], *one = &native->ring[HOLE_RING1];
    if (!row->class)
        return HOLE_NOT_SENSITIVE;
    if (native->absent)
        return HOLE_NOT_OFFERED;
    if (traps(row, native, HOLE_RING1))
        return traps(row, native, HOLE_RING0) ? HOLE_ALWAYS_TRAPS : HOLE_TRAPS;
    return hole_view_value(row, &zero->after) == hole_view_value(row, &one->after)
               ? HOLE_SILENT_REAL
               : HOLE_SILENT_OTHER;
}

bool hole_as_manual(const struct hole_row *row, const struct hole_test *native, enum hole_ring r)
{
    return native->absent || traps(row, native, r) == (row->traps >> r & 1);
}

/* Is word I one that a row's instruction leaves as it likes? */
static bool may_differ(const struct hole_row *row, const struct hole_state *a,
                       const struct hole_state *b, enum hole_item i)
{
    if (i == HOLE_EAX && !((a->v[i] ^ b->v[i]) & ~row->undefined))
        return true;
    return row->ignore >> i & 1;
}

static bool same_states(const struct hole_row *row, const struct hole_state *a,
                        const struct hole_state *b)
{
    for (unsigned i = 0; i < HOLE_ITEM_COUNT; i++) {
        if (!hole_item_same(a, b, i) && !may_differ(row, a, b, i))
            return false;
    }
    return true;
}

static bool same_results(const struct hole_row *row, const struct hole_result *a,
                         const struct hole_result *b)
{
    return a->trapped == b->trapped && a->vector == b->vector && a->has_error == b->has_error &&
           a->error == b->error && same_states(row, &a->after, &b->after);
}

enum hole_match hole_match(const struct hole_row *row, const struct hole_test *native,
                           const struct hole_test *guest, enum hole_ring r)
{
    if (guest->absent && !native->absent)
        return HOLE_VIRTUAL;
    if (same_results(row, &native->ring[r], &guest->ring[r]))
        return HOLE_EQUAL;
    return row->guest ? HOLE_KNOWN : HOLE_DIFFERS;
}

void hole_sum(const struct hole_runs *runs, struct hole_sums *s)
{
    memset(s, 0, sizeof *s);
    for (unsigned i = 0; i < HOLE_TESTS; i++) {
        const struct hole_row *row = &hole_table[i];
        const struct hole_test *native = &runs->native.test[i], *guest = &runs->guest.test[i];
        enum hole_verdict v = hole_judge(row, native);
        s->sensitive += row->class != 0;
        s->offered += row->class && v != HOLE_NOT_OFFERED;
        s->holes += hole_is_hole(v);
        s->traps += v == HOLE_TRAPS;
        s->always += v == HOLE_ALWAYS_TRAPS;
        if (!runs->guest.there)
            continue;
        for (enum hole_ring r = 0; r < HOLE_RINGS; r++)
            s->match[r][hole_match(row, native, guest, r)]++;
        enum hole_match kernel = hole_match(row, native, guest, HOLE_RING0);
        s->closed += hole_is_hole(v) && kernel == HOLE_EQUAL;
        s->hidden += hole_is_hole(v) && kernel == HOLE_VIRTUAL;
    }
}

/* ---- Texts ---------------------------------------------------------------- */

static void vector_name(uint8_t vector, char out[8])
{
    static const char *const names[] = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD",
                                        "#NM", "#DF", "#9",  "#TS", "#NP", "#SS", "#GP",
                                        "#PF", "#15", "#MF", "#AC", "#MC", "#XM"};
    if (vector < sizeof names / sizeof names[0])
        snprintf(out, 8, "%s", names[vector]);
    else
        snprintf(out, 8, "#%xh", vector);
}

static void trap_text(const struct hole_result *r, char *out, size_t size)
{
    char name[8];
    vector_name(r->vector, name);
    if (r->has_error)
        snprintf(out, size, "%s(%x)", name, (unsigned)r->error);
    else
        snprintf(out, size, "%s", name);
}

void hole_cell(const struct hole_row *row, const struct hole_result *r, char *out, size_t size)
{
    static const char *const names[] = {[HOLE_VIEW_IF] = "IF",
                                        [HOLE_VIEW_IOPL] = "IOPL",
                                        [HOLE_VIEW_ZF] = "ZF",
                                        [HOLE_VIEW_BASE] = "base"};
    unsigned value = (unsigned)hole_view_value(row, &r->after);
    switch (hole_outcome(row, r)) {
    case HOLE_TRAP:
        trap_text(r, out, size);
        break;
    case HOLE_GATE:
        snprintf(out, size, "gate %x", r->vector);
        break;
    case HOLE_RAN:
        if (row->view == HOLE_VIEW_NONE)
            snprintf(out, size, "ran");
        else if (row->view < HOLE_VIEW_ITEM)
            snprintf(out, size, "%s=%x", names[row->view], value);
        else
            snprintf(out, size, "%s=%x", hole_item_name[row->view - HOLE_VIEW_ITEM], value);
        break;
    }
}

void hole_outcome_text(const struct hole_row *row, const struct hole_result *r, char *out,
                       size_t size)
{
    char trap[24];
    switch (hole_outcome(row, r)) {
    case HOLE_TRAP:
        trap_text(r, trap, sizeof trap);
        snprintf(out, size, "trapped: %s", trap);
        break;
    case HOLE_GATE:
        snprintf(out, size, "went through gate %xh", r->vector);
        break;
    case HOLE_RAN:
        snprintf(out, size, "ran");
        break;
    }
}

void hole_result_changes(const struct hole_test *t, enum hole_ring r, char *out, size_t size)
{
    const struct hole_result *x = &t->ring[r];
    uint32_t eip = x->before.v[HOLE_EIP];
    hole_changes(&x->before, &x->after, x->trapped ? eip : eip + t->length, out, size);
}

void hole_difference(const struct hole_row *row, const struct hole_result *native,
                     const struct hole_result *guest, char *out, size_t size)
{
    char a[40], b[40];
    if (native->trapped != guest->trapped || native->vector != guest->vector ||
        native->error != guest->error) {
        hole_outcome_text(row, native, a, sizeof a);
        hole_outcome_text(row, guest, b, sizeof b);
        snprintf(out, size, "bare machine %s, guest %s", a, b);
        return;
    }
    struct hole_state want = native->after;
    for (unsigned i = 0; i < HOLE_ITEM_COUNT; i++) {
        if (may_differ(row, &native->after, &guest->after, i))
            want.v[i] = guest->after.v[i];
    }
    hole_changes(&want, &guest->after, want.v[HOLE_EIP], out, size);
}
