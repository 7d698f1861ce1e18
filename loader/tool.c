/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * command_start and relay_run, with nobody at the console.
 */
#include "loader/tool.h"

/* A boot image holds the guest's initrd; the disk is the user's. */
#define MAX_IMAGE_BYTES (8ull << 30)

bool tool_run(const struct command *c, const struct tool_place *place, struct relay_result *result,
              struct problem *p)
{
    struct command_place at = {
        .directory = place->dir->path,
        .in = place->null,
        .out = place->errors,
        .err = place->errors,
        .max_file = MAX_IMAGE_BYTES,
        .tmpdir = place->dir->path,
    };
    pid_t child = command_start(c, &at, p);
    if (child < 0)
        return false;
    struct relay relay = {
        .child = child,
        .guest = -1,
        .control = -1,
        .in = -1,
        .out = -1,
        .signals = place->signals,
        .deadline = place->deadline,
    };
    result->end = relay_run(&relay, &result->signal, &result->status);
    if (result->end != RELAY_CHILD_ENDED)
        command_kill(child);
    else if (result->status != 0)
        return problem_host(p, "%s could not make the boot image", c->arg[0]);
    return true;
}
