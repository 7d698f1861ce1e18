/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See netuser.h. The guest is 10.0.2.15, told so by DHCP; 10.0.2.2 is the host and reaches servers
 * on its loopback interface, 10.0.2.3 its name server. Nothing outside can connect to the guest.
 */
#define _GNU_SOURCE
#include "loader/netuser.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIBRARY    "libslirp.so.0"
#define FRAME      1600u
#define MOST_POLLS 1024u
#define MOST_MS    1000u
#define NETWORK(d) htonl(10u << 24 | 2u << 8 | (d)) /* 10.0.2.D */

/* What is used of the library. */
static struct library {
    __typeof__(slirp_new) *new;
    __typeof__(slirp_input) *input;
    __typeof__(slirp_pollfds_fill) *fill;
    __typeof__(slirp_pollfds_poll) *poll;
} lib;

static bool load(struct problem *p)
{
    void *library = dlopen(LIBRARY, RTLD_NOW);
    if (library) {
        lib.new = (__typeof__(lib.new))dlsym(library, "slirp_new");
        lib.input = (__typeof__(lib.input))dlsym(library, "slirp_input");
        lib.fill = (__typeof__(lib.fill))dlsym(library, "slirp_pollfds_fill");
        lib.poll = (__typeof__(lib.poll))dlsym(library, "slirp_pollfds_poll");
    }
    return (lib.new &&lib.input &&lib.fill &&lib.poll) ||
           problem_host(p, "--net user: " LIBRARY
                           " is not installed; on Debian: apt install libslirp0");
}

/* ---- What libslirp asks of its user --------------------------------------------- */

/* Timers are for router advertisements of IPv6, which is off. */
struct helper {
    int fd; /* the frames */
    struct pollfd polls[MOST_POLLS];
    unsigned count;
};

static ssize_t send_packet(const void *frame, size_t size, void *opaque)
{
    const struct helper *h = opaque;
    send(h->fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL); /* what finds no room is lost */
    return (ssize_t)size;
}

static void guest_error(const char *text, void *opaque)
{
    (void)text, (void)opaque;
}

static int64_t clock_get_ns(void *opaque)
{
    struct timespec t;
    (void)opaque;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void *timer_new(SlirpTimerCb call, void *with, void *opaque)
{
    (void)call, (void)with;
    return opaque;
}

static void timer_free(void *timer, void *opaque)
{
    (void)timer, (void)opaque;
}

static void timer_mod(void *timer, int64_t when, void *opaque)
{
    (void)timer, (void)when, (void)opaque;
}

static void poll_fd(int fd, void *opaque)
{
    (void)fd, (void)opaque;
}

static void notify(void *opaque)
{
    (void)opaque;
}

/* Its events are poll's with other numbers. */
static const struct {
    int slirp;
    short poll;
} events[] = {{SLIRP_POLL_IN, POLLIN},
              {SLIRP_POLL_OUT, POLLOUT},
              {SLIRP_POLL_PRI, POLLPRI},
              {SLIRP_POLL_ERR, POLLERR},
              {SLIRP_POLL_HUP, POLLHUP}};

static int add_poll(int fd, int wanted, void *opaque)
{
    struct helper *h = opaque;
    if (h->count == MOST_POLLS)
        return -1;
    struct pollfd *p = &h->polls[h->count];
    *p = (struct pollfd){.fd = fd};
    for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++)
        p->events |= wanted & events[i].slirp ? events[i].poll : 0;
    return (int)h->count++;
}

static int get_events(int index, void *opaque)
{
    const struct helper *h = opaque;
    int all = 0;
    for (unsigned i = 0; index >= 0 && i < sizeof events / sizeof events[0]; i++)
        all |= h->polls[index].revents & events[i].poll ? events[i].slirp : 0;
    return all;
}

/* ---- The helper ------------------------------------------------------------------ */

static Slirp *make(struct helper *h)
{
    static const SlirpCb calls = {
        .send_packet = send_packet,
        .guest_error = guest_error,
        .clock_get_ns = clock_get_ns,
        .timer_new = timer_new,
        .timer_free = timer_free,
        .timer_mod = timer_mod,
        .register_poll_fd = poll_fd,
        .unregister_poll_fd = poll_fd,
        .notify = notify,
    };
    const SlirpConfig config = {
        .version = 1,
        .in_enabled = true,
        .vnetwork = {NETWORK(0)},
        .vnetmask = {htonl(0xffffff00)},
        .vhost = {NETWORK(2)},
        .vdhcp_start = {NETWORK(15)},
        .vnameserver = {NETWORK(3)},
        .vhostname = "ring1-guest",
    };
    return lib.new(&config, &calls, h);
}

/* All frames that wait. False: the machine has gone. */
static bool take_frames(const struct helper *h, Slirp *slirp)
{
    uint8_t frame[FRAME];
    ssize_t n;
    while ((n = recv(h->fd, frame, sizeof frame, MSG_DONTWAIT)) > 0)
        lib.input(slirp, frame, (int)n);
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void serve(struct helper *h, Slirp *slirp)
{
    do {
        uint32_t wait = MOST_MS;
        h->polls[0] = (struct pollfd){.fd = h->fd, .events = POLLIN};
        h->count = 1;
        lib.fill(slirp, &wait, add_poll, h);
        int n = poll(h->polls, h->count, (int)(wait < MOST_MS ? wait : MOST_MS));
        lib.poll(slirp, n < 0, get_events, h);
    } while (take_frames(h, slirp));
}

/* It keeps the user's rights to connect, and its error output; no other file that is open. */
static _Noreturn void help(int fd, pid_t parent)
{
    const struct rlimit none = {0, 0};
    sigset_t signals;
    static struct helper h;
    sigemptyset(&signals);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    setrlimit(RLIMIT_FSIZE, &none);
    setrlimit(RLIMIT_CORE, &none);
    h.fd = dup2(fd, 3);
    close_range(4, ~0u, 0);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    if (getppid() != parent || h.fd != 3 || chdir("/") != 0)
        _exit(1);
    Slirp *slirp = make(&h);
    if (slirp)
        serve(&h, slirp);
    _exit(0);
}

bool netuser_start(struct netuser *n, struct problem *p)
{
    int ends[2];
    if (!load(p))
        return false;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return problem_host(p, "--net user: cannot make a socket: %s", strerror(errno));
    pid_t parent = getpid();
    n->helper = fork();
    if (n->helper == 0)
        help(ends[1], parent);
    close(ends[1]);
    n->machine = ends[0];
    fcntl(n->machine, F_SETFL, O_NONBLOCK);
    if (n->helper > 0)
        return true;
    n->helper = 0;
    return problem_host(p, "--net user: cannot make a process: %s", strerror(errno));
}

void netuser_stop(struct netuser *n)
{
    if (n->machine >= 0)
        close(n->machine);
    n->machine = -1;
    if (n->helper > 0) {
        kill(n->helper, SIGKILL);
        waitpid(n->helper, NULL, 0);
    }
    n->helper = 0;
}
