/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Processes: made, replaced, talked to. The other program is tiny.c.
 */
#include "tests/bench/guest/sys.h"

static void reap(long child)
{
    int status = 0;
    must(call3(SYS_WAITPID, child, (long)&status, 0), "waitpid");
    must(status == 0 ? 0 : -1, "a child failed");
}

static uint64_t fork_exit(uint32_t n)
{
    uint64_t start = now_ns();
    while (n--) {
        long child = must(call0(SYS_FORK), "fork");
        if (!child)
            leave(0);
        reap(child);
    }
    return now_ns() - start;
}

static _Noreturn void become_tiny(void)
{
    static char path[] = "/bin/ring1-tiny";
    char *argv[] = {path, 0}, *envp[] = {0};
    call3(SYS_EXECVE, (long)path, (long)argv, (long)envp);
    leave(1);
}

static uint64_t fork_exec(uint32_t n)
{
    uint64_t start = now_ns();
    while (n--) {
        long child = must(call0(SYS_FORK), "fork");
        if (!child)
            become_tiny();
        reap(child);
    }
    return now_ns() - start;
}

/* ---- Pipes --------------------------------------------------------------------------------- */

static int there[2], back[2];

static void open_pipes(void)
{
    must(call3(SYS_PIPE, (long)there, 0, 0), "pipe");
    must(call3(SYS_PIPE, (long)back, 0, 0), "pipe");
}

static void send(int fd)
{
    char c = 'x';
    must(call3(SYS_WRITE, fd, (long)&c, 1) == 1 ? 0 : -1, "write to a pipe");
}

static void receive(int fd)
{
    char c;
    must(call3(SYS_READ, fd, (long)&c, 1) == 1 ? 0 : -1, "read from a pipe");
}

/* A byte written and read in one process: nobody sleeps. */
static uint64_t pipe_alone(uint32_t n)
{
    uint64_t start = now_ns();
    while (n--) {
        send(there[1]);
        receive(there[0]);
    }
    return now_ns() - start;
}

/* A byte there and back between two processes: two switches. */
static uint64_t ping_pong(uint32_t n)
{
    long child = must(call0(SYS_FORK), "fork");
    if (!child) {
        for (uint32_t i = 0; i < n + 1; i++) {
            receive(there[0]);
            send(back[1]);
        }
        leave(0);
    }
    send(there[1]);
    receive(back[0]);
    uint64_t start = now_ns();
    for (uint32_t i = 0; i < n; i++) {
        send(there[1]);
        receive(back[0]);
    }
    uint64_t took = now_ns() - start;
    reap(child);
    return took;
}

const struct test process_tests[] = {
    {"fork-exit", 200, fork_exit, 0},
    {"fork-exec", 200, fork_exec, 0},
    {"pipe", 10000, pipe_alone, open_pipes},
    {"pingpong", 3000, ping_pong, 0},
    {0},
};
