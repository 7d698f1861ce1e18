/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * mkdtemp and its undoing. Removal walks the tree: grub-mkrescue leaves directories of its
 * own here when it is interrupted.
 */
#define _GNU_SOURCE /* nftw */
#include "loader/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool tempdir_create(struct tempdir *d, struct problem *p)
{
    const char *base = getenv("TMPDIR");
    if (!base || !base[0])
        base = "/tmp";
    char *whole = realpath(base, NULL);
    int n = snprintf(d->path, sizeof d->path, "%s/ring1.XXXXXX", whole ? whole : base);
    free(whole);
    if (n < 0 || (size_t)n >= sizeof d->path || !mkdtemp(d->path)) {
        d->path[0] = 0;
        return problem_host(p,
                            "cannot make a temporary directory in %s: %s; set TMPDIR to a "
                            "writable one",
                            base, strerror(errno));
    }
    return true;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    remove(path);
    return 0;
}

void tempdir_remove(struct tempdir *d)
{
    if (d->path[0])
        nftw(d->path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    d->path[0] = 0;
}

void tempdir_path(const struct tempdir *d, const char *name, char out[TEMPDIR_PATH_MAX])
{
    snprintf(out, TEMPDIR_PATH_MAX, "%s/%s", d->path, name);
}

int tempdir_create_file(const struct tempdir *d, const char *name, struct problem *p)
{
    char path[TEMPDIR_PATH_MAX];
    tempdir_path(d, name, path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        problem_host(p, "cannot create %s: %s", path, strerror(errno));
    return fd;
}

bool tempdir_create_text(const struct tempdir *d, const char *name, struct problem *p,
                         const char *format, ...)
{
    char text[4096];
    va_list ap;
    int fd = tempdir_create_file(d, name, p);
    if (fd < 0)
        return false;
    va_start(ap, format);
    int size = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    bool ok = size >= 0 && (size_t)size < sizeof text && write(fd, text, (size_t)size) == size;
    close(fd);
    return ok || problem_host(p, "cannot write %s: %s; is $TMPDIR full?", name, strerror(errno));
}

char *tempdir_read_tail(const struct tempdir *d, const char *name, size_t max)
{
    char path[TEMPDIR_PATH_MAX];
    tempdir_path(d, name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    if (size < 0)
        size = 0;
    size_t want = (uint64_t)size < max ? (size_t)size : max;
    char *text = calloc(1, want + 1);
    ssize_t n = text && fd >= 0 ? pread(fd, text, want, size - (off_t)want) : 0;
    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < n; i++) {
        if (!text[i])
            text[i] = '?';
    }
    return text;
}
