/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * mkstemp beside the target, then rename: the two are on one file system, so rename is atomic.
 */
#include "loader/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536

static bool cannot(const struct outfile *f, struct problem *p)
{
    return problem_bad(p, "%s %s: cannot write it: %s", f->option, f->name, strerror(errno));
}

/* A file that is there keeps its permissions, and its symbolic link. */
static bool find_target(struct outfile *f, struct problem *p)
{
    struct stat st;
    mode_t mask = umask(0);
    umask(mask);
    f->mode = 0666 & ~mask;
    int n = snprintf(f->target, sizeof f->target, "%s", f->name);
    if (n <= 0 || (size_t)n >= sizeof f->target)
        return problem_bad(p, "%s %s: this is no file name", f->option, f->name);
    if (stat(f->name, &st) != 0)
        return errno == ENOENT || cannot(f, p);
    if (S_ISDIR(st.st_mode))
        return problem_bad(p, "%s %s: this is a directory", f->option, f->name);
    if (!S_ISREG(st.st_mode))
        return problem_bad(p, "%s %s: this is not a regular file", f->option, f->name);
    f->mode = st.st_mode & 0777;
    char *whole = realpath(f->name, NULL);
    if (whole && strlen(whole) < sizeof f->target)
        strcpy(f->target, whole);
    free(whole);
    return true;
}

bool outfile_open(struct outfile *f, const char *option, const char *name, struct problem *p)
{
    *f = (struct outfile){.option = option, .name = name, .fd = -1};
    if (!find_target(f, p))
        return false;
    snprintf(f->temp, sizeof f->temp, "%s.XXXXXX", f->target);
    f->fd = mkstemp(f->temp);
    if (f->fd < 0) {
        f->temp[0] = 0;
        return cannot(f, p);
    }
    fcntl(f->fd, F_SETFD, FD_CLOEXEC);
    return true;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

bool outfile_write(struct outfile *f, const char *data, size_t size, struct problem *p)
{
    return write_all(f->fd, data, size) ||
           problem_host(p, "%s %s: cannot write it: %s", f->option, f->name, strerror(errno));
}

bool outfile_copy(struct outfile *f, const char *from, struct problem *p)
{
    static char chunk[CHUNK];
    ssize_t n;
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return problem_host(p, "cannot read %s: %s", from, strerror(errno));
    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || !write_all(f->fd, chunk, (size_t)n))
            break;
    }
    int error = errno;
    close(fd);
    errno = error;
    return n == 0 ||
           problem_host(p, "%s %s: cannot write it: %s", f->option, f->name, strerror(error));
}

bool outfile_commit(struct outfile *f, struct problem *p)
{
    bool ok = fchmod(f->fd, f->mode) == 0 && fsync(f->fd) == 0 && close(f->fd) == 0;
    f->fd = ok ? -1 : f->fd;
    if (!ok || rename(f->temp, f->target) != 0)
        return problem_host(p, "%s %s: cannot write it: %s", f->option, f->name, strerror(errno));
    f->temp[0] = 0;
    return true;
}

void outfile_drop(struct outfile *f)
{
    if (f->temp[0])
        unlink(f->temp);
    if (f->temp[0] && f->fd >= 0)
        close(f->fd);
    f->temp[0] = 0;
}
