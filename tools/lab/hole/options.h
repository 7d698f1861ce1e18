/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command line of `ring1 lab hole', checked.
 */
#ifndef RING1_HOLE_OPTIONS_H
#define RING1_HOLE_OPTIONS_H

#include "loader/emulator.h"
#include "tools/lab/hole/table.h"

#define HOLE_READ_MAX 4u

struct hole_options {
    const struct emulator *on;   /* what the guest's Ring1 runs on */
    const struct emulator *bare; /* where the probe runs without it */
    const char *iso, *html;      /* NULL: not given */
    const char *read[HOLE_READ_MAX];
    unsigned reads;
    uint32_t timeout;
    bool json;
    bool any_chosen; /* tests were named; else all are chosen */
    bool chosen[HOLE_TESTS];
};

bool hole_options_parse(int argc, char **argv, struct hole_options *o, struct problem *p);

#endif
