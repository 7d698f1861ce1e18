/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Bytes on their way from one descriptor to another. One is filled only when it is empty, so that a
 * reader who is slow slows the writer down.
 */
#ifndef RING1_LOADER_BUFFER_H
#define RING1_LOADER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUFFER_SIZE 16384u

struct buffer {
    uint8_t data[BUFFER_SIZE];
    size_t start, end;
};

static inline bool buffer_is_empty(const struct buffer *b)
{
    return b->start == b->end;
}

/* Reads what there is, at most LIMIT bytes, into the empty B. False: the source has ended. */
bool buffer_fill(struct buffer *b, int fd, size_t limit);

/* Writes at most LIMIT bytes of B. False: nobody takes it any more, why is in errno. */
bool buffer_drain(struct buffer *b, int fd, size_t limit);

#define BUFFER_DRAIN 4096u /* PIPE_BUF: a pipe that polls writable takes this much */

#endif
