/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Programs that the loader starts: an argument list is put together, the program is started
 * so that it cannot outlive the loader, and ended together with what it started itself.
 */
#ifndef RING1_LOADER_COMMAND_H
#define RING1_LOADER_COMMAND_H

#include "loader/problem.h"

#include <sys/types.h>

#define COMMAND_MAX_ARGS 128

struct command {
    char *arg[COMMAND_MAX_ARGS + 1]; /* NULL-terminated; allocated */
    unsigned count;
    bool too_many;
};

/* Adds one argument, formatted. Failure is remembered and comes up in command_start. */
void command_add(struct command *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds the words of TEXT, split at blanks; '...', "..." and \ quote as in a shell. False: a
 * quote is not closed. */
bool command_add_words(struct command *c, const char *text, struct problem *p);

void command_free(struct command *c);

/* Is PROGRAM in $PATH? If not, P names it and the Debian PACKAGE that has it. */
bool command_exists(const char *program, const char *package, struct problem *p);

/* Can the file PATH be read? If not, P names it and the Debian PACKAGE that has it. */
bool command_file_exists(const char *path, const char *package, struct problem *p);

/* What a started program gets as directory, descriptors and the file size it may write. */
struct command_place {
    const char *directory;
    int in, out, err;
    unsigned kept;               /* how many of the following */
    int keep[4 + PLAN_DISKS];    /* more descriptors that it inherits; -1: none */
    unsigned long long max_file; /* bytes */
    const char *tmpdir;          /* its TMPDIR; NULL: the loader's own */
};

/* Starts C. Returns the process id, or -1 with P set. */
pid_t command_start(const struct command *c, const struct command_place *place, struct problem *p);

/* Kills PID and its process group, and waits for it. Does nothing for a PID of 0 or less. */
void command_kill(pid_t pid);

#endif
