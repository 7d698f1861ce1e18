/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pages for code.
 */
#include "tests/jit/jit.h"

uint8_t *map(uint8_t *at, uint32_t pages, long rights, long flags, long fd, uint32_t offset)
{
    long args[6] = {(long)at, (long)(pages * PAGE), rights, flags, fd, (long)offset};
    long r = call3(SYS_MMAP, (long)args, 0, 0);
    must(r > -4096 && r < 0 ? r : 0, "mmap");
    return (uint8_t *)r;
}

uint8_t *map_code(uint32_t pages)
{
    return map(0, pages, PROT_ALL, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void unmap(uint8_t *at, uint32_t pages)
{
    must(call3(SYS_MUNMAP, (long)at, (long)(pages * PAGE), 0), "munmap");
}

void protect(uint8_t *at, uint32_t pages, long rights)
{
    must(call3(SYS_MPROTECT, (long)at, (long)(pages * PAGE), rights), "mprotect");
}

long memory_file(uint32_t pages)
{
    long fd = must(call3(SYS_MEMFD_CREATE, (long)"jit", 0, 0), "memfd_create");
    must(call3(SYS_FTRUNCATE, fd, (long)(pages * PAGE), 0), "ftruncate");
    return fd;
}
