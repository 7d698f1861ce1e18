/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory from the kernel, and files in it.
 */
#include "tests/bench/guest/sys.h"

#define PAGE  4096u
#define CHUNK 1024u /* pages mapped at once to be touched */
#define SMALL 16u   /* pages mapped and unmapped untouched */
#define FILE  (1u << 20)
#define PIECE (64u << 10)

enum { PROT_READ_WRITE = 3, MAP_PRIVATE_ANONYMOUS = 0x22 };

static uint8_t *map(uint32_t pages)
{
    long args[6] = {0, (long)(pages * PAGE), PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0};
    long r = call3(SYS_MMAP, (long)args, 0, 0);
    must(r > -4096 && r < 0 ? r : 0, "mmap");
    return (uint8_t *)r;
}

static void unmap(uint8_t *at, uint32_t pages)
{
    must(call3(SYS_MUNMAP, (long)at, (long)(pages * PAGE), 0), "munmap");
}

/* An operation is a page; only the touching is timed. */
static uint64_t touch(uint32_t n)
{
    uint64_t took = 0;
    while (n) {
        uint32_t pages = n < CHUNK ? n : CHUNK;
        uint8_t *at = map(pages);
        uint64_t start = now_ns();
        for (uint32_t i = 0; i < pages; i++)
            *(volatile uint8_t *)(at + i * PAGE) = 1;
        took += now_ns() - start;
        unmap(at, pages);
        n -= pages;
    }
    return took;
}

static uint64_t map_unmap(uint32_t n)
{
    uint64_t start = now_ns();
    while (n--)
        unmap(map(SMALL), SMALL);
    return now_ns() - start;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static uint8_t piece[PIECE];

static int open(const char *name, long flags)
{
    return (int)must(call3(SYS_OPEN, (long)name, flags, 0600), name);
}

static void make_file(void)
{
    call3(SYS_MKDIR, (long)"/bench", 0700, 0);
    must(call5(SYS_MOUNT, (long)"none", (long)"/bench", (long)"tmpfs", 0, 0), "mount tmpfs");
    int fd = open("/bench/from", O_WRONLY | O_CREAT);
    for (uint32_t at = 0; at < FILE; at += PIECE)
        must(call3(SYS_WRITE, fd, (long)piece, PIECE) == PIECE ? 0 : -1, "write a file");
    call3(SYS_CLOSE, fd, 0, 0);
}

/* An operation is the whole file, to a new one. */
static void copy_file(void)
{
    int from = open("/bench/from", O_RDONLY), to = open("/bench/to", O_WRONLY | O_CREAT | O_TRUNC);
    long got;
    while ((got = must(call3(SYS_READ, from, (long)piece, PIECE), "read a file")) > 0)
        must(call3(SYS_WRITE, to, (long)piece, got) == got ? 0 : -1, "write a file");
    call3(SYS_CLOSE, from, 0, 0);
    call3(SYS_CLOSE, to, 0, 0);
}

static uint64_t file_copy(uint32_t n)
{
    uint64_t start = now_ns();
    while (n--)
        copy_file();
    return now_ns() - start;
}

const struct test memory_tests[] = {
    {"touch", 8192, touch, 0},
    {"mmap", 5000, map_unmap, 0},
    {"copy", 100, file_copy, make_file},
    {0},
};
