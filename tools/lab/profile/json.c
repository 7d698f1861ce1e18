/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * By jansson. Addresses are texts like "0xc1000000", all else that counts is a number. jansson's
 * setters take NULL for a failure and pass it on; the last object is the one that tells.
 */
#include "tools/lab/profile/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *address(uint32_t at)
{
    return json_sprintf("0x%08x", at);
}

/* Bytes that are no UTF-8 would be refused. */
static json_t *text(const char *s)
{
    json_t *j = json_string(s);
    char *copy = j ? NULL : strdup(s);
    for (char *c = copy; c && *c; c++) {
        if (*c & 0x80)
            *c = '?';
    }
    if (copy)
        j = json_string(copy);
    free(copy);
    return j;
}

static json_t *run(const struct data *d)
{
    const struct data_run *r = &d->run;
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "kernel", text(r->kernel), "append",
                     text(r->append), "on", text(r->on), "engine", text(r->engine), "memory_mib",
                     number(strtoull(r->memory, NULL, 10)), "end", text(r->end));
}

static json_t *parts(const uint64_t part[PARTS])
{
    static const char *const names[PARTS] = {
        [PART_USER] = "user",
        [PART_KERNEL] = "kernel",
        [PART_INTERPRETER] = "interpreter",
        [PART_TRANSLATOR] = "translator",
        [PART_MONITOR] = "monitor",
        [PART_ASLEEP] = "asleep",
    };
    json_t *j = json_object();
    for (unsigned i = 0; i < PARTS; i++)
        json_object_set_new(j, names[i], number(part[i]));
    return j;
}

static json_t *counters(const struct data *d, const uint64_t *value, bool zeros)
{
    json_t *j = json_object();
    for (unsigned i = 0; i < d->counters; i++) {
        if (value[i] || zeros)
            json_object_set_new(j, d->name[i], number(value[i]));
    }
    return j;
}

static json_t *interval(const struct sum *sum, uint32_t n)
{
    const struct data_interval *i = &sum->data->interval[n];
    uint64_t samples = 0;
    for (uint32_t s = i->first; s < i->first + i->samples; s++)
        samples += sum->data->sample[s].count;
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "start_ns", number(i->start), "end_ns",
                     number(i->end), "period_ns", number(i->period), "samples", number(samples),
                     "time_ns", parts(sum->time[n]), "counters",
                     counters(sum->data, i->delta, false));
}

static json_t *who(const uint64_t count[WHO_COUNT])
{
    return json_pack("{s:o,s:o,s:o}", "guest", number(count[WHO_GUEST]), "interpreter",
                     number(count[WHO_INTERPRETER]), "monitor", number(count[WHO_MONITOR]));
}

/* Where there is none the value is null. */
static json_t *space(bool user, uint32_t cr3)
{
    return user && cr3 ? address(cr3) : json_null();
}

static json_t *symbol_name(const struct symbol *symbol, uint32_t offset)
{
    char name[SUM_NAME];
    sum_name(symbol, offset, name);
    return symbol ? text(name) : json_null();
}

static json_t *over_time(const struct sum *sum, const struct place *p)
{
    json_t *j = json_array();
    uint64_t *count = calloc(sum->data->intervals + 1, sizeof *count);
    for (uint32_t i = p->first; count && i < p->first + p->refs; i++)
        count[sum->ref[i].interval] += sum->data->sample[sum->ref[i].sample].count;
    for (uint32_t i = 0; count && i < sum->data->intervals; i++) {
        if (count[i])
            json_array_append_new(j, json_pack("[o,o]", number(i), number(count[i])));
    }
    free(count);
    return j;
}

static json_t *place(const struct sum *sum, const struct place *p)
{
    return json_pack("{s:o,s:o,s:o,s:s,s:o,s:b,s:o,s:o,s:o}", "address", address(p->start),
                     "hottest", address(p->hottest), "symbol", symbol_name(p->symbol, p->offset),
                     "level", p->user ? "user" : "kernel", "space", space(p->user, p->space),
                     "translated", p->translated, "samples", who(p->count), "time_ns",
                     number(p->weight), "over_time", over_time(sum, p));
}

static json_t *function(const struct function *f)
{
    return json_pack("{s:o,s:s,s:o,s:o,s:o}", "symbol", symbol_name(f->symbol, 0), "level",
                     f->user ? "user" : "kernel", "space", space(f->user && !f->symbol, f->space),
                     "samples", who(f->count), "time_ns", number(f->weight));
}

static json_t *symbols(const struct symbols *s)
{
    if (!s->from)
        return json_null();
    return json_pack("{s:s,s:o,s:o,s:b}", "from", s->from, "count", number(s->count), "slide",
                     address(s->slide), "doubtful", s->doubtful);
}

static json_t *lists(const struct sum *sum, json_t *j)
{
    json_t *intervals = json_array(), *places = json_array(), *functions = json_array();
    for (uint32_t i = 0; i < sum->data->intervals; i++)
        json_array_append_new(intervals, interval(sum, i));
    for (uint32_t i = 0; i < sum->functions; i++)
        json_array_append_new(functions, function(&sum->function[i]));
    for (uint32_t i = 0; i < sum->places; i++)
        json_array_append_new(places, place(sum, &sum->place[i]));
    json_object_set_new(j, "functions", functions);
    json_object_set_new(j, "blocks", places);
    json_object_set_new(j, "intervals", intervals);
    return j;
}

char *json_make(const struct sum *sum)
{
    const struct data *d = sum->data;
    json_t *j = json_pack("{s:i,s:o,s:b,s:o,s:o,s:o,s:o,s:o}", "ring1_profile", 1, "run", run(d),
                          "complete", d->complete, "symbols", symbols(sum->symbols), "time_ns",
                          parts(sum->part), "samples", number(sum->samples), "sampled_ns",
                          number(d->weight), "counters", counters(d, d->total, true));
    char *out = j ? json_dumps(lists(sum, j), JSON_INDENT(1)) : NULL;
    json_decref(j);
    char *line = out ? realloc(out, strlen(out) + 2) : NULL;
    return line ? strcat(line, "\n") : NULL;
}
