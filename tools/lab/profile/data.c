/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Line by line: each kind has a function. Counters and samples gather in an interval that is not
 * in D yet; its "t" line puts it there.
 */
#include "tools/lab/profile/data.h"

#include "loader/profilefile.h"

#include <stdlib.h>
#include <string.h>

#define LATEST (1ull << 62) /* ns: more than a century */
#define LINE   1024u

struct reader {
    const char *name;
    unsigned long line;
    struct data *d;
    struct problem *p;
    uint32_t space;
    bool begun, ended;
    uint64_t delta[DATA_COUNTERS]; /* of the interval that is being read; ... */
    uint32_t first;                /* ... its samples are from here on */
};

static bool wrong(const struct reader *r, const char *what)
{
    return problem_bad(r->p, "%s:%lu: %s", r->name, r->line, what);
}

static bool no_memory(const struct reader *r)
{
    return problem_host(r->p, "%s: no memory to read it", r->name);
}

/* The hexadecimal number at *AT, up to a character that is none; *AT goes on behind it. */
static bool take_hex(const char **at, uint64_t most, uint64_t *value)
{
    const char *start = *at;
    *value = 0;
    for (;; ++*at) {
        char c = **at;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                                : 16u;
        if (digit == 16)
            break;
        if (*at - start >= 16)
            return false;
        *value = *value << 4 | digit;
    }
    return *at > start && *value <= most;
}

static bool take_hex32(const char **at, uint32_t *value)
{
    uint64_t wide;
    bool ok = take_hex(at, UINT32_MAX, &wide);
    *value = (uint32_t)wide;
    return ok;
}

