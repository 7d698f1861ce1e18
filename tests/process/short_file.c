/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Loaded before the C library: a system that has promised more memory than it has. What lies in a
 * memory file beyond its first 40 MiB is not there when it is touched.
 */
#include <sys/syscall.h>
#include <unistd.h>

#define THERE (40l << 20)

int ftruncate(int fd, off_t size)
{
    return (int)syscall(SYS_ftruncate, fd, size < THERE ? size : THERE);
}
