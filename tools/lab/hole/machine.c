/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An emulator boots a monitor with a plan. On the bare machine the probe is in the monitor's place,
 * and the plan is a file that it does not look at; under Ring1 the plan holds the probe.
 */
#define _GNU_SOURCE /* memfd_create */
#include "tools/lab/hole/machine.h"

#include "loader/bootcd.h"
#include "loader/kernel.h"
#include "loader/launch.h"
#include "loader/locate.h"
#include "loader/outfile.h"
#include "loader/planfile.h"
#include "loader/tool.h"
#include "loader/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BARE_MIB    64u /* of a machine for the probe alone */
#define GUEST_MIB   32u
#define MONITOR_MIB 96u
#define TEXT_MAX    (4u << 20)
#define FILE_PROBE  "probe"

_Static_assert(TEMPDIR_PATH_MAX >= LOCATE_PATH_MAX, "a path of either kind");

struct session {
    const struct hole_machine *machine;
    struct tempdir dir;
    char monitor[TEMPDIR_PATH_MAX]; /* the image that the emulator boots */
    int console;
    struct relay_result result;
};

/* ---- Files ---------------------------------------------------------------- */

static bool write_probe(struct tempdir *d, struct problem *p)
{
    int fd = tempdir_create_file(d, FILE_PROBE, p);
    bool ok = fd >= 0 && (write(fd, hole_probe, hole_probe_size) == (ssize_t)hole_probe_size ||
                          problem_host(p, "cannot write the probe: %s", strerror(errno)));
    if (fd >= 0)
        close(fd);
    return ok;
}

/* The boot plan of a guest: the probe, told by its command line that it is one. */
static bool write_plan(struct tempdir *d, struct problem *p)
{
    struct kernel_request r = {.path = FILE_PROBE, .append = "guest"};
    struct plan_choice choice = {.name = FILE_PROBE, .append = "guest", .runs = 1};
    struct image im;
    uint32_t size;
    r.kernel.size = hole_probe_size;
    r.kernel.data = (uint8_t *)hole_probe; /* only read */
    image_init(&im, GUEST_MIB);
    bool ok = kernel_load(&r, &im, p) && planfile_size(&im, &choice, &size, p);
    int fd = ok ? tempdir_create_file(d, FILE_PLAN, p) : -1;
    ok = fd >= 0 && planfile_write(fd, &im, &choice, p);
    if (fd >= 0)
        close(fd);
    image_free(&im);
    return ok;
}

static bool make_files(struct session *s, struct problem *p)
{
    const struct hole_machine *m = s->machine;
    if (m->on->no_image)
        tempdir_create_nameless(&s->dir);
    else if (!tempdir_create(&s->dir, p))
        return false;
    if (m->guest)
        return write_plan(&s->dir, p);
    tempdir_path(&s->dir, FILE_PROBE, s->monitor);
    return write_probe(&s->dir, p) && tempdir_create_text(&s->dir, FILE_PLAN, p, "none\n");
}

/* ---- A run ---------------------------------------------------------------- */

static bool launch(struct session *s, struct problem *p)
{
    char console[40];
    const struct hole_machine *m = s->machine;
    struct gdbline no_debugger;
    gdbline_none(&no_debugger);
    snprintf(console, sizeof console, "/proc/self/fd/%d", s->console);
    struct launch_order order = {
        .on = m->on,
        .machine = {.dir = &s->dir,
                    .net = -1,
                    .monitor = s->monitor,
                    .memory_mib = m->guest ? GUEST_MIB + MONITOR_MIB : BARE_MIB},
        .host_args = "",
        .console_file = console,
        .timeout = m->timeout,
        .signals = m->signals,
        .gdb = &no_debugger,
    };
    return launch_run(&order, &s->result, p);
}

/* A guest's end is in the log. */
static bool judge_guest(const struct session *s, struct problem *p)
{
    struct verdict v;
    char *log = tempdir_read_tail(&s->dir, FILE_LOG, TEXT_MAX);
    bool found = log && verdict_find(log, &v);
    free(log);
    if (!found)
        return problem_host(p, "%s ended before the monitor gave a result", s->machine->on->title);
    return v.status == EXIT_GUEST_OFF ||
           problem_host(p, "under Ring1 the probe ended as %s: %s", v.name, v.reason);
}