static bool take_char(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

/* ---- Kinds of line -------------------------------------------------------------- */

static bool take_begin(struct reader *r, char *rest)
{
    const char *at = rest;
    uint32_t version;
    if (r->begun)
        return wrong(r, "a second profile begins here");
    if (!take_hex32(&at, &version) || *at)
        return wrong(r, "no version of a profile");
    if (version != PLAN_PROFILE_VERSION)
        return wrong(r, "this profile is of another version of Ring1");
    r->begun = true;
    return true;
}

static bool take_names(struct reader *r, char *rest)
{
    struct data *d = r->d;
    char *save;
    if (d->intervals)
        return wrong(r, "names of counters behind the first interval");
    for (char *word = strtok_r(rest, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if (d->counters == DATA_COUNTERS)
            return wrong(r, "too many counters");
        if (strlen(word) > 60)
            return wrong(r, "too long a name of a counter");
        if (data_counter(d, word) >= 0)
            return wrong(r, "two counters of one name");
        d->name[d->counters] = strdup(word);
        if (!d->name[d->counters++])
            return no_memory(r);
    }
    return true;
}

static bool take_counters(struct reader *r, char *rest)
{
    struct data *d = r->d;
    char *save;
    for (char *word = strtok_r(rest, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        const char *at = word;
        uint32_t i;
        uint64_t delta;
        if (!take_hex32(&at, &i) || !take_char(&at, ':') || !take_hex(&at, LATEST, &delta) || *at)
            return wrong(r, "not what is added to a counter");
        if (i >= d->counters)
            return wrong(r, "a counter without a name");
        if (r->delta[i])
            return wrong(r, "the same counter twice in one interval");
        if (d->total[i] + delta > LATEST)
            return wrong(r, "a counter that grows too large");
        r->delta[i] = delta;
    }
    return true;
}

static bool take_mode(const char **at, struct data_sample *s)
{
    static const char modes[WHO_COUNT][3] = {
        [WHO_GUEST] = PLAN_PROFILE_GUEST,
        [WHO_INTERPRETER] = PLAN_PROFILE_INTERPRETER,
        [WHO_MONITOR] = PLAN_PROFILE_MONITOR,
    };
    for (unsigned i = 0; i < WHO_COUNT; i++) {
        if (**at != modes[i][0] && **at != modes[i][1])
            continue;
        s->who = (uint8_t)i;
        s->user = **at == modes[i][1];
        ++*at;
        return true;
    }
    return false;
}

static bool parse_sample(const char *at, struct data_sample *s)
{
    uint32_t back = 0;
    *s = (struct data_sample){.count = 1};
    if (!take_mode(&at, s) || !take_hex32(&at, &s->at))
        return false;
    s->has_block = take_char(&at, '-');
    if (s->has_block && !take_hex32(&at, &back))
        return false;
    s->block = s->at - back;
    if (take_char(&at, '*') && (!take_hex32(&at, &s->count) || !s->count))
        return false;
    return !*at;
}

static bool add_sample(struct reader *r, const struct data_sample *s)
{
    struct data *d = r->d;
    if (d->samples == DATA_SAMPLES)
        return wrong(r, "too many samples");
    if (d->samples == d->sample_room) {
        uint32_t room = d->sample_room ? d->sample_room * 2 : 1024;
        struct data_sample *more = realloc(d->sample, room * sizeof *more);
        if (!more)
            return no_memory(r);
        d->sample = more;
        d->sample_room = room;
    }
    d->sample[d->samples] = *s;
    d->sample[d->samples++].space = s->user ? r->space : 0;
    return true;
}

static bool take_samples(struct reader *r, char *rest)
{
    char *save;
    for (char *word = strtok_r(rest, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        struct data_sample s;
        const char *at = word;
        if (take_char(&at, '@')) {
            if (!take_hex32(&at, &r->space) || *at)
                return wrong(r, "no address space");
            continue;
        }
        if (!parse_sample(word, &s))
            return wrong(r, "no sample");
        if (!add_sample(r, &s))
            return false;
    }
    return true;
}

static bool take_handler(struct reader *r, char *rest)
{
    const char *at = rest;
    if (!take_hex32(&at, &r->d->fault_handler) || *at)
        return wrong(r, "no address");
    return true;
}

static bool add_interval(struct reader *r, const struct data_interval *interval)
{
    struct data *d = r->d;
    if (d->intervals == DATA_INTERVALS)
        return wrong(r, "too many intervals");
    if (d->intervals == d->room) {
        uint32_t room = d->room ? d->room * 2 : 256;
        struct data_interval *more = realloc(d->interval, room * sizeof *more);
        if (!more)
            return no_memory(r);
        d->interval = more;
        d->room = room;
    }
    uint64_t *delta = malloc(sizeof r->delta);
    if (!delta)
        return no_memory(r);
    memcpy(delta, r->delta, sizeof r->delta);
    d->interval[d->intervals] = *interval;
    d->interval[d->intervals++].delta = delta;
    return true;
}

/* Weights are sums of what is at most 2^32 times 2^50, checked as they grow. */
static bool weigh(struct reader *r, const struct data_interval *i)
{
    for (uint32_t n = i->first; n < i->first + i->samples; n++) {
        uint64_t weight;
        if (__builtin_mul_overflow(i->period, (uint64_t)r->d->sample[n].count, &weight) ||
            weight > LATEST || (r->d->weight += weight) > LATEST)
            return wrong(r, "more samples than time");
    }
    return true;
}

static bool take_interval(struct reader *r, char *rest)
{
    struct data *d = r->d;
    const char *at = rest;
    struct data_interval i = {.first = r->first, .samples = d->samples - r->first};
    if (!take_hex(&at, LATEST, &i.start) || !take_char(&at, ' ') ||
        !take_hex(&at, LATEST, &i.end) || !take_char(&at, ' ') ||
        !take_hex(&at, LATEST, &i.period) || *at || !i.period)
        return wrong(r, "no interval of time");
    if (i.end < i.start || (d->intervals && i.start < d->interval[d->intervals - 1].end))
        return wrong(r, "an interval that ends before it begins, or before the last one");
    if (!weigh(r, &i) || !add_interval(r, &i))
        return false;
    for (unsigned n = 0; n < d->counters; n++)
        d->total[n] += r->delta[n];
    memset(r->delta, 0, sizeof r->delta);
    r->first = d->samples;
    return true;
}

static bool take_end(struct reader *r, char *rest)
{
    if (*rest)
        return wrong(r, "no end of a profile");
    r->ended = r->d->complete = true;
    return true;
}

/* "profile run NAME VALUE": names that are not known are a later version's. */
static bool take_run(struct reader *r, char *rest)
{
    struct data_run *run = &r->d->run;
    const struct {
        const char *name;
        char *to;
        size_t size;
    } rows[] = {
        {"kernel", run->kernel, sizeof run->kernel},
        {"append", run->append, sizeof run->append},
        {"on", run->on, sizeof run->on},
        {"engine", run->engine, sizeof run->engine},
        {"memory", run->memory, sizeof run->memory},
        {"end", run->end, sizeof run->end},
    };
    char *value = strchr(rest, ' ');
    if (!value)
        return true;
    *value++ = 0;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rest, rows[i].name) == 0)
            snprintf(rows[i].to, rows[i].size, "%s", value);
    }
    return true;
}

/* ---- All of them ------------------------------------------------------------------ */

static const struct {
    const char *kind;
    bool (*take)(struct reader *r, char *rest);
} kinds[] = {
    {"run", take_run},   {"begin", take_begin}, {"n", take_names},    {"c", take_counters},
    {"s", take_samples}, {"i", take_handler},   {"t", take_interval}, {"end", take_end},
};

/* LINE is its own copy, printable, without its end. */
static bool take_line(struct reader *r, char *line)
{
    const size_t mark = sizeof PLAN_PROFILE_MARK - 1;
    if (strncmp(line, PLAN_PROFILE_MARK, mark) != 0)
        return wrong(r, r->line == 1 ? "this is no profile of `ring1 run --profile'"
                                     : "not a line of a profile");
    char *kind = line + mark, *rest = strchr(kind, ' ');
    if (rest)
        *rest++ = 0;
    else
        rest = kind + strlen(kind);
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kind, kinds[i].kind) != 0)
            continue;
        if (i > 1 && !r->begun)
            return wrong(r, "a profile that does not begin");
        if (i > 0 && r->ended)
            return wrong(r, "more behind the profile's end");
        return kinds[i].take(r, rest);
    }
    return wrong(r, "not a line of a profile");
}

