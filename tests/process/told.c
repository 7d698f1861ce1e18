/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Loaded before the C library: a system that says something else of itself. A program that opens
 * the file $TOLD_OF has the file $TOLD instead.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int open(const char *path, int flags, ...)
{
    const char *of = getenv("TOLD_OF"), *told = getenv("TOLD");
    mode_t mode = 0;
    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    if (of && told && strcmp(path, of) == 0)
        path = told;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
