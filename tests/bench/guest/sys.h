/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What programs in the guest have instead of a C library: system calls by INT 80h, as i386 Linux
 * numbers them, a clock and a line printer. System calls never go through the vDSO, which would
 * choose another way in under Ring1 than directly on QEMU.
 */
#ifndef RING1_BENCH_SYS_H
#define RING1_BENCH_SYS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SYS_EXIT = 1,
    SYS_FORK = 2,
    SYS_READ = 3,
    SYS_WRITE = 4,
    SYS_OPEN = 5,
    SYS_CLOSE = 6,
    SYS_WAITPID = 7,
    SYS_UNLINK = 10,
    SYS_EXECVE = 11,
    SYS_GETPID = 20,
    SYS_MOUNT = 21,
    SYS_KILL = 37,
    SYS_MKDIR = 39,
    SYS_PIPE = 42,
    SYS_GETPPID = 64,
    SYS_SIGACTION = 67,
    SYS_MMAP = 90, /* its six arguments are in memory */
    SYS_MUNMAP = 91,
    SYS_FTRUNCATE = 93,
    SYS_IOPERM = 101,
    SYS_SETITIMER = 104,
    SYS_MPROTECT = 125,
    SYS_NANOSLEEP = 162,
    SYS_MEMFD_CREATE = 356,
    SYS_CLOCK_GETTIME64 = 403,
};
enum { O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0100, O_TRUNC = 01000 };
enum { CLOCK_MONOTONIC = 1, SIGUSR1 = 10 };

static inline long call5(long n, long a, long b, long c, long d, long e)
{
    long r;
    __asm__ volatile("int $0x80"
                     : "=a"(r)
                     : "a"(n), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return r;
}

static inline long call3(long n, long a, long b, long c)
{
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
    return r;
}

static inline long call0(long n)
{
    return call3(n, 0, 0, 0);
}

/* ---- start.c ------------------------------------------------------------------------- */

/* The program's own: STACK is as the kernel leaves it, argc, argv, NULL, the environment, NULL. The
 * result is its exit status. */
int guest_main(char **stack);

_Noreturn void leave(long status);

/* The decimal number that S begins with; 0: none. */
uint32_t number(const char *s);

/* ---- print.c ------------------------------------------------------------------------- */

/* A line is put together and written in one go. */
void put(char c);
void put_text(const char *s);
void put_number(uint32_t n);
void end_line(void);

uint64_t now_ns(void);

/* The program's name, for its messages. */
extern const char *const program;

/* R of system call WHAT; ends the program with a line if it is an error. */
long must(long r, const char *what);

/* ---- the benchmark's tests ----------------------------------------------------------- */

/*
 * A test: RUN does N operations and returns the nanoseconds that they took; COUNT of them are what
 * exits are counted over. PREPARE may be NULL. A name is one word.
 */
struct test {
    const char *name;
    uint32_t count;
    uint64_t (*run)(uint32_t n);
    void (*prepare)(void);
};

/* The tests of the other files, each list ended by a row without a name. */
extern const struct test loop_tests[], call_tests[], process_tests[], memory_tests[];

#endif
