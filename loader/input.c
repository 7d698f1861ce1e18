/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads a whole file without trusting its size: it may grow, shrink, or be a pipe that
 * never ends. Opened without blocking, since a pipe that nobody writes would hang open().
 */
#include "loader/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SILENCE_MS     10000
#define FIRST_CAPACITY (1u << 20)

struct source {
    const char *path, *what, *too_long;
    size_t limit;
    int fd;
    size_t first; /* bytes of memory to begin with */
};

static bool too_long(const struct source *s, struct problem *p)
{
    return problem_bad(p, "%s %s: %s", s->what, s->path, s->too_long);
}

/* Makes room for at least one more byte than B holds, up to one over the limit. */
static bool grow(const struct source *s, const struct blob *b, size_t *capacity, uint8_t **data,
                 struct problem *p)
{
    if (b->size < *capacity)
        return true;
    size_t more = *capacity ? *capacity * 2 : s->first;
    if (more > s->limit + 1)
        more = s->limit + 1;
    uint8_t *bigger = realloc(*data, more);
    if (!bigger)
        return problem_host(p, "%s %s: out of memory", s->what, s->path);
    *data = bigger;
    *capacity = more;
    return true;
}

/* Waits until a pipe has data or has ended. Regular files are always ready. */
static bool wait_for_data(const struct source *s, struct problem *p)
{
    struct pollfd pfd = {.fd = s->fd, .events = POLLIN};
    int n;
    do
        n = poll(&pfd, 1, SILENCE_MS);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return problem_bad(p, "%s %s: nothing came out of this pipe for %d seconds", s->what,
                           s->path, SILENCE_MS / 1000);
    return true;
}

static bool read_all(const struct source *s, struct blob *b, struct problem *p)
{
    size_t capacity = 0;
    for (;;) {
        if (!grow(s, b, &capacity, &b->data, p) || !wait_for_data(s, p))
            return false;
        ssize_t n = read(s->fd, b->data + b->size, capacity - b->size);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return problem_bad(p, "%s %s: cannot read it: %s", s->what, s->path, strerror(errno));
        if (n == 0)
            break;
        b->size += (size_t)n;
        if (b->size > s->limit)
            return too_long(s, p);
    }
    if (b->size == 0)
        return problem_bad(p, "%s %s: the file is empty", s->what, s->path);
    return true;
}

/* Devices are refused: reading a terminal or /dev/random is never what was meant. */
static bool check_kind(struct source *s, struct problem *p)
{
    struct stat st;
    if (fstat(s->fd, &st) != 0)
        return problem_bad(p, "%s %s: %s", s->what, s->path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return problem_bad(p, "%s %s: this is a directory, not a file", s->what, s->path);
    if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
        return problem_bad(p, "%s %s: this is neither a regular file nor a pipe", s->what, s->path);
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > s->limit)
        return too_long(s, p);
    if (S_ISREG(st.st_mode))
        s->first = (size_t)st.st_size + 1; /* to see that it has ended */
    return true;
}

bool input_read(const char *path, const char *what, size_t limit, const char *too_long_text,
                struct blob *out, struct problem *p)
{
    struct source s = {path, what, too_long_text, limit, -1, FIRST_CAPACITY};
    *out = (struct blob){0};
    s.fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (s.fd < 0)
        return problem_bad(p, "%s %s: cannot open it: %s", what, path, strerror(errno));
    bool ok = check_kind(&s, p) && read_all(&s, out, p);
    close(s.fd);
    if (!ok)
        blob_free(out);
    return ok;
}

void blob_free(struct blob *b)
{
    free(b->data);
    *b = (struct blob){0};
}

const char *input_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
