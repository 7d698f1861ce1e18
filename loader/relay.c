/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads only when what was read before has been written on: a guest that talks faster than
 * its reader listens is slowed down, and nothing piles up here.
 */
#include "loader/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define QUIET_MS                                                                                   \
    50 /* a pseudo-terminal hands on its last bytes a moment after the writer's end                \
        */

enum slot {
    SLOT_SIGNALS,
    SLOT_GUEST,
    SLOT_IN,
    SLOT_OUT,
    SLOT_GDB,
    SLOTS = SLOT_GDB + GDBLINE_POLLS
};

struct loop {
    const struct relay *r;
    struct buffer to_user, to_guest;
    struct chord chord;
    bool guest_ended, in_ended, child_ended;
    int child_status, signal;
    uint64_t next_look; /* at the log */
};

uint64_t relay_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int relay_signals(struct problem *p)
{
    static const int awaited[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGTSTP, SIGCONT};
    sigset_t set;
    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof awaited / sizeof awaited[0]; i++)
        sigaddset(&set, awaited[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* who started us may have had it ignored: nothing to wait for then */
    int fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (fd < 0)
        problem_host(p, "signalfd: %s", strerror(errno));
    return fd;
}

static void want(struct pollfd *pfd, int fd, short events)
{
    *pfd = (struct pollfd){.fd = events ? fd : -1, .events = events};
}

/* Is the user's terminal the shell's just now? A shell that brings the loader to the foreground
 * does not always say so. */
static bool is_away(const struct loop *l)
{
    struct terminal *t = l->r->terminal;
    if (t && t->wanted && !t->raw)
        terminal_resume(t);
    return t && t->wanted && !t->raw;
}

static void prepare(const struct loop *l, struct pollfd pfd[SLOTS])
{
    const struct relay *r = l->r;
    short guest = 0;
    if (!l->guest_ended && buffer_is_empty(&l->to_user))
        guest |= POLLIN;
    if (!l->guest_ended && !buffer_is_empty(&l->to_guest))
        guest |= POLLOUT;
    want(&pfd[SLOT_SIGNALS], r->signals, POLLIN);
    want(&pfd[SLOT_GUEST], r->guest, guest);
    bool deaf = l->in_ended || !buffer_is_empty(&l->to_guest) || is_away(l);
    want(&pfd[SLOT_IN], r->in, deaf ? 0 : POLLIN);
    want(&pfd[SLOT_OUT], r->out, buffer_is_empty(&l->to_user) ? 0 : POLLOUT);
    for (unsigned i = SLOT_GDB; i < SLOTS; i++)
        want(&pfd[i], -1, 0);
    if (r->gdb)
        gdbline_prepare(r->gdb, &pfd[SLOT_GDB]);
}

/* -1: there is no need to wake. */
static int longest_sleep(const struct loop *l)
{
    if (l->r->log)
        return RELAY_LOG_MS;
    return l->r->gdb && gdbline_waits(l->r->gdb) ? GDBLINE_MS : -1;
}

/* How long poll may sleep: to the deadline, to the next look at the log, shortly while a dead
 * child's last output is fetched. */
static int sleep_ms(const struct loop *l)
{
    int at_most = longest_sleep(l);
    uint64_t longest = at_most < 0 ? 60000 : (uint64_t)at_most, now = relay_now();
    if (l->child_ended && !l->guest_ended && buffer_is_empty(&l->to_user))
        return QUIET_MS;
    if (!l->r->deadline)
        return at_most;
    if (now >= l->r->deadline)
        return 0;
    uint64_t left = l->r->deadline - now;
    return (int)(left > longest ? longest : left);
}

/* A guest that floods its console must not keep the log waiting, nor be slowed down by it. */
static void look_at_log(struct loop *l)
{
    if (!l->r->log || relay_now() < l->next_look)
        return;
    logtail_poll(l->r->log);
    l->next_look = relay_now() + RELAY_LOG_MS;
}

static void look_for_child(struct loop *l)
{
    if (l->child_ended || waitpid(l->r->child, &l->child_status, WNOHANG) == 0)
        return;
    l->child_ended = true;
    l->in_ended = true;
}

static void tell(struct loop *l, const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        l->in_ended = true;
}

static void take_screen(struct loop *l)
{
    struct problem p = {EXIT_HOST_TROUBLE, "no --screen FILE was given"};
    char text[sizeof p.text + 20];
    if (l->r->screen && l->r->screen->path && screenfile_update(l->r->screen, &p))
        snprintf(p.text, sizeof p.text, "the screen is in %s", l->r->screen->path);
    problem_make_printable(p.text);
    snprintf(text, sizeof text, "\r\n[%s]\r\n", p.text);
    tell(l, text);
}

/* A request is one byte; if the monitor has not taken the last ones the line is full, and this one
 * is dropped. */
static void heed_chord(struct loop *l, enum chord_event event)
{
    static const uint8_t requests[] = {[CHORD_STATS] = PLAN_REQUEST_STATS};
    if (event == CHORD_HELP)
        tell(l, CHORD_HELP_TEXT);
    if (event == CHORD_SCREEN)
        take_screen(l);
    if (event >= CHORD_STATS && l->r->control >= 0 &&
        write(l->r->control, &requests[event], 1) < 0 && errno != EAGAIN)
        l->in_ended = true;
}

/* From the user to the guest's buffer. True: the user wants to leave. */
static bool take_input(struct loop *l)
{
    struct buffer typed = {.start = 0};
    enum chord_event event = CHORD_NONE;
    if (!buffer_fill(&typed, l->r->in, BUFFER_SIZE / 2 - 2))
        l->in_ended = true;
    l->to_guest.start = 0;
    if (!l->r->chords) {
        memcpy(l->to_guest.data, typed.data, typed.end);
        l->to_guest.end = typed.end;
        return false;
    }
    l->to_guest.end = chord_feed(&l->chord, typed.data, typed.end, l->to_guest.data, &event);
    heed_chord(l, event);
    return event == CHORD_LEAVE;
}

static void serve_guest(struct loop *l, short events)
{
    if (events & POLLOUT && !buffer_drain(&l->to_guest, l->r->guest, BUFFER_DRAIN))
        l->to_guest.start = l->to_guest.end; /* nobody there to read it */
    if (buffer_is_empty(&l->to_user) && events & (POLLIN | POLLHUP | POLLERR) &&
        !buffer_fill(&l->to_user, l->r->guest, BUFFER_SIZE))
        l->guest_ended = true;
}

/* It is in a session of its own, which no shell stops. */
static void signal_child(const struct loop *l, int number)
{
    if (!l->child_ended)
        kill(-l->r->child, number);
}

/* The loader was continued, by whatever it was stopped. */
static void resume(const struct loop *l)
{
    signal_child(l, SIGCONT);
    if (l->r->terminal)
        terminal_resume(l->r->terminal);
}

/* Stops as who does not heed the signal: not at all where nobody is there to continue the loader
 * (an orphaned process group). */
static void pause_all(const struct loop *l)
{
    sigset_t set;
    if (l->r->terminal)
        terminal_restore(l->r->terminal);
    signal_child(l, SIGSTOP);
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    resume(l);
}

/* True: one of those that end the loader. */
static bool take_signal(struct loop *l)
{
    struct signalfd_siginfo info;
    if (read(l->r->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    switch (info.ssi_signo) {
    case SIGCHLD:
        look_for_child(l);
        return false;
    case SIGTSTP:
        pause_all(l);
        return false;
    case SIGCONT:
        resume(l);
        return false;
    }
    l->signal = (int)info.ssi_signo;
    return true;
}

static bool finished(const struct loop *l)
{
    return l->child_ended && (l->guest_ended || l->r->guest < 0) && buffer_is_empty(&l->to_user);
}

/* One round. True: over, for the reason in *END. */
static bool step(struct loop *l, enum relay_end *end)
{
    struct pollfd pfd[SLOTS];
    prepare(l, pfd);
    int n = poll(pfd, SLOTS, sleep_ms(l));
    look_at_log(l);
    if (n < 0)
        return false;
    *end = RELAY_SIGNAL;
    if (pfd[SLOT_SIGNALS].revents && take_signal(l))
        return true;
    if (n == 0 && l->child_ended && buffer_is_empty(&l->to_user)) /* after QUIET_MS */
        l->guest_ended = true; /* nothing left, and nobody to send more */
    serve_guest(l, pfd[SLOT_GUEST].revents);
    if (l->r->gdb)
        gdbline_serve(l->r->gdb, &pfd[SLOT_GDB], relay_now());
    *end = RELAY_LEFT;
    if (pfd[SLOT_IN].revents && take_input(l))
        return true;
    *end = RELAY_OUTPUT_LOST;
    if (pfd[SLOT_OUT].revents && !buffer_drain(&l->to_user, l->r->out, BUFFER_DRAIN)) {
        l->signal = errno;
        return true;
    }
    *end = RELAY_CHILD_ENDED;
    if (finished(l))
        return true;
    *end = RELAY_TIMEOUT;
    return l->r->deadline && relay_now() >= l->r->deadline;
}

enum relay_end relay_run(const struct relay *r, int *signal, int *child_status)
{
    struct loop l = {.r = r, .guest_ended = r->guest < 0, .in_ended = r->in < 0};
    enum relay_end end = RELAY_CHILD_ENDED;
    look_for_child(&l); /* its SIGCHLD may have gone to an earlier wait */
    while (!step(&l, &end))
        ;
    if (r->log)
        logtail_poll(r->log);
    if (r->gdb)
        gdbline_finish(r->gdb);
    *signal = l.signal;
    *child_status = l.child_status;
    return end;
}
