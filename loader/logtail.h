/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The monitor's log while the guest runs: what was appended to the file since the last look comes
 * in, the trace lines and the answers to requests go out. All else waits for the end (verdict.h).
 */
#ifndef RING1_LOADER_LOGTAIL_H
#define RING1_LOADER_LOGTAIL_H

#include "loader/problem.h"

#include <stddef.h>

#define LOGTAIL_LINE 512

struct logtail {
    int log;                    /* descriptor of the log; its own offset is not used */
    int trace, answer;          /* where the two go; -1: nowhere */
    bool trace_raw, answer_raw; /* to a terminal in raw mode: lines end with CR LF */
    long long offset;
    bool answering;
    size_t length; /* of a line that has not ended yet */
    char line[LOGTAIL_LINE];
};

/* Passes on what is new. What cannot be written is lost: the guest is not held up for it. */
void logtail_poll(struct logtail *t);

#endif
