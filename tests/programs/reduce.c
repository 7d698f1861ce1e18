/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Delta debugging over atoms (reduce.h): ever smaller parts are left out, or kept alone, as long as
 * the two machines still differ. Read trace.c next.
 */
#include "tests/programs/reduce.h"

#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/programs/duel.h"
#include "tests/programs/trace.h"

struct search {
    const struct pair *pair;
    struct choice choice; /* with what is dropped so far */
    uint8_t *dropped;
    uint32_t atoms;
    uint32_t *kept, nkept; /* the atoms that are left, in order */
    uint32_t images;
};

static void list_kept(struct search *s)
{
    s->nkept = 0;
    for (uint32_t i = 0; i < s->atoms; i++)
        if (!s->dropped[i])
            s->kept[s->nkept++] = i;
}

/* One candidate: of N parts the part I alone, or all but it. */
static void candidate(const struct search *s, struct choice *c, uint32_t i, uint32_t n, bool alone)
{
    uint8_t *dropped = malloc(s->atoms);
    if (!dropped)
        error(3, errno, "memory");
    memcpy(dropped, s->dropped, s->atoms);
    for (uint32_t k = 0; k < s->nkept; k++) {
        bool inside = (uint64_t)k * n / s->nkept == i;
        if (inside != alone)
            dropped[s->kept[k]] = 1;
    }
    *c = s->choice;
    c->dropped = dropped;
}

/* Tries all candidates of N parts; true if one was taken. */
static bool step(struct search *s, uint32_t n)
{
    uint32_t count = n > 2 ? 2 * n : n;
    struct choice *c = calloc(count, sizeof(*c));
    if (!c)
        error(3, errno, "memory");
    for (uint32_t i = 0; i < count; i++)
        candidate(s, &c[i], i % n, n, i < n);
    int found = duel(s->pair, c, count);
    s->images++;
    if (found >= 0)
        memcpy(s->dropped, c[found].dropped, s->atoms);
    for (uint32_t i = 0; i < count; i++)
        free((void *)(uintptr_t)c[i].dropped);
    free(c);
    if (found >= 0)
        list_kept(s);
    return found >= 0;
}

static void search(struct search *s)
{
    uint32_t n = 2;
    while (s->nkept > 1) {
        if (n > s->nkept)
            n = s->nkept;
        if (step(s, n))
            n = n > 3 ? n - 1 : 2;
        else if (n == s->nkept)
            return;
        else
            n *= 2;
        fprintf(stderr, "%u atoms left\n", s->nkept);
    }
}

int reduce(const struct pair *p, const struct choice *choice)
{
    struct search s = {.pair = p, .choice = *choice, .atoms = program_atoms(choice)};
    s.dropped = calloc(1, s.atoms);
    s.kept = calloc(s.atoms, sizeof(*s.kept));
    if (!s.dropped || !s.kept)
        error(3, errno, "memory");
    s.choice.dropped = s.dropped;
    if (duel(p, &s.choice, 1) < 0) {
        printf("seed %u: no difference\n", choice->seed);
        free(s.dropped);
        free(s.kept);
        return 0;
    }
    s.choice.once = true; /* runs of a section but the first are left out, too, if they can be */
    if (duel(p, &s.choice, 1) < 0)
        s.choice.once = false;
    list_kept(&s);
    search(&s);
    printf("seed %u: reduced from %u atoms to %u (%u images)\n", choice->seed, s.atoms, s.nkept,
           s.images);
    program_list(&s.choice);
    trace(p, &s.choice);
    free(s.dropped);
    free(s.kept);
    return 1;
}
