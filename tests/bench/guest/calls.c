/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * System calls that do next to nothing, and a signal to oneself.
 */
#include "tests/bench/guest/sys.h"

static int zero_fd, null_fd;
static volatile uint32_t caught;

static uint64_t null_call(uint32_t n)
{
    uint64_t start = now_ns();
    while (n--)
        call0(SYS_GETPPID);
    return now_ns() - start;
}

static void open_zero(void)
{
    zero_fd = (int)must(call3(SYS_OPEN, (long)"/dev/zero", O_RDONLY, 0), "open /dev/zero");
}

static void open_null(void)
{
    null_fd = (int)must(call3(SYS_OPEN, (long)"/dev/null", O_WRONLY, 0), "open /dev/null");
}

static uint64_t bytes(long what, int fd, uint32_t n)
{
    char c = 0;
    uint64_t start = now_ns();
    while (n--)
        must(call3(what, fd, (long)&c, 1), "read or write a byte");
    return now_ns() - start;
}

static uint64_t read_byte(uint32_t n)
{
    return bytes(SYS_READ, zero_fd, n);
}

static uint64_t write_byte(uint32_t n)
{
    return bytes(SYS_WRITE, null_fd, n);
}

static void on_signal(int signal)
{
    (void)signal;
    caught++;
}

/* The kernel's own way back from a handler, in its vDSO page: no SA_RESTORER. */
static void catch_signal(void)
{
    static struct {
        void (*handler)(int);
        uint32_t mask, flags;
        void *restorer;
    } action;
    action.handler = on_signal;
    must(call3(SYS_SIGACTION, SIGUSR1, (long)&action, 0), "sigaction");
}

static uint64_t signal_catch(uint32_t n)
{
    long self = call0(SYS_GETPID);
    uint32_t before = caught, sent = n;
    uint64_t start = now_ns();
    while (n--)
        call3(SYS_KILL, self, SIGUSR1, 0);
    uint64_t took = now_ns() - start;
    must(caught - before == sent ? 0 : -1, "signals were lost");
    return took;
}

const struct test call_tests[] = {
    {"null", 20000, null_call, 0},
    {"read", 20000, read_byte, open_zero},
    {"write", 20000, write_byte, open_null},
    {"signal", 4000, signal_catch, catch_signal},
    {0},
};