static bool judge(const struct session *s, struct outcome *out, struct problem *p)
{
    const char *title = s->machine->on->title;
    switch (s->result.end) {
    case RELAY_CHILD_ENDED:
        return !s->machine->guest || judge_guest(s, p);
    case RELAY_SIGNAL:
        out->signal = s->result.signal;
        return true;
    case RELAY_TIMEOUT:
        return problem_host(p,
                            "the probe still ran after %u seconds (%s%s); try a larger --timeout",
                            s->machine->timeout, s->machine->guest ? "under Ring1, " : "", title);
    default:
        return problem_host(p, "the probe's output was lost (%s)", title);
    }
}

static bool read_console(const struct session *s, char **text, struct problem *p)
{
    struct stat st;
    size_t size = fstat(s->console, &st) == 0 ? (size_t)st.st_size : 0;
    if (size > TEXT_MAX)
        return problem_host(p, "the probe printed more than %u MiB", TEXT_MAX >> 20);
    *text = calloc(1, size + 1);
    if (!*text || pread(s->console, *text, size, 0) != (ssize_t)size)
        return problem_host(p, "cannot read the probe's output: %s", strerror(errno));
    for (size_t i = 0; i < size; i++) {
        if (!(*text)[i])
            (*text)[i] = '?';
    }
    return true;
}

bool hole_machine_run(const struct hole_machine *m, char **text, struct outcome *out,
                      struct problem *p)
{
    struct session s = {.machine = m, .console = memfd_create("console", MFD_CLOEXEC)};
    *text = NULL;
    bool ok = s.console >= 0 || problem_host(p, "cannot make a file: %s", strerror(errno));
    ok = ok && m->on->check(p) && (!m->guest || m->on->no_image || locate_monitor(s.monitor, p)) &&
         make_files(&s, p) && launch(&s, p) && judge(&s, out, p) &&
         (out->signal || read_console(&s, text, p));
    if (s.console >= 0)
        close(s.console);
    tempdir_remove(&s.dir);
    return ok;
}

/* ---- The image ------------------------------------------------------------ */

static bool run_tool(struct tempdir *d, const struct command *tool, int signals,
                     struct relay_result *result, struct problem *p)
{
    struct tool_place place = {.dir = d, .signals = signals};
    place.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    place.errors = tempdir_create_file(d, FILE_ERRORS, p);
    bool ok = place.null >= 0 && place.errors >= 0 && tool_run(tool, &place, result, p);
    if (place.null >= 0)
        close(place.null);
    if (place.errors >= 0)
        close(place.errors);
    return ok;
}

static bool make_iso(struct tempdir *d, int signals, struct relay_result *result, struct problem *p)
{
    char monitor[LOCATE_PATH_MAX];
    struct command tool = {0};
    bool ok = locate_monitor(monitor, p) && tempdir_create(d, p) && write_probe(d, p) &&
              write_plan(d, p) && bootcd_prepare(d, monitor, BOOTCD_PROBE, &tool, p);
    if (ok)
        command_add(&tool, FILE_PROBE "=" FILE_PROBE);
    ok = ok && run_tool(d, &tool, signals, result, p);
    command_free(&tool);
    return ok;
}

static bool deliver(struct tempdir *d, struct outfile *f, struct problem *p)
{
    char path[TEMPDIR_PATH_MAX];
    tempdir_path(d, BOOTCD_FILE, path);
    return outfile_copy(f, path, p) && outfile_commit(f, p);
}

bool hole_image_make(const char *file, int signals, struct outcome *out, struct problem *p)
{
    struct tempdir d = {0};
    struct outfile f = {.fd = -1};
    struct relay_result result = {0};
    bool ok =
        bootcd_check(p) && outfile_open(&f, "--iso", file, p) && make_iso(&d, signals, &result, p);
    if (ok && result.end == RELAY_SIGNAL)
        out->signal = result.signal;
    else
        ok = ok && deliver(&d, &f, p);
    outfile_drop(&f);
    tempdir_remove(&d);
    return ok;
}
