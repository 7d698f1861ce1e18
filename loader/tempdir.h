/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A private directory for the length of one run: plan, boot image, log. Made under $TMPDIR,
 * readable by nobody else, removed with all that is in it. Where no other program looks for the
 * files by name they have none: then nothing can stay behind, however the loader ends.
 */
#ifndef RING1_LOADER_TEMPDIR_H
#define RING1_LOADER_TEMPDIR_H

#include "loader/problem.h"

#include <stddef.h>
#include <stdio.h>

/* Files in the directory; what is started there has it as its working directory. */
#define FILE_PLAN   "plan"
#define FILE_LOG    "log"    /* what the monitor writes to port 0xE9, and maybe more */
#define FILE_ERRORS "errors" /* standard error of whatever was started */

#define TEMPDIR_NAMELESS_MAX 4
struct tempdir {
    char path[4096]; /* empty: it is nameless, or there is none */
    unsigned files;  /* of a nameless one; */
    struct tempdir_file {
        const char *name; /* in here alone */
        int fd;
    } file[TEMPDIR_NAMELESS_MAX];
};

/* False: it cannot be made (P says where it was tried); D->path is then empty. */
bool tempdir_create(struct tempdir *d, struct problem *p);

/* Makes nothing yet: tempdir_create_file makes files without names. */
void tempdir_create_nameless(struct tempdir *d);

/* The file NAME of a nameless directory, which keeps it; -1: there is none. */
int tempdir_file(const struct tempdir *d, const char *name);

/* Removes the directory and everything below it. Does nothing for an empty path. */
void tempdir_remove(struct tempdir *d);

/* Writes the path of NAME within the directory to OUT. */
#define TEMPDIR_PATH_MAX 4200
void tempdir_path(const struct tempdir *d, const char *name, char out[TEMPDIR_PATH_MAX]);

/* Creates NAME (which must stay) within the directory for writing and reading; -1 with P set. */
int tempdir_create_file(struct tempdir *d, const char *name, struct problem *p);

/* Creates NAME with a text of up to 4 KiB in it. */
bool tempdir_create_text(struct tempdir *d, const char *name, struct problem *p, const char *format,
                         ...) __attribute__((format(printf, 4, 5)));

/* Opens NAME for pread; -1: it is not there, or cannot be read. */
int tempdir_open(const struct tempdir *d, const char *name);

/* The last MAX bytes of the file NAME as allocated text, NUL-terminated, its own NULs turned into
 * '?'. An absent or unreadable file is empty text; NULL only without memory. */
char *tempdir_read_tail(const struct tempdir *d, const char *name, size_t max);

#endif
