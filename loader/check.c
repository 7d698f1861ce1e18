/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 check: what this host offers, and which forms of Ring1 can run on it. The yes or no of a
 * form is the answer of the same function that `ring1 run` and `ring1 image` ask first.
 */
#include "loader/action.h"
#include "loader/bootcd.h"
#include "loader/locate.h"
#include "loader/machine.h"
#include "loader/process.h"
#include "loader/sheet.h"
#include "loader/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 5000 /* for a program to say its version */

struct host {
    struct tempdir dir;
    struct tool_place place;
    struct sheet sheet;
    bool monitor; /* its image is there */
    bool any;     /* form can run */
    int signal;   /* came while a program was asked */
};

/* The programs; the line of what they print that has WORD in it is their version. */
static const struct {
    const char *program, *package, *argument, *word;
} programs[] = {
    {"qemu-system-x86_64", "qemu-system-x86", "--version", "version"},
    {"bochs", "bochs bochs-term", "--help", "Emulator"},
    {"grub-mkrescue", "grub-common", "--version", "GRUB"},
    {"xorriso", "xorriso", "--version", "xorriso"},
    {"mformat", "mtools", "--version", "mtools"},
};

static char *read_proc(const char *name)
{
    const struct tempdir proc = {.path = "/proc"};
    char path[TEMPDIR_PATH_MAX];
    char *text = calloc(1, 65536);
    tempdir_path(&proc, name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t size = 0;
    ssize_t n = 1;
    while (fd >= 0 && text && size < 65535 && (n = read(fd, text + size, 65535 - size)) > 0)
        size += (size_t)n;
    if (fd >= 0)
        close(fd);
    return text;
}

static void add_answer(struct sheet *s, const char *name, bool yes, const char *remark)
{
    sheet_add(s, name, json_boolean(yes), "%s%s", yes ? "yes" : "no", remark);
}

static void add_machine(struct host *h)
{
    struct machine m;
    struct sheet *s = &h->sheet;
    char *cpuinfo = read_proc("cpuinfo"), *meminfo = read_proc("meminfo");
    machine_read(cpuinfo ? cpuinfo : "", meminfo ? meminfo : "", &m);
    free(cpuinfo);
    free(meminfo);
    sheet_begin(s, "This machine", "machine", false);
    sheet_text(s, "CPU", m.cpu[0] ? m.cpu : "unknown");
    add_answer(s, "long mode", m.long_mode, "");
    add_answer(s, "NX", m.nx, "");
    add_answer(s, "SMEP", m.smep, "");
    add_answer(s, "VT-x or SVM", m.vmx || m.svm, " (Ring1 does not use it)");
    add_answer(s, "hypervisor below", m.hypervisor, "");
    add_answer(s, "/dev/kvm", access("/dev/kvm", F_OK) == 0, " (Ring1 does not use it)");
    sheet_add(s, "memory MiB", json_integer((json_int_t)(m.memory_kib >> 10)), "%llu, %llu free",
              (unsigned long long)m.memory_kib >> 10, (unsigned long long)m.free_kib >> 10);
    add_answer(s, "would boot an image", m.long_mode && m.nx,
               m.long_mode && m.nx ? " (its CPU has what the monitor needs)"
                                   : " (the monitor needs long mode and NX)");
}

/* The line of TEXT with WORD in it, without blanks around it, cut out of TEXT. */
static const char *version_line(char *text, const char *word)
{
    char *at = strstr(text, word);
    if (!at)
        return "installed, version unknown";
    while (at > text && at[-1] != '\n')
        at--;
    at += strspn(at, " \t");
    at[strcspn(at, "\n")] = 0;
    return at;
}

/* Asks PROGRAMS[I] for its version. It may hang, crash, or say nothing. */
static void ask(struct host *h, unsigned i)
{
    struct problem p;
    struct command c = {0};
    struct relay_result r = {.end = RELAY_CHILD_ENDED};
    h->place.errors = tempdir_create_file(&h->dir, programs[i].program, &p);
    h->place.deadline = relay_now() + PATIENCE_MS;
    command_add(&c, "%s", programs[i].program);
    command_add(&c, "%s", programs[i].argument);
    if (h->place.errors >= 0) {
        tool_run(&c, &h->place, &r, &p);
        close(h->place.errors);
    }
    command_free(&c);
    if (r.end == RELAY_SIGNAL)
        h->signal = r.signal;
    char *text = tempdir_read_tail(&h->dir, programs[i].program, 65536);
    sheet_text(&h->sheet, programs[i].program, text ? version_line(text, programs[i].word) : "");
    free(text);
}

static void add_programs(struct host *h)
{
    struct problem p;
    char monitor[LOCATE_PATH_MAX];
    sheet_begin(&h->sheet, "Programs and files", "programs", false);
    h->monitor = locate_monitor(monitor, &p);
    sheet_text(&h->sheet, "ring1.elf", h->monitor ? monitor : p.text);
    for (unsigned i = 0; i < sizeof programs / sizeof programs[0] && !h->signal; i++) {
        if (command_exists(programs[i].program, programs[i].package, &p))
            ask(h, i);
        else
            sheet_add(&h->sheet, programs[i].program, json_null(), "not installed (Debian: %s)",
                      programs[i].package);
    }
}

static void add_form(struct host *h, const char *name, bool image, bool (*check)(struct problem *p))
{
    struct problem p;
    bool ok = check(&p);
    if (ok && image && !h->monitor) {
        snprintf(p.text, sizeof p.text, "the monitor's image ring1.elf is not there");
        ok = false;
    }
    h->any |= ok;
    sheet_add(&h->sheet, name, json_boolean(ok), "%s%s", ok ? "yes" : "no: ", ok ? "" : p.text);
}

static void add_forms(struct host *h)
{
    sheet_begin(&h->sheet, "Forms of Ring1 that can run here", "forms", false);
    add_form(h, "ring1 run", true, emulator_qemu.check);
    add_form(h, "ring1 run --on bochs", true, emulator_bochs.check);
    add_form(h, "ring1 run --on process", false, process_possible);
    add_form(h, "ring1 image", true, bootcd_check);
}

static bool fill(struct host *h, struct problem *p)
{
    h->place.signals = relay_signals(p);
    if (h->place.signals < 0 || !tempdir_create(&h->dir, p))
        return false;
    h->place.dir = &h->dir;
    h->place.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    add_machine(h);
    add_programs(h);
    add_forms(h);
    close(h->place.null);
    return true;
}

bool action_check(const struct options *o, struct outcome *out, struct problem *p)
{
    struct host h = {.any = false};
    bool ok = fill(&h, p);
    if (ok && !h.signal && !(o->json ? sheet_print_json : sheet_print)(&h.sheet, stdout))
        ok = problem_host(p, "cannot write to the standard output: %s", strerror(errno));
    out->status = h.any ? EXIT_GUEST_OFF : EXIT_HOST_TROUBLE;
    out->signal = h.signal;
    sheet_free(&h.sheet);
    tempdir_remove(&h.dir);
    return ok;
}
