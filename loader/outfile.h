/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A file that the user asked for, whole or not at all: it is made beside its place under
 * another name, and only outfile_commit puts it where an old one may be.
 */
#ifndef RING1_LOADER_OUTFILE_H
#define RING1_LOADER_OUTFILE_H

#include "loader/problem.h"

#include <stddef.h>

struct outfile {
    const char *option; /* that the user gave it by, for messages */
    const char *name;
    char target[4096]; /* symbolic links resolved */
    char temp[4160];   /* "" once committed or dropped */
    int fd;
    unsigned mode;
};

/* OPTION, such as "--output", is for messages. False: NAME is a directory or device, or its
 * directory is not there or not writable. */
bool outfile_open(struct outfile *f, const char *option, const char *name, struct problem *p);

/* Appends what the file FROM holds, all of it. */
bool outfile_copy(struct outfile *f, const char *from, struct problem *p);

/* Appends SIZE bytes. */
bool outfile_write(struct outfile *f, const char *data, size_t size, struct problem *p);

/* Puts the file in its place; an old one is gone at that moment and not before. */
bool outfile_commit(struct outfile *f, struct problem *p);

/* Removes what was not committed. Does nothing on one that was never opened (all zero). */
void outfile_drop(struct outfile *f);

#endif
