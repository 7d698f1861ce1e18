/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * `ring1 run --profile': where the guest's time goes, while it goes. Every PROFILE_PERIOD_NS the
 * place at which the guest stands is noted, and every PROFILE_INTERVAL_NS these samples and what
 * was added to each counter since the last time go to the log, in the lines that plan.h describes.
 * Both times double after PROFILE_INTERVALS intervals, so that a run of a week says no more than
 * some megabytes. A VM that is not profiled has no struct profile, and each place that feeds it
 * costs one test of that pointer, at exits of guest code and not within it. Of one that is, an exit
 * costs a comparison of two times that are known anyway: there may be a million exits a second.
 */
#ifndef RING1_PROFILE_H
#define RING1_PROFILE_H

#include "monitor/vm.h"

/* A sample costs 10 us in a process and 120 us on QEMU, most of it the timer's interrupt. It must
 * not keep step with a guest's own timer, of 1, 4 or 10 ms. */
#define PROFILE_PERIOD_NS   3701000ull
#define PROFILE_INTERVAL_NS 100000000ull
#define PROFILE_INTERVALS   512u

/* Who ran when a sample was taken. */
enum profile_who {
    PROFILE_GUEST,       /* guest code, directly or translated */
    PROFILE_INTERPRETER, /* the interpreter, because nothing else can run this code */
    PROFILE_MONITOR,     /* the monitor, for the guest that stands there */
};

/* Notes that vm is to be profiled. False: no memory. */
bool profile_create(struct vm *vm);

/* The guest starts now: says so in the log, with the names of the counters. */
void profile_begin(struct vm *vm);

/* Is a sample due at vm->now_ns? */
static inline bool profile_due(const struct vm *vm)
{
    return vm->profile && vm->now_ns >= vm->sample_ns;
}

/* Takes the sample that is due: WHO ran, V stands at its eip; BLOCK is the start of the translated
 * block that was left, or 0. One that stands for several periods counts as so many. */
void profile_sample(struct vcpu *v, enum profile_who who, uint32_t block);

/* Before guest code runs, with the monitor's work done: samples due by vm->now_ns are the
 * monitor's. DEADLINE or the time of the next sample, whichever is sooner. */
uint64_t profile_arm(struct vm *vm, uint64_t deadline);

/* The guest was asleep for NS, in which no samples are taken. */
void profile_slept(struct vm *vm, uint64_t ns);

/* Logs the interval if it is over. */
void profile_service(struct vm *vm);

/* The guest has ended and vm->stats is final: logs what is left. */
void profile_end(struct vm *vm);

#endif
