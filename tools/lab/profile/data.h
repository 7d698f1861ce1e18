/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A profile as numbers: the lines of `ring1 run --profile' come in (plan.h describes them), checked
 * counters and samples by interval go out. Whoever wrote the file is a stranger.
 */
#ifndef RING1_TOOLS_LAB_PROFILE_DATA_H
#define RING1_TOOLS_LAB_PROFILE_DATA_H

#include "loader/input.h"

#include <stdint.h>

#define DATA_COUNTERS  256u
#define DATA_INTERVALS 65536u
#define DATA_SAMPLES   (1u << 20)

enum data_who { WHO_GUEST, WHO_INTERPRETER, WHO_MONITOR, WHO_COUNT };

struct data_sample {
    uint32_t at, block; /* linear addresses; block counts if has_block */
    uint32_t space;     /* CR3, of user code with paging; else 0 */
    uint32_t count;
    uint8_t who; /* enum data_who */
    bool user, has_block;
};

struct data_interval {
    uint64_t start, end, period; /* ns; each sample stands for one period */
    uint32_t first, samples;     /* in data->sample */
    uint64_t *delta;             /* one a counter */
};

/* What ran, as the loader said: "" for what it did not. */
struct data_run {
    char kernel[100], append[600], on[40], engine[40], memory[40], end[400];
};

struct data {
    struct data_run run;
    unsigned counters;
    char *name[DATA_COUNTERS];
    uint64_t total[DATA_COUNTERS];
    uint32_t intervals, samples;
    uint32_t room, sample_room;
    struct data_interval *interval;
    struct data_sample *sample;
    uint64_t weight;        /* of all samples, in ns */
    uint32_t fault_handler; /* where the guest's IDT led at last for a page fault; 0: unknown */
    bool complete;          /* the monitor wrote its last line */
};

/* Reads TEXT, the content of NAME, into D. False, with NAME, line and reason in P: it is no
 * profile, or one with a line that cannot be. An interval that was not finished is left out. In
 * both cases data_free is the caller's to call. */
bool data_parse(const char *name, const struct blob *text, struct data *d, struct problem *p);
void data_free(struct data *d);

/* The index of counter NAME, or -1; its total, 0 if there is none of that name. */
int data_counter(const struct data *d, const char *name);
uint64_t data_total(const struct data *d, const char *name);

/* What was added in INTERVAL. */
uint64_t data_delta(const struct data *d, uint32_t interval, const char *name);

#endif
