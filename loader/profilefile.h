/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The file of `ring1 run --profile': what the monitor's log says of it (plan.h), and a few lines
 * that say what ran. Knows no line's meaning; `ring1 lab profile' reads it.
 */
#ifndef RING1_LOADER_PROFILEFILE_H
#define RING1_LOADER_PROFILEFILE_H

#include "loader/options.h"
#include "loader/outfile.h"

/* Lines of the loader's own: "profile run NAME VALUE". */
#define PROFILEFILE_RUN PLAN_PROFILE_MARK "run "

struct profilefile {
    struct outfile file;
    int fd; /* where it goes; -1: it is not wanted */
};

/* Is what O asks for possible? F is -1 in .fd before. */
bool profilefile_open(struct profilefile *f, const struct options *o, struct problem *p);

/* Writes it from the log in DIR: the run that O describes ended as END says. A run that left no
 * profile leaves no file. */
bool profilefile_write(struct profilefile *f, const struct options *o, const struct tempdir *dir,
                       const char *end, struct problem *p);

/* Removes what was not written. */
void profilefile_drop(struct profilefile *f);

#endif
