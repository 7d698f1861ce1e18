/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The time between the start and the end of a host program: console bytes pass both ways,
 * and the first of five things ends the wait. One poll loop, no signal handlers: signals
 * are blocked and read from a descriptor. Who stops the loader (SIGTSTP) stops the child, too.
 */
#ifndef RING1_LOADER_RELAY_H
#define RING1_LOADER_RELAY_H

#include "loader/gdbline.h"
#include "loader/logtail.h"
#include "loader/problem.h"
#include "loader/screenfile.h"
#include "loader/terminal.h"

#include <sys/types.h>

struct relay {
    pid_t child;
    int guest;                       /* the guest's console, non-blocking; -1: none */
    int control;                     /* takes requests to the monitor (plan.h), non-blocking; -1 */
    int in, out;                     /* the user's side; -1: none */
    bool chords;                     /* IN is a terminal: Ctrl-A means something */
    struct terminal *terminal;       /* IN's: given back while the loader is stopped; NULL: none */
    const struct screenfile *screen; /* what Ctrl-A s writes; NULL: none */
    int signals;                     /* from relay_signals */
    uint64_t deadline;               /* as relay_now; 0: none */
    struct gdbline *gdb;             /* NULL: no debugger */
    struct logtail *log;             /* looked at every RELAY_LOG_MS; NULL: not */
};

#define RELAY_LOG_MS 50

enum relay_end {
    RELAY_CHILD_ENDED, /* and its last output has been passed on */
    RELAY_TIMEOUT,
    RELAY_LEFT,        /* Ctrl-A x */
    RELAY_SIGNAL,      /* *SIGNAL of relay_run */
    RELAY_OUTPUT_LOST, /* nobody reads the output, or the disk is full: errno in *SIGNAL */
};

/* How a wait ended, for those who pass it on. */
struct relay_result {
    enum relay_end end;
    int signal; /* RELAY_SIGNAL: which; RELAY_OUTPUT_LOST: errno */
    int status; /* RELAY_CHILD_ENDED: as from waitpid */
};

/* Milliseconds of the monotonic clock. */
uint64_t relay_now(void);

/* Blocks SIGCHLD and the signals that end, stop or continue a program and returns a descriptor that
 * reads them; -1 with P set. To be called before the first child is started. */
int relay_signals(struct problem *p);

/* Waits; on RELAY_CHILD_ENDED the child has been waited for and *CHILD_STATUS is as waitpid's;
 * in all other cases it still runs and is the caller's to kill. */
enum relay_end relay_run(const struct relay *r, int *signal, int *child_status);

#endif
