/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a report tells, from a profile and the names of its addresses: where the time went in each
 * interval, and which code was running, by block and by function. Says nothing of how it is shown.
 */
#ifndef RING1_TOOLS_LAB_PROFILE_SUM_H
#define RING1_TOOLS_LAB_PROFILE_SUM_H

#include "tools/lab/profile/data.h"
#include "tools/lab/profile/symbols.h"

/* The parts of all time. Guest code's own is divided by the samples of the interval, the others are
 * what the counters say; the monitor's is the rest. */
enum part {
    PART_USER,
    PART_KERNEL,
    PART_INTERPRETER,
    PART_TRANSLATOR,
    PART_MONITOR,
    PART_ASLEEP,
    PARTS
};

/* A sample at its place. */
struct ref {
    uint32_t sample, interval;
    uint32_t start, space; /* of its place */
    bool user, translated;
};

/*
 * A translated block, or SUM_LINE bytes of code that has none: user code that runs directly, what
 * is interpreted.
 */
#define SUM_LINE 64u
struct place {
    uint32_t start, space;
    bool user, translated;
    uint32_t hottest; /* the address in it with the most samples */
    uint64_t count[WHO_COUNT], weight;
    uint32_t first, refs;        /* its samples, in sum->ref */
    const struct symbol *symbol; /* at the hottest address; NULL: none */
    uint32_t offset;             /* ... and how far in */
};

/* The samples within one symbol; without one, those of one address space. */
struct function {
    const struct symbol *symbol; /* NULL: none */
    bool user;
    uint32_t space;
    uint64_t count[WHO_COUNT], weight;
};

struct sum {
    const struct data *data;
    const struct symbols *symbols;
    uint64_t (*time)[PARTS]; /* ns, by interval */
    uint64_t part[PARTS];    /* ns, of all */
    uint64_t samples;        /* counts of all samples added up */
    struct ref *ref;
    struct place *place;
    struct function *function;
    uint32_t places, functions; /* each sorted by weight, heaviest first */
};

/* False: no memory. D and S outlive SUM, which is sum_free's in both cases. */
bool sum_make(const struct data *d, const struct symbols *s, struct sum *sum);
void sum_free(struct sum *sum);

/* Where an address belongs to by name: "do_idle+0x1c", or "" without a symbol. */
#define SUM_NAME 300
void sum_name(const struct symbol *symbol, uint32_t offset, char out[SUM_NAME]);

#endif
