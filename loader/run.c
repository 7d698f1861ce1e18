/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 run: the guest's boot plan is made, the monitor runs with it on an emulator, and the
 * user is told how that ended.
 */
#include "loader/action.h"
#include "loader/guest.h"
#include "loader/launch.h"
#include "loader/netuser.h"
#include "loader/profilefile.h"
#include "loader/verdict.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MONITOR_MIB 96u /* the monitor, its tables and the translation cache */
#define LOG_SHOWN   (16u << 20)
#define ERROR_LINES 50u /* a sanitizer's report */
#define FORBIDDEN_CALL                                                                             \
    "the machine's process was ended for a system call that its filter forbids (SIGSYS); a guest " \
    "that does this to it has broken the translator: please report it"

struct session {
    const struct options *o;
    struct guest guest;
    uint64_t started;
    struct screenfile screen;
    struct gdbline gdb;
    struct netuser net;
    struct profilefile profile;
    struct relay_result result;
    char end[400]; /* how it ended, in a line */
};

/* Who sits at a terminal is told what runs on what, and how to leave. */
static void announce(const struct session *s)
{
    if (s->o->console || !isatty(STDIN_FILENO))
        return;
    fprintf(stderr, "ring1: %s, %u MiB, under Ring1 %s; leave with Ctrl-A x\n",
            input_base_name(s->o->kernel), s->o->memory_mib, s->o->on->place);
}

static void announce_disks(const struct session *s)
{
    for (unsigned i = 0; i < s->guest.disks.count && !s->o->on->own_disks; i++) {
        const struct diskfile *f = &s->guest.disks.file[i];
        if (!f->read_only)
            fprintf(
                stderr,
                "ring1: --disk %s: on %s the guest has a copy of it, and what it writes is lost "
                "at the end; --on qemu and --on process write the file\n",
                f->path, s->o->on->title);
    }
}

static void announce_gdb(const struct options *o)
{
    if (o->gdb_port)
        fprintf(stderr, "ring1: %s gdb on port %u: target remote localhost:%u\n",
                o->gdb_nowait ? "listening for" : "the guest waits for", o->gdb_port, o->gdb_port);
}

static bool memory_allowed(const struct options *o, uint32_t beside, struct problem *p)
{
    uint32_t most = o->on->memory_max_mib;
    if (!most || o->memory_mib + beside <= most)
        return true;
    return problem_bad(
        p,
        "--memory %uM: %s has machines of at most %u MiB, of which the monitor needs %u; "
        "ask for at most %uM, or run it on %s",
        o->memory_mib, o->on->title, most, beside, most - beside, emulator_default()->name);
}

static bool launch(struct session *s, struct problem *p)
{
    uint32_t beside = (s->guest.plan_size >> 20) + 1 + MONITOR_MIB;
    struct launch_order order = {
        .on = s->o->on,
        .machine =
            {
                .dir = &s->guest.dir,
                .monitor = s->guest.monitor,
                .memory_mib = s->o->memory_mib * (s->o->lockstep ? 2u : 1u) + beside,
                .disks = &s->guest.disks,
                .net_user = s->o->net,
                .net = s->net.machine,
                .unconfined = s->o->no_confine,
            },
        .host_args = s->o->host_args,
        .console_file = s->o->console,
        .screen = &s->screen,
        .gdb = &s->gdb,
        .trace = s->o->trace != 0,
        .trace_file = s->o->trace_file,
        .timeout = s->o->timeout,
        .signals = s->guest.signals,
    };
    if (!memory_allowed(s->o, beside, p))
        return false;
    announce(s);
    announce_disks(s);
    announce_gdb(s->o);
    s->started = relay_now();
    return launch_run(&order, &s->result, p);
}

static void summary(struct session *s, const char *name, const char *reason)
{
    uint64_t ms = relay_now() - s->started;
    snprintf(s->end, sizeof s->end, "%s: %s", name, reason);
    fprintf(stderr, "ring1: %s: %s (%s, %u MiB, %llu.%llu s)\n", name, reason, s->o->on->title,
            s->o->memory_mib, (unsigned long long)ms / 1000, (unsigned long long)ms / 100 % 10);
}

