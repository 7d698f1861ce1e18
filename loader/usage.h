/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the user reads of the command line: the commands, their options and what --help says of
 * them, as tables for glibc's argp. What the options do is in options.c.
 */
#ifndef RING1_LOADER_USAGE_H
#define RING1_LOADER_USAGE_H

#include "loader/options.h"

#include <argp.h>

enum usage_key {
    KEY_OUTPUT = 'o',
    KEY_ON = 256,
    KEY_MEMORY,
    KEY_INITRD,
    KEY_APPEND,
    KEY_CONSOLE,
    KEY_SCREEN,
    KEY_ENGINE,
    KEY_STATS,
    KEY_COUNT,
    KEY_TIMEOUT,
    KEY_HOST_ARGS,
    KEY_VERBOSE,
    KEY_PERF_MAP,
    KEY_JSON,
    KEY_TRACE,
    KEY_TRACE_FILE,
    KEY_NO_CONFINE,
    KEY_GDB,
    KEY_PROFILE,
    KEY_REPEAT,
    KEY_DISK,
    KEY_PORTABLE,
    KEY_ELF,
    KEY_NET,
    KEY_VIRTIO,
};

struct usage_command {
    const char *name;
    const char *program; /* "ring1 NAME", for messages of argp's own */
    const char *doc;
    const char *args; /* NULL: none */
    const struct argp_option *options;
};

/* Indexed by enum command_name; usage_commands_end is behind the last. */
extern const struct usage_command usage_commands[], *const usage_commands_end;
extern const struct argp_option usage_run_options[];
extern const char usage_doc[]; /* of ring1 itself */

#endif
