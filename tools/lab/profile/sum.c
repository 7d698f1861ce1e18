/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Samples are sorted by place, and those of one place are then a run. A sample without a block,
 * because the monitor or the interpreter was at work there, belongs to the block that others were
 * seen in as far behind its start.
 */
#define _GNU_SOURCE /* qsort_r */
#include "tools/lab/profile/sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Time -------------------------------------------------------------------------- */

static void count_guest(const struct data *d, const struct data_interval *i, uint64_t *user,
                        uint64_t *kernel)
{
    *user = *kernel = 0;
    for (uint32_t n = i->first; n < i->first + i->samples; n++) {
        if (d->sample[n].who == WHO_GUEST)
            *(d->sample[n].user ? user : kernel) += d->sample[n].count;
    }
}

static void divide_time(const struct data *d, uint32_t n, uint64_t part[PARTS])
{
    const struct data_interval *i = &d->interval[n];
    uint64_t user, kernel, direct = data_delta(d, n, "time.user.ns");
    uint64_t guest = direct + data_delta(d, n, "time.tc.ns"), known = guest;
    count_guest(d, i, &user, &kernel);
    if (user + kernel)
        part[PART_USER] = (uint64_t)((unsigned __int128)guest * user / (user + kernel));
    else
        part[PART_USER] = direct;
    part[PART_KERNEL] = guest - part[PART_USER];
    part[PART_INTERPRETER] = data_delta(d, n, "time.interp.ns");
    part[PART_TRANSLATOR] = data_delta(d, n, "time.translate.ns");
    part[PART_ASLEEP] = data_delta(d, n, "time.idle.ns");
    known += part[PART_INTERPRETER] + part[PART_TRANSLATOR] + part[PART_ASLEEP];
    part[PART_MONITOR] = i->end - i->start > known ? i->end - i->start - known : 0;
}

static bool make_times(struct sum *sum)
{
    const struct data *d = sum->data;
    sum->time = calloc(d->intervals + 1, sizeof *sum->time);
    for (uint32_t i = 0; sum->time && i < d->intervals; i++) {
        divide_time(d, i, sum->time[i]);
        for (unsigned n = 0; n < PARTS; n++)
            sum->part[n] += sum->time[i][n];
    }
    return sum->time != NULL;
}

/* ---- Places ------------------------------------------------------------------------ */

/* A block that samples were seen in. */
struct seen {
    uint32_t start, space, reach;
    bool user;
};

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_start(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int by = compare(x->user, y->user);
    by = by ? by : compare(x->space, y->space);
    return by ? by : compare(x->start, y->start);
}

/* The blocks of all samples, each once, with the farthest place in it. */
static struct seen *find_blocks(const struct data *d, uint32_t *count)
{
    uint32_t n = 0, kept = 0;
    struct seen *seen = calloc(d->samples + 1, sizeof *seen);
    for (uint32_t i = 0; seen && i < d->samples; i++) {
        const struct data_sample *s = &d->sample[i];
        if (s->has_block)
            seen[n++] = (struct seen){s->block, s->space, s->at - s->block, s->user};
    }
    if (!seen)
        return NULL;
    qsort(seen, n, sizeof *seen, by_start);
    for (uint32_t i = 0; i < n; i++) {
        if (kept && by_start(&seen[kept - 1], &seen[i]) == 0)
            seen[kept - 1].reach =
                seen[i].reach > seen[kept - 1].reach ? seen[i].reach : seen[kept - 1].reach;
        else
            seen[kept++] = seen[i];
    }
    *count = kept;
    return seen;
}

