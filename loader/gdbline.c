/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See gdbline.h.
 */
#define _GNU_SOURCE /* accept4 */
#include "loader/gdbline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the machine has been given cannot be taken back, and it answers all of it: a kilobyte to
 * five characters, over a serial port. So it is given little at a time. */
#define SIP 256u

enum slot { SLOT_LISTENS, SLOT_CLIENT, SLOT_MACHINE };

/* Whatever the monitor has of a packet that was cut off, it ends here, with a wrong sum; the first
 * # may be taken for an escaped character. */
static const char gone[] = "##00" PLAN_GDB_GONE_PACKET;

void gdbline_none(struct gdbline *g)
{
    g->listens = g->client = g->machine = -1;
    g->clean = g->open = g->leaves = false;
    g->to_machine.start = g->to_machine.end = 0;
    g->to_client.start = g->to_client.end = 0;
}

/* So that what is left of closed connections does not keep the port from the next one. */
static bool share_port(int fd)
{
    const int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
}

/* Two that share the port would not see one another before one of them listens: at first it is
 * asked for alone. */
static bool bind_port(int fd, unsigned port)
{
    struct sockaddr_in here = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (bind(fd, (const struct sockaddr *)&here, sizeof here) == 0)
        return true;
    return errno == EADDRINUSE && share_port(fd) &&
           bind(fd, (const struct sockaddr *)&here, sizeof here) == 0;
}

bool gdbline_open(struct gdbline *g, unsigned port, struct problem *p)
{
    g->listens = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (g->listens < 0)
        return problem_host(p, "--gdb %u: cannot make a socket: %s", port, strerror(errno));
    if (!bind_port(g->listens, port))
        return problem_host(p, "--gdb %u: cannot listen on 127.0.0.1:%u: %s; try another port",
                            port, port, strerror(errno));
    return true;
}

void gdbline_close(struct gdbline *g)
{
    if (g->listens >= 0)
        close(g->listens);
    if (g->client >= 0)
        close(g->client);
    g->listens = g->client = -1;
}

/* Is somebody who connects to be answered now? */
static bool may_come(const struct gdbline *g)
{
    return g->open && !g->leaves && (g->clean || g->client >= 0);
}

static void want(struct pollfd *pfd, int fd, int events)
{
    *pfd = (struct pollfd){.fd = events ? fd : -1, .events = (short)events};
}

void gdbline_prepare(const struct gdbline *g, struct pollfd pfd[GDBLINE_POLLS])
{
    bool full = !buffer_is_empty(&g->to_machine), owed = !buffer_is_empty(&g->to_client);
    want(&pfd[SLOT_LISTENS], g->listens, may_come(g) ? POLLIN : 0);
    want(&pfd[SLOT_CLIENT], g->client, (full ? 0 : POLLIN) | (owed ? POLLOUT : 0));
    want(&pfd[SLOT_MACHINE], g->machine, (owed ? 0 : POLLIN) | (full ? POLLOUT : 0));
}

/* Has the other side closed FD? What it sent before need not have been read for that. */
static bool hung_up(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state != TCP_ESTABLISHED;
}

/* A second one is sent away at once: it would wait for an answer that cannot come. But it waits if
 * the first has gone and that is all but over. */
static void let_in(struct gdbline *g)
{
    const int on = 1;
    g->leaves = g->client >= 0 && hung_up(g->client);
    if (g->leaves)
        return;
    int fd = accept4(g->listens, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (g->client >= 0) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    g->client = fd;
}

static void put_gone(struct gdbline *g)
{
    g->to_machine.start = 0;
    g->to_machine.end = sizeof gone - 1;
    memcpy(g->to_machine.data, gone, sizeof gone - 1);
}

/* A connection that was closed is seen when all that came by it has been passed on. Of one that was
 * broken off, what has not been counts no more. */
static void lose_client(struct gdbline *g)
{
    close(g->client);
    g->client = -1;
    g->clean = g->leaves = false;
    g->again = 0;
    g->to_client.start = g->to_client.end = 0;
    put_gone(g);
}

bool gdbline_waits(const struct gdbline *g)
{
    return g->open && !g->clean && g->client < 0;
}

/* A serial port may lose what comes while nobody looks at it. */
static void repeat(struct gdbline *g, uint64_t now)
{
    if (!gdbline_waits(g) || !buffer_is_empty(&g->to_machine) || now < g->again)
        return;
    if (g->again)
        put_gone(g);
    g->again = now + GDBLINE_MS;
}

static void serve_client(struct gdbline *g, short events)
{
    bool there = true;
    if (!events)
        return;
    if (events & POLLOUT)
        there = buffer_drain(&g->to_client, g->client, BUFFER_DRAIN);
    if (there && buffer_is_empty(&g->to_machine) && events & (POLLIN | POLLHUP | POLLERR))
        there = buffer_fill(&g->to_machine, g->client, BUFFER_SIZE);
    else if (events & POLLERR)
        there = false;
    if (!there)
        lose_client(g);
}

/* The machine is there. gdb tries again for a while where nobody listens; where somebody does, it
 * wants an answer within two seconds, which is less than some machines take to start. */
static void open_port(struct gdbline *g)
{
    static const char trouble[] = "\r\nring1: --gdb: another program took the port\r\n";
    g->open = true;
    if ((listen(g->listens, 4) != 0 || !share_port(g->listens)) &&
        write(STDERR_FILENO, trouble, sizeof trouble - 1) < 0)
        g->open = false;
}

/* With nobody there, all is dropped, and the byte that says "clean" looked for. */
static void take_from_machine(struct gdbline *g)
{
    struct buffer *b = &g->to_client;
    if (!buffer_fill(b, g->machine, BUFFER_SIZE)) {
        g->machine = -1;
        return;
    }
    if (g->client >= 0)
        return;
    g->clean |= memchr(b->data, PLAN_GDB_CLEAN, b->end) != NULL;
    b->start = b->end = 0;
    if (g->clean && !g->open)
        open_port(g);
}

static void serve_machine(struct gdbline *g, short events)
{
    if (events & POLLOUT && !buffer_drain(&g->to_machine, g->machine, SIP))
        g->to_machine.start = g->to_machine.end;
    if (buffer_is_empty(&g->to_client) && events & (POLLIN | POLLHUP | POLLERR))
        take_from_machine(g);
}

void gdbline_serve(struct gdbline *g, const struct pollfd pfd[GDBLINE_POLLS], uint64_t now)
{
    if (pfd[SLOT_CLIENT].fd >= 0)
        serve_client(g, pfd[SLOT_CLIENT].revents);
    if (pfd[SLOT_MACHINE].fd >= 0)
        serve_machine(g, pfd[SLOT_MACHINE].revents);
    if (pfd[SLOT_LISTENS].revents & POLLIN && may_come(g))
        let_in(g);
    repeat(g, now);
}

void gdbline_finish(struct gdbline *g)
{
    while (g->client >= 0) {
        if (buffer_is_empty(&g->to_client) &&
            (g->machine < 0 || !buffer_fill(&g->to_client, g->machine, BUFFER_SIZE) ||
             buffer_is_empty(&g->to_client)))
            return;
        size_t start = g->to_client.start;
        if (!buffer_drain(&g->to_client, g->client, BUFFER_DRAIN) || g->to_client.start == start)
            return;
    }
}
