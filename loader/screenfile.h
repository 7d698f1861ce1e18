/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's text screen out of the monitor's log (monitor/screen.h says how it is written there):
 * text of a log comes in, 25 lines of UTF-8 go to the file of --screen.
 */
#ifndef RING1_LOADER_SCREENFILE_H
#define RING1_LOADER_SCREENFILE_H

#include "loader/problem.h"
#include "loader/tempdir.h"

#include <stdint.h>

#define SCREEN_ROWS    25u
#define SCREEN_COLUMNS 80u

/* Rows of code page 437. */
struct screen {
    uint8_t cell[SCREEN_ROWS][SCREEN_COLUMNS];
};

/* Finds the last whole screen of LOG (NUL-terminated). False: there is none. */
bool screen_find(const char *log, struct screen *s);

/* Replaces what FD holds (a file, or anything that can be written) by the screen, one line a row
 * with trailing blanks left out. PATH is its name for the message. */
bool screen_write(const struct screen *s, int fd, const char *path, struct problem *p);

/* The file of --screen while a guest runs. */
struct screenfile {
    const char *path; /* NULL: none is wanted, and the functions below do nothing */
    int fd;
    const struct tempdir *dir; /* the run's, whose log is read */
};

/* Opens F->path for writing. False: it cannot be written. */
bool screenfile_open(struct screenfile *f, struct problem *p);
void screenfile_close(struct screenfile *f);

/* Writes the last screen in the log. False: there is none yet, or it cannot be written. */
bool screenfile_update(const struct screenfile *f, struct problem *p);

#endif
