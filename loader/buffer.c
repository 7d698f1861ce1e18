/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See buffer.h. Descriptors need not be non-blocking: who calls has asked poll first.
 */
#include "loader/buffer.h"

#include <errno.h>
#include <unistd.h>

bool buffer_fill(struct buffer *b, int fd, size_t limit)
{
    ssize_t n = read(fd, b->data, limit);
    b->start = 0;
    b->end = n > 0 ? (size_t)n : 0;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

bool buffer_drain(struct buffer *b, int fd, size_t limit)
{
    size_t size = b->end - b->start;
    ssize_t n = write(fd, b->data + b->start, size < limit ? size : limit);
    if (n > 0)
        b->start += (size_t)n;
    return n >= 0 || errno == EAGAIN || errno == EINTR;
}
