/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See diskfile.h. Regular files and block devices; a size that is no whole number of sectors is
 * refused, as the guest could never reach the rest.
 */
#include "loader/diskfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512u

bool disk_choice_parse(char *text, struct disk_choice *c, struct problem *p)
{
    size_t length = strlen(text);
    c->read_only = length >= 3 && strcmp(text + length - 3, ",ro") == 0;
    if (c->read_only)
        text[length - 3] = 0;
    c->path = text;
    return *text || problem_bad(p, "--disk: no file is named; it is --disk FILE or --disk FILE,ro");
}

static bool open_file(struct diskfile *f, struct problem *p)
{
    struct stat st;
    if (stat(f->path, &st) == 0 && S_ISDIR(st.st_mode))
        return problem_bad(p, "--disk %s: this is a directory, not a disk image", f->path);
    f->fd = open(f->path, (f->read_only ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (f->fd >= 0)
        return true;
    bool only = !f->read_only && (errno == EACCES || errno == EROFS || errno == EPERM) &&
                access(f->path, R_OK) == 0;
    if (only)
        return problem_bad(p, "--disk %s: it can be read but not written; give --disk %s,ro",
                           f->path, f->path);
    return problem_bad(p, "--disk %s: cannot open it: %s", f->path, strerror(errno));
}

static bool check_kind(struct diskfile *f, struct problem *p)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return problem_bad(p, "--disk %s: %s", f->path, strerror(errno));
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return problem_bad(p, "--disk %s: this is neither a regular file nor a block device",
                           f->path);
    f->block = S_ISBLK(st.st_mode);
    return true;
}

static bool check_size(struct diskfile *f, struct problem *p)
{
    off_t size = lseek(f->fd, 0, SEEK_END);
    if (size < 0)
        return problem_bad(p, "--disk %s: cannot find its size: %s", f->path, strerror(errno));
    if (size == 0)
        return problem_bad(p, "--disk %s: the file is empty; make it as large as the disk shall be",
                           f->path);
    if (size % SECTOR)
        return problem_bad(p,
                           "--disk %s: its %llu bytes are no whole number of 512-byte sectors; "
                           "`truncate -s %%512 FILE' makes it longer by what is missing",
                           f->path, (unsigned long long)size);
    f->sectors = (uint64_t)size / SECTOR;
    return true;
}

/* Two writers of one disk, or a reader beside a writer, would spoil it or be misled. */
static bool lock(const struct diskfile *f, struct problem *p)
{
    if (flock(f->fd, (f->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return true;
    return problem_bad(p, "--disk %s: another guest has it, and one of you may write it", f->path);
}

bool disks_open(struct disks *d, const struct disk_choice *c, struct problem *p)
{
    struct diskfile *f = &d->file[d->count];
    *f = (struct diskfile){.path = c->path, .fd = -1, .read_only = c->read_only};
    if (!open_file(f, p))
        return false;
    d->count++;
    return check_kind(f, p) && check_size(f, p) && lock(f, p);
}

void disks_close(struct disks *d)
{
    while (d->count)
        close(d->file[--d->count].fd);
}
