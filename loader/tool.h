/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A helper program of a run, such as grub-mkrescue: started in the temporary directory and
 * waited for under the same watch for signals and time-out as an emulator.
 */
#ifndef RING1_LOADER_TOOL_H
#define RING1_LOADER_TOOL_H

#include "loader/command.h"
#include "loader/relay.h"
#include "loader/tempdir.h"

struct tool_place {
    const struct tempdir *dir; /* its working directory and TMPDIR */
    int null, errors;          /* its input; its output and errors */
    int signals;               /* from relay_signals */
    uint64_t deadline;         /* as relay_now; 0: none */
};

/* Runs C to its end. True with RESULT->end other than RELAY_CHILD_ENDED: the user or the clock
 * has ended it. False: it could not be started, or failed (it "could not make the boot image"). */
bool tool_run(const struct command *c, const struct tool_place *place, struct relay_result *result,
              struct problem *p);

#endif