static struct ref make_ref(const struct data *d, const struct seen *seen, uint32_t nseen,
                           uint32_t sample, uint32_t interval)
{
    const struct data_sample *s = &d->sample[sample];
    struct seen key = {.start = s->at, .space = s->space, .user = s->user};
    struct ref r = {sample, interval, s->block, s->space, s->user, s->has_block};
    uint32_t lo = 0, hi = nseen;
    if (s->has_block)
        return r;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (by_start(&seen[mid], &key) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct seen *b = lo ? &seen[lo - 1] : NULL;
    r.translated = b && b->user == s->user && b->space == s->space && s->at - b->start <= b->reach;
    r.start = r.translated ? b->start : s->at & ~(SUM_LINE - 1);
    return r;
}

static int by_place(const void *a, const void *b, void *with)
{
    const struct data *d = with;
    const struct ref *x = a, *y = b;
    int by = compare(x->user, y->user);
    by = by ? by : compare(x->space, y->space);
    by = by ? by : compare(x->start, y->start);
    by = by ? by : compare(x->translated, y->translated);
    by = by ? by : compare(d->sample[x->sample].at, d->sample[y->sample].at);
    return by ? by : compare(x->sample, y->sample);
}

static bool make_refs(struct sum *sum)
{
    const struct data *d = sum->data;
    uint32_t nseen = 0, n = 0;
    struct seen *seen = find_blocks(d, &nseen);
    sum->ref = calloc(d->samples + 1, sizeof *sum->ref);
    for (uint32_t i = 0; seen && sum->ref && i < d->intervals; i++) {
        for (uint32_t s = 0; s < d->interval[i].samples; s++, n++)
            sum->ref[n] = make_ref(d, seen, nseen, d->interval[i].first + s, i);
    }
    free(seen);
    if (!seen || !sum->ref)
        return false;
    qsort_r(sum->ref, d->samples, sizeof *sum->ref, by_place, (void *)d);
    return true;
}

static bool same_place(const struct ref *a, const struct place *p)
{
    return a->user == p->user && a->space == p->space && a->start == p->start &&
           a->translated == p->translated;
}

static uint64_t weight_of(const struct data *d, const struct ref *r)
{
    return d->sample[r->sample].count * d->interval[r->interval].period;
}

/* REF is the next of the place's samples, which come in the order of their addresses. */
static void add_to_place(struct sum *sum, struct place *p, const struct ref *r, uint64_t *here,
                         uint64_t *most)
{
    const struct data_sample *s = &sum->data->sample[r->sample];
    bool other = !p->refs || sum->data->sample[r[-1].sample].at != s->at;
    *here = other ? s->count : *here + s->count;
    if (*here > *most) {
        *most = *here;
        p->hottest = s->at;
    }
    p->refs++;
    p->count[s->who] += s->count;
    p->weight += weight_of(sum->data, r);
}

static int by_weight(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int by = compare(y->weight, x->weight);
    return by ? by : compare(x->first, y->first);
}

static bool make_places(struct sum *sum)
{
    const struct data *d = sum->data;
    struct place *p = NULL;
    uint64_t here = 0, most = 0;
    sum->place = calloc(d->samples + 1, sizeof *sum->place);
    for (uint32_t i = 0; sum->place && i < d->samples; i++) {
        const struct ref *r = &sum->ref[i];
        if (!p || !same_place(r, p)) {
            p = &sum->place[sum->places++];
            *p = (struct place){r->start, r->space, .user = r->user, .translated = r->translated,
                                .first = i};
            most = 0;
        }
        add_to_place(sum, p, r, &here, &most);
    }
    for (uint32_t i = 0; i < sum->places; i++)
        sum->place[i].symbol =
            symbols_find(sum->symbols, sum->place[i].hottest, &sum->place[i].offset);
    if (sum->place)
        qsort(sum->place, sum->places, sizeof *sum->place, by_weight);
    return sum->place != NULL;
}

/* ---- Functions --------------------------------------------------------------------- */

static void add_to_function(struct function *f, const struct data *d, const struct ref *r)
{
    const struct data_sample *s = &d->sample[r->sample];
    f->count[s->who] += s->count;
    f->weight += weight_of(d, r);
}

static int function_by_weight(const void *a, const void *b)
{
    const struct function *x = a, *y = b;
    int by = compare(y->weight, x->weight);
    by = by ? by : compare(x->symbol ? x->symbol->address : 0, y->symbol ? y->symbol->address : 0);
    by = by ? by : compare(x->user, y->user);
    return by ? by : compare(x->space, y->space);
}

/* With a symbol a function is found by its place in the table; without, the samples of one address
 * space come one behind the other. */
static bool make_functions(struct sum *sum)
{
    const struct data *d = sum->data;
    uint32_t offset, *known = calloc(sum->symbols->count + 1, sizeof *known);
    struct function *other = NULL;
    sum->function = calloc(d->samples + 1, sizeof *sum->function);
    for (uint32_t i = 0; known && sum->function && i < d->samples; i++) {
        const struct ref *r = &sum->ref[i];
        const struct symbol *symbol = symbols_find(sum->symbols, d->sample[r->sample].at, &offset);
        uint32_t *at = symbol ? &known[symbol - sum->symbols->symbol] : NULL;
        bool new = symbol ? !*at : !other || other->user != r->user || other->space != r->space;
        if (new) {
            sum->function[sum->functions] = (struct function){symbol, r->user, r->space, {0}, 0};
            if (symbol)
                *at = sum->functions + 1;
            else
                other = &sum->function[sum->functions];
            sum->functions++;
        }
        add_to_function(symbol ? &sum->function[*at - 1] : other, d, r);
    }
    bool ok = known && sum->function;
    free(known);
    if (ok)
        qsort(sum->function, sum->functions, sizeof *sum->function, function_by_weight);
    return ok;
}

bool sum_make(const struct data *d, const struct symbols *s, struct sum *sum)
{
    *sum = (struct sum){.data = d, .symbols = s};
    for (uint32_t i = 0; i < d->samples; i++)
        sum->samples += d->sample[i].count;
    return make_times(sum) && make_refs(sum) && make_places(sum) && make_functions(sum);
}

void sum_free(struct sum *sum)
{
    free(sum->time);
    free(sum->ref);
    free(sum->place);
    free(sum->function);
    memset(sum, 0, sizeof *sum);
}

void sum_name(const struct symbol *symbol, uint32_t offset, char out[SUM_NAME])
{
    out[0] = 0;
    if (symbol && offset)
        snprintf(out, SUM_NAME, "%s+%#x", symbol->name, offset);
    else if (symbol)
        snprintf(out, SUM_NAME, "%s", symbol->name);
}
