/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 image: the boot plan goes on a CD image with the monitor, for a machine that no
 * emulator stands in for.
 */
#include "loader/action.h"
#include "loader/bootcd.h"
#include "loader/guest.h"
#include "loader/outfile.h"
#include "loader/tool.h"
#include "loader/verdict.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool run_tool(struct guest *g, const struct command *tool, struct relay_result *result,
                     struct problem *p)
{
    struct tool_place place = {.dir = &g->dir, .signals = g->signals};
    place.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    place.errors = tempdir_create_file(&g->dir, FILE_ERRORS, p);
    bool ok = place.null >= 0 && place.errors >= 0 && tool_run(tool, &place, result, p);
    if (place.null >= 0)
        close(place.null);
    if (place.errors >= 0)
        close(place.errors);
    return ok;
}

/* What the tool said last is shown, since it knows why. */
static void show_errors(const struct guest *g)
{
    char *errors = tempdir_read_tail(&g->dir, FILE_ERRORS, 65536);
    if (errors)
        verdict_print_tail(stderr, errors, 5, "  its errors: ");
    free(errors);
}

static bool make_iso(struct guest *g, struct relay_result *result, struct problem *p)
{
    struct command tool = {0};
    bool ok = bootcd_prepare(&g->dir, g->monitor, BOOTCD_MACHINE, &tool, p);
    if (ok && !run_tool(g, &tool, result, p)) {
        show_errors(g);
        ok = false;
    }
    command_free(&tool);
    return ok;
}

static void announce(const struct options *o, const struct guest *g)
{
    char path[TEMPDIR_PATH_MAX];
    struct stat st;
    tempdir_path(&g->dir, BOOTCD_FILE, path);
    if (stat(path, &st) != 0)
        st.st_size = 0;
    fprintf(stderr,
            "ring1: %s: %llu KiB, boots %s with %u MiB on a PC with a BIOS, from CD or USB stick; "
            "console on COM1\n",
            o->output, (unsigned long long)st.st_size >> 10, input_base_name(o->kernel),
            o->memory_mib);
}

static bool deliver(const struct options *o, const struct guest *g, struct outfile *f,
                    struct problem *p)
{
    char path[TEMPDIR_PATH_MAX];
    tempdir_path(&g->dir, BOOTCD_FILE, path);
    if (!outfile_copy(f, path, p) || !outfile_commit(f, p))
        return false;
    announce(o, g);
    return true;
}

/* The output may be an old image, but not what the new one is made of. */
static bool apart(const struct options *o, struct problem *p)
{
    const char *const inputs[] = {o->kernel, o->initrd};
    struct stat out, in;
    if (stat(o->output, &out) != 0)
        return true;
    for (unsigned i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        if (inputs[i] && stat(inputs[i], &in) == 0 && in.st_dev == out.st_dev &&
            in.st_ino == out.st_ino)
            return problem_bad(p, "--output %s: this is %s itself; give the image another name",
                               o->output, inputs[i]);
    }
    return true;
}

static bool ready(void *with, struct problem *p)
{
    (void)with;
    return bootcd_check(p);
}

bool action_image(const struct options *o, struct outcome *out, struct problem *p)
{
    struct guest g = {.signals = -1};
    struct outfile f = {.fd = -1};
    struct relay_result result = {0};
    bool ok = apart(o, p) && guest_prepare(o, 0, ready, NULL, &g, p) &&
              outfile_open(&f, "--output", o->output, p) && make_iso(&g, &result, p);
    if (ok && result.end == RELAY_SIGNAL) {
        fprintf(stderr, "ring1: ended: %s\n", strsignal(result.signal));
        out->signal = result.signal;
    } else {
        ok = ok && deliver(o, &g, &f, p);
    }
    out->status = EXIT_GUEST_OFF;
    outfile_drop(&f);
    guest_drop(&g);
    return ok;
}
