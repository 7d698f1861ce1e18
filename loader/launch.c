/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The console's two ends are made, the emulator's files are prepared (a tool that makes them
 * runs under the same watch for signals and time-out), the emulator runs, and all is undone.
 */
#define _GNU_SOURCE /* posix_openpt and friends */
#include "loader/launch.h"

#include "loader/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* An emulator may log without end, and a guest may make it; the disk is the user's. */
#define MAX_LOG_BYTES (256ull << 20)

/* A serial port's two ends. */
struct channel {
    int ours, machine;
    char path[64];
};

struct run {
    struct launch_order *order;
    struct problem *problem;
    struct channel channel[PORTS];
    int in, out;
    struct terminal terminal;
    int null, log, errors;
    int trace; /* file of --trace-file; -1: none */
    struct logtail tail;
    int signals;
    uint64_t deadline;
};

static bool open_pty(struct channel *c, struct problem *p)
{
    c->ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (c->ours < 0 || grantpt(c->ours) != 0 || unlockpt(c->ours) != 0 ||
        ptsname_r(c->ours, c->path, sizeof c->path) != 0)
        return problem_host(p, "cannot make a pseudo-terminal: %s", strerror(errno));
    c->machine = open(c->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios t;
    if (c->machine < 0 || tcgetattr(c->machine, &t) != 0)
        return problem_host(p, "cannot open %s: %s", c->path, strerror(errno));
    cfmakeraw(&t); /* no echo of what comes before the emulator has set it up itself */
    tcsetattr(c->machine, TCSANOW, &t);
    return true;
}

static bool open_socket(struct channel *c, struct problem *p)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return problem_host(p, "cannot make a socket: %s", strerror(errno));
    c->ours = pair[0];
    c->machine = pair[1];
    return true;
}

/* What a debugger that is gone has said and the monitor not heard keeps the guest waiting: it is
 * kept here, where it can be forgotten. Of a pseudo-terminal there is never much. */
static void shorten(int fd)
{
    const int bytes = 1; /* becomes the least that there is */
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static bool open_channels(struct run *r)
{
    for (unsigned i = 0; i < PORTS; i++) {
        struct channel *c = &r->channel[i];
        r->order->machine.port[i] = (struct launch_port){NULL, -1};
        if (i == PORT_DEBUG && r->order->gdb->listens < 0)
            continue;
        if (!(r->order->on->pty ? open_pty : open_socket)(c, r->problem))
            return false;
        fcntl(c->ours, F_SETFL, O_NONBLOCK);
        r->order->machine.port[i] = (struct launch_port){c->path, c->machine};
    }
    r->order->gdb->machine = r->channel[PORT_DEBUG].ours;
    shorten(r->channel[PORT_DEBUG].ours);
    return true;
}

static bool open_user_side(struct run *r)
{
    const char *file = r->order->console_file;
    if (file) {
        r->out = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
        if (r->out < 0)
            return problem_bad(r->problem, "--console %s: cannot write it: %s", file,
                               strerror(errno));
        return true;
    }
    r->out = terminal_reopen(STDOUT_FILENO);
    if (r->out < 0)
        return problem_host(r->problem, "cannot use the standard output: %s", strerror(errno));
    bool background = isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) != getpgrp();
    r->in = background ? -1 : STDIN_FILENO; /* reading it there would stop the loader */
    return true;
}

static bool open_files(struct run *r)
{
    struct tempdir *d = r->order->machine.dir;
    r->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (r->null < 0)
        return problem_host(r->problem, "/dev/null: %s", strerror(errno));
    r->log = tempdir_create_file(d, FILE_LOG, r->problem);
    r->errors = r->log >= 0 ? tempdir_create_file(d, FILE_ERRORS, r->problem) : -1;
    return r->errors >= 0;
}

/* Where trace lines and answers go. */
static bool open_tail(struct run *r)
{
    const char *file = r->order->trace_file;
    r->tail = (struct logtail){.log = r->log, .trace = -1, .answer = STDERR_FILENO};
    if (r->order->trace && !file)
        r->tail.trace = STDERR_FILENO;
    if (!file)
        return true;
    r->trace = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
    if (r->trace < 0)
        return problem_bad(r->problem, "--trace-file %s: cannot write it: %s", file,
                           strerror(errno));
    r->tail.trace = r->trace;
    return true;
}

