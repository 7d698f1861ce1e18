/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The memory of the machine as a Linux process has it: one memfd. It knows nothing of tables and
 * windows; those map its pages a second time (window.h).
 */
#define _GNU_SOURCE
#include "monitor/process/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/falloc.h>

#include "monitor/host.h"
#include "monitor/host_io.h"
#include "monitor/process/sys.h"

/* Linux 6.3; systems may insist on it (vm.memfd_noexec = 2). It allows seals, too. */
#define NOEXEC_SEAL 0x0008u

static uint8_t *frames;
static int memfd = -1;
static bool committed; /* all of it was taken at once, and stays taken */
static char refusal[200];

static const char *refused(const char *what, uint32_t count, const char *advice)
{
    snprintf(refusal, sizeof refusal, "%s for %u MiB of guest memory: %s; %s", what,
             count / (1048576 / PAGE_SIZE), strerror(errno), advice);
    if (memfd >= 0)
        close(memfd);
    memfd = -1;
    return refusal;
}

/* Where the system promises no more memory than it has, the memory is taken at once: it is better
 * refused here than by SIGBUS in the middle of a guest. */
static bool system_is_strict(void)
{
    char mode = 0;
    int fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool strict = read(fd, &mode, 1) == 1 && mode == '2';
    close(fd);
    return strict;
}

int frames_memory_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC | NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd;
}

const char *frames_create(uint32_t count)
{
    off_t bytes = (off_t)count * PAGE_SIZE;
    if (!count || count > FRAMES_MAX) {
        errno = EINVAL;
        return refused("no memory file", count, "ask for less memory");
    }
    memfd = frames_memory_file("ring1");
    if (memfd < 0)
        return refused("memfd_create is refused", count,
                       "allow it: a container's seccomp filter or the open-file limit forbids it");
    if (ftruncate(memfd, bytes) < 0)
        return refused("the memory file cannot be sized", count, "raise the limit ulimit -f shows");
    if (fcntl(memfd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return refused("the memory file cannot be sealed", count, "use Linux 3.17 or later");
    committed = system_is_strict();
    if (committed && fallocate(memfd, 0, 0, bytes) < 0)
        return refused("the system does not overcommit and has not enough memory", count,
                       "ask for less memory");
    void *at = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    if (at == MAP_FAILED)
        return refused("no address space", count,
                       "ask for less memory or raise the limit ulimit -v shows");
    frames = at;
    return NULL;
}

int frames_fd(void)
{
    return memfd;
}

void *host_frame_ptr(hfn_t f)
{
    return frames + (size_t)f.v * PAGE_SIZE;
}

/* A page that was taken out of the file is a new one when it is touched. */
void host_frames_forget(hfn_t first, uint32_t count)
{
    if (!committed)
        sys_call6(__NR_fallocate, (uint64_t)memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  (uint64_t)first.v * PAGE_SIZE, (uint64_t)count * PAGE_SIZE, 0, 0);
}
