/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A column ends with the first interval that reaches the next of COLUMNS_MOST equal steps of time.
 */
#include "tools/lab/profile/columns.h"

#include <stdlib.h>
#include <string.h>

bool columns_make(const struct data *d, struct columns *c)
{
    uint64_t start = d->interval[0].start, end = d->interval[d->intervals - 1].end;
    double step = (double)(end - start) / COLUMNS_MOST;
    memset(c, 0, sizeof *c);
    c->of = calloc(d->intervals, sizeof *c->of);
    if (!c->of)
        return false;
    c->edge[0] = (double)start / 1e9;
    for (uint32_t i = 0; i < d->intervals; i++) {
        c->of[i] = c->count;
        double past = (double)(d->interval[i].end - start);
        bool last = i + 1 == d->intervals;
        c->edge[c->count + 1] = (double)d->interval[i].end / 1e9;
        if (!last && c->count + 1 < COLUMNS_MOST && past > 0 &&
            past >= (c->count + 1) * step * 0.999)
            c->count++;
    }
    c->count++;
    return true;
}

void columns_free(struct columns *c)
{
    free(c->of);
    memset(c, 0, sizeof *c);
}

static double width(const struct columns *c, unsigned n)
{
    double w = c->edge[n + 1] - c->edge[n];
    return w > 0 ? w : 1e-9;
}

/* Sums become sums a second. */
static void divide(const struct columns *c, double factor, double out[COLUMNS_MOST])
{
    for (unsigned n = 0; n < c->count; n++)
        out[n] *= factor / width(c, n);
}

void columns_rate(const struct columns *c, const struct data *d, int index,
                  double out[COLUMNS_MOST])
{
    memset(out, 0, COLUMNS_MOST * sizeof *out);
    for (uint32_t i = 0; index >= 0 && i < d->intervals; i++)
        out[c->of[i]] += (double)d->interval[i].delta[index];
    divide(c, 1, out);
}

void columns_part(const struct columns *c, const struct sum *sum, enum part part,
                  double out[COLUMNS_MOST])
{
    memset(out, 0, COLUMNS_MOST * sizeof *out);
    for (uint32_t i = 0; i < sum->data->intervals; i++)
        out[c->of[i]] += (double)sum->time[i][part];
    divide(c, 100 / 1e9, out);
}

void columns_place(const struct columns *c, const struct sum *sum, const struct place *place,
                   double out[COLUMNS_MOST])
{
    const struct data *d = sum->data;
    memset(out, 0, COLUMNS_MOST * sizeof *out);
    for (uint32_t i = place->first; i < place->first + place->refs; i++) {
        const struct ref *r = &sum->ref[i];
        out[c->of[r->interval]] +=
            (double)d->sample[r->sample].count * (double)d->interval[r->interval].period;
    }
    divide(c, 100 / 1e9, out);
}
