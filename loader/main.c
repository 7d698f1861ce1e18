/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1: reads the user's files, puts the boot plan together, runs the monitor with it on an
 * emulator and says how that ended. Everything that must be undone is undone here, whatever
 * happens in between.
 */
#include "loader/kernel.h"
#include "loader/launch.h"
#include "loader/locate.h"
#include "loader/options.h"
#include "loader/planfile.h"
#include "loader/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KERNEL_MAX  (1ull << 30)
#define MONITOR_MIB 96u /* the monitor, its tables and the translation cache */
#define LOG_SHOWN   (16u << 20)

struct session {
    struct options o;
    struct tempdir dir;
    char monitor[LOCATE_PATH_MAX];
    uint32_t plan_size;
    uint64_t started;
    int signals;
    struct screenfile screen;
    struct launch_result result;
};

static int complain(const struct problem *p)
{
    fprintf(stderr, "ring1: %s\n", p->text);
    return (int)p->status;
}

/* Standard descriptors that were closed would be given to files of ours. */
static void open_standard_files(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

static bool read_inputs(const struct options *o, struct kernel_request *r, struct problem *p)
{
    *r = (struct kernel_request){.path = o->kernel, .initrd_path = o->initrd, .append = o->append};
    if (!input_read(o->kernel, "kernel", KERNEL_MAX, "over 1 GiB long; this is no kernel",
                    &r->kernel, p))
        return false;
    return !o->initrd ||
           input_read(o->initrd, "initrd", (size_t)o->memory_mib << 20,
                      "longer than the guest's memory; try a larger --memory", &r->initrd, p);
}

/* Signals from here on are the relay's, since there is something to clean up. */
static bool write_plan(struct session *s, const struct image *im, struct problem *p)
{
    struct plan_choice choice = {
        .name = input_base_name(s->o.kernel),
        .append = s->o.append,
        .engine = s->o.engine,
        .flags = (s->o.stats ? PLAN_STATS : 0u) | (s->o.count ? PLAN_COUNT : 0u) |
                 (s->o.screen ? PLAN_SCREEN : 0u),
    };
    if (!planfile_size(im, &choice, &s->plan_size, p))
        return false;
    s->signals = relay_signals(p);
    if (s->signals < 0 || !tempdir_create(&s->dir, p))
        return false;
    int fd = tempdir_create_file(&s->dir, FILE_PLAN, p);
    bool ok = fd >= 0 && planfile_write(fd, im, &choice, p);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* From the user's files to a plan on disk; their memory is free again afterwards. */
static bool make_plan(struct session *s, struct problem *p)
{
    struct kernel_request r;
    struct image im;
    s->screen = (struct screenfile){s->o.screen, -1, &s->dir};
    image_init(&im, s->o.memory_mib);
    bool ok = read_inputs(&s->o, &r, p) && kernel_load(&r, &im, p) &&
              locate_monitor(s->monitor, p) && s->o.on->check(p) &&
              screenfile_open(&s->screen, p) && write_plan(s, &im, p);
    image_free(&im);
    blob_free(&r.kernel);
    blob_free(&r.initrd);
    return ok;
}

/* Who sits at a terminal is told what runs on what, and how to leave. */
static void announce(const struct session *s)
{
    if (s->o.console || !isatty(STDIN_FILENO))
        return;
    fprintf(stderr,
            "ring1: %s, %u MiB, under Ring1 on %s's software CPU without VT-x or SVM; "
            "leave with Ctrl-A x\n",
            input_base_name(s->o.kernel), s->o.memory_mib, s->o.on->title);
}

static bool launch(struct session *s, struct problem *p)
{
    struct launch_order order = {
        .on = s->o.on,
        .machine =
            {
                .dir = &s->dir,
                .monitor = s->monitor,
                .memory_mib = s->o.memory_mib + (s->plan_size >> 20) + 1 + MONITOR_MIB,
            },
        .host_args = s->o.host_args,
        .console_file = s->o.console,
        .screen = &s->screen,
        .timeout = s->o.timeout,
        .signals = s->signals,
    };
    announce(s);
    s->started = relay_now();
    return launch_run(&order, &s->result, p);
}

static void summary(const struct session *s, const char *name, const char *reason)
{
    uint64_t ms = relay_now() - s->started;
    fprintf(stderr, "ring1: %s: %s (%s, %u MiB, %llu.%llu s)\n", name, reason, s->o.on->title,
            s->o.memory_mib, (unsigned long long)ms / 1000, (unsigned long long)ms / 100 % 10);
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
static int unexplained_end(const struct session *s, const char *log)
{
    char how[100], reason[200];
    char *errors = tempdir_read_tail(&s->dir, FILE_ERRORS, LOG_SHOWN);
    describe_end(s->result.status, how, sizeof how);
    snprintf(reason, sizeof reason, "%s %s before the monitor gave a result", s->o.on->title, how);
    summary(s, "host-trouble", reason);
    if (errors)
        verdict_print_tail(stderr, errors, 10, "  its errors: ");
    if (!s->o.verbose)
        verdict_print_tail(stderr, log, 10, "  log: ");
    free(errors);
    return EXIT_HOST_TROUBLE;
}

static int explained_end(const struct session *s, const struct verdict *v, const char *log)
{
    if (s->o.stats)
        verdict_print_stats(stderr, log);
    summary(s, v->name, v->reason);
    verdict_print_report(stderr, log);
    if (v->status == EXIT_HOST_TROUBLE && !s->o.verbose)
        verdict_print_tail(stderr, log, 10, "  log: ");
    return (int)v->status;
}

static int child_ended(const struct session *s, const char *log)
{
    struct verdict v;
    return verdict_find(log, &v) ? explained_end(s, &v, log) : unexplained_end(s, log);
}

static int timed_out(const struct session *s)
{
    char reason[100];
    snprintf(reason, sizeof reason, "the guest still ran after --timeout %u", s->o.timeout);
    summary(s, "time-out", reason);
    return EXIT_TIMEOUT;
}

static int judge(const struct session *s)
{
    char *log = tempdir_read_tail(&s->dir, FILE_LOG, LOG_SHOWN);
    int status = EXIT_HOST_TROUBLE;
    struct problem p;
    if (!screenfile_update(&s->screen, &p))
        complain(&p);
    if (s->o.verbose && log)
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

/* Ends by the signal that ended the run, so that the caller sees which it was. */
static void end_by_signal(const struct session *s)
{
    sigset_t set;
    if (s->result.end != RELAY_SIGNAL)
        return;
    sigemptyset(&set);
    sigaddset(&set, s->result.signal);
    signal(s->result.signal, SIG_DFL);
    raise(s->result.signal);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
    static struct session s;
    struct problem p = {EXIT_HOST_TROUBLE, ""};
    int status;
    open_standard_files();
    if (!options_parse(argc, argv, &s.o, &p))
        return complain(&p);
    if (make_plan(&s, &p) && launch(&s, &p))
        status = judge(&s);
    else
        status = complain(&p);
    screenfile_close(&s.screen);
    tempdir_remove(&s.dir);
    end_by_signal(&s);
    return status;
}
