/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A private directory for the length of one run: plan, boot image, log. Made under $TMPDIR,
 * readable by nobody else, removed with all that is in it.
 */
#ifndef RING1_LOADER_TEMPDIR_H
#define RING1_LOADER_TEMPDIR_H

#include "loader/problem.h"

#include <stddef.h>
#include <stdio.h>

struct tempdir {
    char path[4096];
};

/* False: it cannot be made (P says where it was tried); D->path is then empty. */
bool tempdir_create(struct tempdir *d, struct problem *p);

/* Removes the directory and everything below it. Does nothing for an empty path. */
void tempdir_remove(struct tempdir *d);

/* Writes the path of NAME within the directory to OUT. */
#define TEMPDIR_PATH_MAX 4200
void tempdir_path(const struct tempdir *d, const char *name, char out[TEMPDIR_PATH_MAX]);

/* Creates NAME within the directory for writing and reading; -1 with P set. */
int tempdir_create_file(const struct tempdir *d, const char *name, struct problem *p);

/* The last MAX bytes of the file NAME as allocated text, NUL-terminated, its own NULs turned into
 * '?'. An absent or unreadable file is empty text; NULL only without memory. */
char *tempdir_read_tail(const struct tempdir *d, const char *name, size_t max);

#endif
