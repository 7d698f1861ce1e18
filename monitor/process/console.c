/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See console.h. Output is gathered to lines; input raises SIGIO, so that a running guest hears of
 * it at once.
 */
#define _GNU_SOURCE
#include "monitor/process/console.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "monitor/process/sys.h"

static struct process_io io = {.console = -1, .control = -1, .debug = -1, .log = -1};
static uint8_t out[1024], in[256];
static size_t out_len, in_at, in_len;

/* The other side is the loader, which reads on. */
void process_write_all(int fd, const void *from, size_t len)
{
    const uint8_t *at = from;
    while (len) {
        int64_t n = sys_call6(__NR_write, (uint64_t)fd, (uint64_t)at, len, 0, 0, 0);
        if (n < 0 && n != -EINTR)
            return; /* nobody is there any more */
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

void process_signal_input(int fd)
{
    fcntl(fd, F_SETOWN, getpid());
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

/* What is typed before there is a handler (signal.c) must not end the process. */
void process_console_init(const struct process_io *given)
{
    io = *given;
    signal(SIGIO, SIG_IGN);
    if (io.console >= 0)
        process_signal_input(io.console);
}

void process_console_flush(void)
{
    process_write_all(io.console, out, out_len);
    out_len = 0;
}

void host_console_put(uint8_t c)
{
    out[out_len++] = c;
    if (c == '\n' || out_len == sizeof out)
        process_console_flush();
}

int64_t process_receive(int fd, void *to, size_t size)
{
    enum { DONTWAIT = 0x40 };
    int64_t n = sys_call6(__NR_recvfrom, (uint64_t)fd, (uint64_t)to, size, DONTWAIT, 0, 0);
    if (n == -EAGAIN || n == -EINTR)
        return 0;
    return n == 0 ? -1 : n;
}

int host_console_get(void)
{
    if (in_at < in_len)
        return in[in_at++];
    if (out_len)
        process_console_flush();
    int64_t n = io.console < 0 ? 0 : process_receive(io.console, in, sizeof in);
    in_at = 0;
    in_len = n > 0 ? (size_t)n : 0;
    return n > 0 ? in[in_at++] : -1;
}

int process_console_fd(void)
{
    return io.console;
}

int host_request(void)
{
    uint8_t c;
    return io.control >= 0 && process_receive(io.control, &c, 1) == 1 ? c : -1;
}

void host_log_write(const char *text, size_t len)
{
    process_write_all(io.log, text, len);
}

_Noreturn void host_exit(int status)
{
    process_console_flush();
    for (;;)
        sys_call6(__NR_exit_group, (uint64_t)status, 0, 0, 0, 0, 0);
}
