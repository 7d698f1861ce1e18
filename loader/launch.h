/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One run of a guest: from a plan in a temporary directory to the end of the emulator.
 * Terminal, child process and descriptors are as before when launch_run returns.
 */
#ifndef RING1_LOADER_LAUNCH_H
#define RING1_LOADER_LAUNCH_H

#include "loader/emulator.h"
#include "loader/relay.h"

struct launch_order {
    const struct emulator *on;
    struct launch machine;           /* .port is launch_run's to fill in */
    const char *host_args;           /* more arguments for the emulator, "" if none */
    const char *console_file;        /* NULL: standard input and output */
    const struct screenfile *screen; /* for Ctrl-A s */
    struct gdbline *gdb;             /* open, or as gdbline_none leaves it */
    bool trace;                      /* the plan asks for trace lines */
    const char *trace_file;          /* for them; NULL: standard error */
    uint32_t timeout;                /* seconds from now; 0: none */
    int signals;                     /* from relay_signals */
};

/* False: the emulator was never started, P says why. */
bool launch_run(struct launch_order *o, struct relay_result *result, struct problem *p);

#endif