static void wait_for(struct run *r, pid_t child, struct relay_result *result)
{
    bool raw = r->terminal.raw;
    struct relay relay = {
        .child = child,
        .guest = r->channel[PORT_CONSOLE].ours,
        .control = r->channel[PORT_CONTROL].ours,
        .gdb = r->order->gdb,
        .in = r->in,
        .out = r->out,
        .chords = raw,
        .terminal = &r->terminal,
        .screen = r->order->screen,
        .signals = r->signals,
        .deadline = r->deadline,
        .log = raw || r->order->trace ? &r->tail : NULL,
    };
    r->tail.answer_raw = raw;
    r->tail.trace_raw = raw && r->trace < 0;
    result->end = relay_run(&relay, &result->signal, &result->status);
    if (result->end != RELAY_CHILD_ENDED)
        command_kill(child);
}

/* Runs the emulator's tool if it has one. True with END other than RELAY_CHILD_ENDED: the user
 * or the clock has ended it all. */
static bool run_tool(struct run *r, const struct command *tool, struct relay_result *result)
{
    struct tool_place place = {
        .dir = r->order->machine.dir,
        .null = r->null,
        .errors = r->errors,
        .signals = r->signals,
        .deadline = r->deadline,
    };
    result->end = RELAY_CHILD_ENDED;
    return tool->count == 0 || tool_run(tool, &place, result, r->problem);
}

static void close_machine_ends(struct run *r)
{
    for (unsigned i = 0; i < PORTS; i++) {
        if (r->channel[i].machine >= 0)
            close(r->channel[i].machine);
        r->channel[i].machine = -1;
    }
}

/* Serial ports, where they are sockets, and where it reaches them itself its disks, which it may
 * write to their ends. */
static void keep_descriptors(const struct run *r, struct command_place *place)
{
    const struct disks *disks = r->order->machine.disks;
    for (unsigned i = 0; i < PORTS && !r->order->on->pty; i++)
        place->keep[place->kept++] = r->channel[i].machine;
    if (r->order->machine.net >= 0)
        place->keep[place->kept++] = r->order->machine.net;
    for (unsigned i = 0; disks && r->order->on->own_disks && i < disks->count; i++) {
        unsigned long long bytes = disks->file[i].sectors * 512;
        place->keep[place->kept++] = disks->file[i].fd;
        if (bytes > place->max_file)
            place->max_file = bytes;
    }
}

static bool run_emulator(struct run *r, const struct command *c, struct relay_result *result)
{
    bool log_is_output = r->order->on->log_is_output, no_image = r->order->on->no_image;
    uint64_t memory = (uint64_t)r->order->machine.memory_mib << 20; /* a file of the process host */
    const struct tempdir *dir = r->order->machine.dir;
    struct command_place place = {
        .directory = no_image ? "/" : dir->path,
        .in = no_image ? tempdir_file(dir, FILE_PLAN) : r->null,
        .out = log_is_output ? r->log : r->errors,
        .err = r->errors,
        .max_file = MAX_LOG_BYTES + (no_image ? memory : 0),
    };
    keep_descriptors(r, &place);
    pid_t child = command_start(c, &place, r->problem);
    if (child < 0)
        return false;
    if (!r->order->on->pty) /* only the emulator shall hold its ends: its death is our EOF */
        close_machine_ends(r);
    if (r->in >= 0)
        terminal_raw(&r->terminal, r->in);
    wait_for(r, child, result);
    terminal_restore(&r->terminal);
    return true;
}

static bool run_all(struct run *r, struct relay_result *result)
{
    struct command tool = {0}, emulator = {0};
    const struct emulator *on = r->order->on;
    bool ok = on->prepare(&r->order->machine, &tool, r->problem) && run_tool(r, &tool, result);
    if (ok && result->end == RELAY_CHILD_ENDED) {
        on->arguments(&r->order->machine, &emulator);
        ok = command_add_words(&emulator, r->order->host_args, r->problem) &&
             run_emulator(r, &emulator, result);
    }
    command_free(&tool);
    command_free(&emulator);
    return ok;
}

static void close_all(struct run *r)
{
    const int fds[] = {r->channel[PORT_CONSOLE].ours,
                       r->channel[PORT_CONTROL].ours,
                       r->channel[PORT_DEBUG].ours,
                       r->out,
                       r->null,
                       r->log,
                       r->errors,
                       r->trace};
    close_machine_ends(r);
    for (unsigned i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

bool launch_run(struct launch_order *o, struct relay_result *result, struct problem *p)
{
    struct run r = {
        .order = o,
        .problem = p,
        .channel = {{-1, -1, ""}, {-1, -1, ""}, {-1, -1, ""}},
        .trace = -1,
        .in = -1,
        .out = -1,
        .null = -1,
        .log = -1,
        .errors = -1,
        .signals = o->signals,
    };
    if (o->timeout)
        r.deadline = relay_now() + (uint64_t)o->timeout * 1000;
    *result = (struct relay_result){0};
    bool ok = open_channels(&r) && open_user_side(&r) && open_files(&r) && open_tail(&r) &&
              run_all(&r, result);
    close_all(&r);
    return ok;
}
