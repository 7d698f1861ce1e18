/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Lines are told by how they start, as in verdict.c. A longer line than the monitor writes is
 * cut: something else wrote it.
 */
#include "loader/logtail.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK       65536
#define PATIENCE_MS 1000

/* The reader of a pipe may be slow, but not for ever. */
static void write_all(int fd, const char *text, size_t size)
{
    while (size) {
        struct pollfd pfd = {.fd = fd, .events = POLLOUT};
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno != EAGAIN || poll(&pfd, 1, PATIENCE_MS) <= 0))
            return;
        if (n > 0) {
            text += n;
            size -= (size_t)n;
        }
    }
}

static void print(int fd, bool raw, const char *line)
{
    char text[LOGTAIL_LINE + 4];
    int n = snprintf(text, sizeof text, "%s%s", line, raw ? "\r\n" : "\n");
    if (fd >= 0 && n > 0)
        write_all(fd, text, (size_t)n);
}

static void take_line(struct logtail *t)
{
    t->line[t->length] = 0;
    t->length = 0;
    problem_make_printable(t->line);
    if (strcmp(t->line, PLAN_ANSWER_BEGIN) == 0 || strcmp(t->line, PLAN_ANSWER_END) == 0)
        t->answering = strcmp(t->line, PLAN_ANSWER_BEGIN) == 0;
    else if (strncmp(t->line, "trace ", 6) == 0)
        print(t->trace, t->trace_raw, t->line);
    else if (t->answering)
        print(t->answer, t->answer_raw, t->line);
}

static void take(struct logtail *t, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n')
            take_line(t);
        else if (text[i] != '\r' && t->length < sizeof t->line - 1)
            t->line[t->length++] = text[i];
    }
}

void logtail_poll(struct logtail *t)
{
    static char chunk[CHUNK];
    ssize_t n;
    while ((n = pread(t->log, chunk, sizeof chunk, t->offset)) > 0) {
        t->offset += n;
        take(t, chunk, (size_t)n);
    }
}