static bool take_text(struct reader *r, const struct blob *text)
{
    char line[LINE];
    const char *at = (const char *)text->data, *end = at + text->size;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline)
            return true; /* it was being written */
        size_t length = (size_t)(newline - at);
        r->line++;
        if (length >= sizeof line)
            return wrong(r, "too long a line");
        memcpy(line, at, length);
        line[length] = 0;
        if (strlen(line) != length)
            return wrong(r, "a byte of 0, which is no text");
        problem_make_printable(line);
        if (!take_line(r, line))
            return false;
        at = newline + 1;
    }
    return true;
}

bool data_parse(const char *name, const struct blob *text, struct data *d, struct problem *p)
{
    struct reader r = {.name = name, .d = d, .p = p};
    memset(d, 0, sizeof *d);
    if (!take_text(&r, text))
        return false;
    d->samples = r.first; /* of finished intervals */
    if (d->intervals)
        return true;
    r.line += !r.line;
    return wrong(&r, r.begun ? "the profile ends before its first interval"
                             : "this is no profile of `ring1 run --profile'");
}

void data_free(struct data *d)
{
    for (unsigned i = 0; i < d->counters; i++)
        free(d->name[i]);
    for (uint32_t i = 0; i < d->intervals; i++)
        free(d->interval[i].delta);
    free(d->interval);
    free(d->sample);
    memset(d, 0, sizeof *d);
}

int data_counter(const struct data *d, const char *name)
{
    for (unsigned i = 0; i < d->counters; i++) {
        if (d->name[i] && strcmp(d->name[i], name) == 0)
            return (int)i;
    }
    return -1;
}

uint64_t data_total(const struct data *d, const char *name)
{
    int i = data_counter(d, name);
    return i < 0 ? 0 : d->total[i];
}

uint64_t data_delta(const struct data *d, uint32_t interval, const char *name)
{
    int i = data_counter(d, name);
    return i < 0 ? 0 : d->interval[interval].delta[i];
}
