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

struct run {
    struct launch_order *order;
    struct problem *problem;
    int guest, machine; /* the console's ends: ours, and the emulator's */
    int in, out;
    struct terminal terminal;
    int null, log, errors;
    int signals;
    uint64_t deadline;
    char console[64];
};

static bool open_pty(struct run *r)
{
    r->guest = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (r->guest < 0 || grantpt(r->guest) != 0 || unlockpt(r->guest) != 0 ||
        ptsname_r(r->guest, r->console, sizeof r->console) != 0)
        return problem_host(r->problem, "cannot make a pseudo-terminal: %s", strerror(errno));
    r->machine = open(r->console, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios t;
    if (r->machine < 0 || tcgetattr(r->machine, &t) != 0)
        return problem_host(r->problem, "cannot open %s: %s", r->console, strerror(errno));
    cfmakeraw(&t); /* no echo of what comes before the emulator has set it up itself */
    tcsetattr(r->machine, TCSANOW, &t);
    return true;
}

static bool open_socket(struct run *r)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return problem_host(r->problem, "cannot make a socket: %s", strerror(errno));
    r->guest = pair[0];
    r->machine = pair[1];
    return true;
}

static bool open_console(struct run *r)
{
    if (!(r->order->on->pty ? open_pty(r) : open_socket(r)))
        return false;
    fcntl(r->guest, F_SETFL, O_NONBLOCK);
    r->order->machine.console = r->console;
    r->order->machine.console_fd = r->machine;
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
    const struct tempdir *d = r->order->machine.dir;
    r->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (r->null < 0)
        return problem_host(r->problem, "/dev/null: %s", strerror(errno));
    r->log = tempdir_create_file(d, FILE_LOG, r->problem);
    r->errors = r->log >= 0 ? tempdir_create_file(d, FILE_ERRORS, r->problem) : -1;
    return r->errors >= 0;
}

static void wait_for(const struct run *r, pid_t child, struct relay_result *result)
{
    struct relay relay = {
        .child = child,
        .guest = r->guest,
        .in = r->in,
        .out = r->out,
        .chords = r->terminal.raw,
        .screen = r->order->screen,
        .signals = r->signals,
        .deadline = r->deadline,
    };
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

static bool run_emulator(struct run *r, const struct command *c, struct relay_result *result)
{
    bool log_is_output = r->order->on->log_is_output;
    struct command_place place = {
        .directory = r->order->machine.dir->path,
        .in = r->null,
        .out = log_is_output ? r->log : r->errors,
        .err = r->errors,
        .keep = r->order->on->pty ? -1 : r->machine,
        .max_file = MAX_LOG_BYTES,
    };
    pid_t child = command_start(c, &place, r->problem);
    if (child < 0)
        return false;
    if (!r->order->on->pty) { /* only the emulator shall hold its end: its death is our EOF */
        close(r->machine);
        r->machine = -1;
    }
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

static void close_all(const struct run *r)
{
    const int fds[] = {r->guest, r->machine, r->out, r->null, r->log, r->errors};
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
        .guest = -1,
        .machine = -1,
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
    bool ok = open_console(&r) && open_user_side(&r) && open_files(&r) && run_all(&r, result);
    close_all(&r);
    return ok;
}