static void describe_end(int status, char *out, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(out, size, "was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(out, size, "ended with status %d", WEXITSTATUS(status));
}

/* No result in the log: the emulator did not start properly, or it or the monitor broke down. */
static int unexplained_end(struct session *s, const char *log)
{
    if (WIFSIGNALED(s->result.status) && WTERMSIG(s->result.status) == SIGSYS) {
        summary(s, "host-trouble", FORBIDDEN_CALL);
        return EXIT_HOST_TROUBLE;
    }
    char how[100], reason[200];
    char *errors = tempdir_read_tail(&s->guest.dir, FILE_ERRORS, LOG_SHOWN);
    describe_end(s->result.status, how, sizeof how);
    snprintf(reason, sizeof reason, "%s %s before the monitor gave a result", s->o->on->title, how);
    summary(s, "host-trouble", reason);
    if (errors)
        verdict_print_tail(stderr, errors, ERROR_LINES, "  its errors: ");
    if (!s->o->verbose)
        verdict_print_tail(stderr, log, 10, "  log: ");
    free(errors);
    return EXIT_HOST_TROUBLE;
}

static int explained_end(struct session *s, const struct verdict *v, const char *log)
{
    if (s->o->stats)
        verdict_print_stats(stderr, log);
    summary(s, v->name, v->reason);
    verdict_print_report(stderr, log);
    if (v->status == EXIT_HOST_TROUBLE && strcmp(v->name, "host-refused") && !s->o->verbose)
        verdict_print_tail(stderr, log, 10, "  log: ");
    return (int)v->status;
}

static int child_ended(struct session *s, const char *log)
{
    struct verdict v;
    return verdict_find(log, &v) ? explained_end(s, &v, log) : unexplained_end(s, log);
}

static int timed_out(struct session *s)
{
    char reason[100];
    snprintf(reason, sizeof reason, "the guest still ran after --timeout %u", s->o->timeout);
    summary(s, "time-out", reason);
    return EXIT_TIMEOUT;
}

static int judge(struct session *s)
{
    char *log = tempdir_read_tail(&s->guest.dir, FILE_LOG, LOG_SHOWN);
    int status = EXIT_HOST_TROUBLE;
    struct problem p;
    if (!screenfile_update(&s->screen, &p))
        fprintf(stderr, "ring1: %s\n", p.text);
    if (s->o->verbose && log)
        verdict_print_tail(stderr, log, 0, "  log: ");
    switch (s->result.end) {
    case RELAY_CHILD_ENDED:
        status = child_ended(s, log ? log : "");
        break;
    case RELAY_TIMEOUT:
        status = timed_out(s);
        break;
    case RELAY_LEFT:
        summary(s, "left", "you typed Ctrl-A x; the guest was switched off");
        status = EXIT_GUEST_OFF;
        break;
    case RELAY_SIGNAL:
        summary(s, "ended", strsignal(s->result.signal));
        break;
    case RELAY_OUTPUT_LOST:
        summary(s, "host-trouble: cannot write the console's output", strerror(s->result.signal));
        break;
    }
    free(log);
    return status;
}

static uint32_t plan_flags(const struct options *o)
{
    return (o->stats ? PLAN_STATS : 0u) | (o->count ? PLAN_COUNT : 0u) |
           (o->screen ? PLAN_SCREEN : 0u) | (o->perf_map ? PLAN_PERF_MAP : 0u) |
           (o->gdb_port ? PLAN_GDB : 0u) | (o->gdb_port && !o->gdb_nowait ? PLAN_GDB_WAIT : 0u) |
           (o->net ? PLAN_NET : 0u) | (o->mmio ? PLAN_VIRTIO_MMIO : 0u) |
           (o->lockstep ? PLAN_LOCKSTEP : 0u) | (o->alone ? PLAN_ALONE : 0u) |
           (o->profile || o->profile_fd >= 0 ? PLAN_PROFILE : 0u) | o->trace << PLAN_TRACE_SHIFT;
}

static bool ready(void *with, struct problem *p)
{
    struct session *s = with;
    return s->o->on->check(p) && (!s->o->gdb_port || gdbline_open(&s->gdb, s->o->gdb_port, p)) &&
           (!s->o->net || s->o->on->net != NET_FRAMES || netuser_start(&s->net, p)) &&
           screenfile_open(&s->screen, p) && profilefile_open(&s->profile, s->o, p);
}

/* What there is of a profile, whatever the guest's end. */
static bool save_profile(struct session *s, struct problem *p)
{
    return profilefile_write(&s->profile, s->o, &s->guest.dir, s->end, p);
}

bool action_run(const struct options *o, struct outcome *out, struct problem *p)
{
    struct session s = {.o = o, .profile = {.fd = -1}};
    s.net.machine = -1;
    gdbline_none(&s.gdb);
    s.screen = (struct screenfile){o->screen, -1, &s.guest.dir};
    bool ok = guest_prepare(o, plan_flags(o), ready, &s, &s.guest, p) && launch(&s, p);
    if (ok) {
        out->status = judge(&s);
        ok = save_profile(&s, p);
    }
    if (ok && s.result.end == RELAY_SIGNAL)
        out->signal = s.result.signal;
    screenfile_close(&s.screen);
    gdbline_close(&s.gdb);
    netuser_stop(&s.net);
    profilefile_drop(&s.profile);
    guest_drop(&s.guest);
    return ok;
}
