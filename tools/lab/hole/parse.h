/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the probe printed, in memory: text in, runs out. The text may come from a serial line, with
 * other lines between the probe's and with bytes lost; nothing of it is believed before its check
 * sum is right and the whole run is there.
 *
 * A line is "hole: TEXT *SSSS" (probe/line.inc has the sum); numbers are hexadecimal. A run is
 *     probe VERSION native|guest
 *     cpu SIGNATURE VENDOR
 *     test ID BYTES [absent]        for each test, and behind it for rings 0, 1 and 3
 *     ring RING ran|trap VECTOR [ERROR] before ITEM=VALUE ... after ITEM=VALUE ...
 *     end TESTS
 * where "before" has what differs from the first test's in the same ring, which has all of it, and
 * "after" what differs from "before".
 */
#ifndef RING1_HOLE_PARSE_H
#define RING1_HOLE_PARSE_H

#include "loader/problem.h"
#include "tools/lab/hole/table.h"

#define HOLE_PROBE_VERSION 1u
#define HOLE_INSN_MAX      15u

struct hole_result {
    bool trapped; /* by an exception or through a gate; else it ran to the next instruction */
    bool has_error;
    uint8_t vector;
    uint32_t error;
    struct hole_state before, after;
};

struct hole_test {
    bool there;  /* the run had it */
    bool absent; /* the CPU's CPUID does not offer it; it was run all the same */
    uint8_t length, bytes[HOLE_INSN_MAX];
    struct hole_result ring[HOLE_RINGS];
};

struct hole_run {
    bool there;         /* it is whole */
    uint32_t signature; /* CPUID leaf 1, EAX */
    char vendor[13];
    char place[64]; /* where it ran, for people; the caller's to fill in */
    struct hole_test test[HOLE_TESTS];
};

struct hole_runs {
    struct hole_run native, guest;
};

/* Puts the whole runs of TEXT in their places in R, the last of a kind; others stay as they were.
 * False: a run is damaged or cut short, or is another version's; P says which line of WHERE and
 * takes its status from BLAME. TEXT without a run is no error. */
bool hole_parse(const char *text, const char *where, enum plan_exit blame, struct hole_runs *r,
                struct problem *p);

#endif
