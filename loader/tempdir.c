/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * mkdtemp and its undoing. Removal walks the tree: grub-mkrescue leaves directories of its
 * own here when it is interrupted.
 */
#define _GNU_SOURCE /* nftw, O_TMPFILE */
#include "loader/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *base_directory(void)
{
    const char *base = getenv("TMPDIR");
    return base && base[0] ? base : "/tmp";
}

bool tempdir_create(struct tempdir *d, struct problem *p)
{
    const char *base = base_directory();
    *d = (struct tempdir){.files = 0};
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

void tempdir_create_nameless(struct tempdir *d)
{
    *d = (struct tempdir){.files = 0};
}

/* Not every file system knows O_TMPFILE. */
static int open_nameless(const char *base)
{
    char path[TEMPDIR_PATH_MAX];
    int fd = open(base, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    snprintf(path, sizeof path, "%s/ring1.XXXXXX", base);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static int create_nameless(struct tempdir *d, const char *name, struct problem *p)
{
    const char *base = base_directory();
    int fd = d->files < TEMPDIR_NAMELESS_MAX ? open_nameless(base) : -1;
    int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
    if (copy < 0) {
        problem_host(p,
                     "cannot make a temporary file in %s: %s; set TMPDIR to a writable directory",
                     base, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    d->file[d->files++] = (struct tempdir_file){name, copy};
    return fd;
}

int tempdir_file(const struct tempdir *d, const char *name)
{
    for (unsigned i = 0; i < d->files; i++) {
        if (strcmp(d->file[i].name, name) == 0)
            return d->file[i].fd;
    }
    return -1;
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
    while (d->files)
        close(d->file[--d->files].fd);
}

void tempdir_path(const struct tempdir *d, const char *name, char out[TEMPDIR_PATH_MAX])
{
    snprintf(out, TEMPDIR_PATH_MAX, "%s/%s", d->path, name);
}

int tempdir_create_file(struct tempdir *d, const char *name, struct problem *p)
{
    char path[TEMPDIR_PATH_MAX];
    if (!d->path[0])
        return create_nameless(d, name, p);
    tempdir_path(d, name, path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        problem_host(p, "cannot create %s: %s", path, strerror(errno));
    return fd;
}

bool tempdir_create_text(struct tempdir *d, const char *name, struct problem *p, const char *format,
                         ...)
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

int tempdir_open(const struct tempdir *d, const char *name)
{
    char path[TEMPDIR_PATH_MAX];
    if (!d->path[0])
        return fcntl(tempdir_file(d, name), F_DUPFD_CLOEXEC, 3);
    tempdir_path(d, name, path);
    return open(path, O_RDONLY | O_CLOEXEC);
}

char *tempdir_read_tail(const struct tempdir *d, const char *name, size_t max)
{
    struct stat st = {.st_size = 0};
    int fd = tempdir_open(d, name);
    if (fd >= 0)
        fstat(fd, &st); /* a seek would move a nameless file's writer, too */
    size_t want = (uint64_t)st.st_size < max ? (size_t)st.st_size : max;
    char *text = calloc(1, want + 1);
    ssize_t n = text && fd >= 0 ? pread(fd, text, want, st.st_size - (off_t)want) : 0;
    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < n; i++) {
        if (!text[i])
            text[i] = '?';
    }
    return text;
}
