/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Bochs: boots from a CD image with GRUB, the monitor and the plan on it, which
 * grub-mkrescue makes. Debian's Bochs has its debugger built in, so a command file tells
 * that to go on. Port 0xE9 comes out of its standard output.
 */
#include "loader/emulator.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRUB_DIR    "/usr/lib/grub/i386-pc"
#define BIOS        "/usr/share/bochs/BIOS-bochs-latest"
#define VGA_BIOS    "/usr/share/bochs/VGABIOS-lgpl-latest"
#define TERM_PLUGIN "/usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so"

/* Virtual time is instructions / ips. Bochs does some 30-100 million a second; a clock that runs
 * no faster than the machine leaves the guest time for work between two timer ticks. */
#define INSTRUCTIONS_PER_SECOND 100000000u

static const char grub_config[] = "multiboot /ring1.elf\n"
                                  "module /plan\n"
                                  "boot\n";

static const char bochs_config[] =
    "config_interface: textconfig\n"
    "display_library: term\n"
    "plugin_ctrl: speaker=0\n" /* it crashes on a machine without sound */
    "memory: guest=%u, host=%u\n"
    "romimage: file=" BIOS "\n"
    "vgaromimage: file=" VGA_BIOS "\n"
    "cpu: model=corei7_icelake_u, count=1, ips=%u, reset_on_triple_fault=0, ignore_bad_msrs=1\n"
    "clock: sync=none, time0=utc\n"
    "ata0-master: type=cdrom, path=boot.iso, status=inserted\n"
    "boot: cdrom\n"
    "port_e9_hack: enabled=1\n"
    "com1: enabled=1, mode=term, dev=%s\n"
    "log: /dev/null\n"
    "panic: action=fatal\n"
    "error: action=ignore\n"
    "info: action=ignore\n"
    "debug: action=ignore\n";

static bool check_file(const char *path, const char *package, struct problem *p)
{
    if (access(path, R_OK) == 0)
        return true;
    return problem_host(p, "%s is not there; on Debian: apt install %s", path, package);
}

static bool check(struct problem *p)
{
    return command_exists("bochs", "bochs bochs-term", p) &&
           check_file(TERM_PLUGIN, "bochs-term", p) && check_file(BIOS, "bochsbios", p) &&
           check_file(VGA_BIOS, "vgabios", p) &&
           command_exists("grub-mkrescue", "grub-common", p) &&
           check_file(GRUB_DIR "/multiboot.mod", "grub-pc-bin", p) &&
           command_exists("xorriso", "xorriso", p) && command_exists("mformat", "mtools", p);
}

static bool make_directory(const struct tempdir *d, const char *name, struct problem *p)
{
    char path[TEMPDIR_PATH_MAX];
    tempdir_path(d, name, path);
    if (mkdir(path, 0700) == 0)
        return true;
    return problem_host(p, "cannot create %s: %s", path, strerror(errno));
}

static FILE *make_file(const struct tempdir *d, const char *name, struct problem *p)
{
    int fd = tempdir_create_file(d, name, p);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (fd >= 0 && !f) {
        close(fd);
        problem_host(p, "cannot create %s: out of memory", name);
    }
    return f;
}

static bool finish_file(FILE *f, const char *name, struct problem *p)
{
    if (fclose(f) == 0)
        return true;
    return problem_host(p, "cannot write %s: %s; is $TMPDIR full?", name, strerror(errno));
}

static bool make_text(const struct tempdir *d, const char *name, const char *text,
                      struct problem *p)
{
    FILE *f = make_file(d, name, p);
    if (!f)
        return false;
    fputs(text, f);
    return finish_file(f, name, p);
}

static bool make_config(const struct launch *l, struct problem *p)
{
    FILE *f = make_file(l->dir, "bochsrc", p);
    if (!f)
        return false;
    fprintf(f, bochs_config, l->memory_mib, l->memory_mib, INSTRUCTIONS_PER_SECOND, l->console);
    return finish_file(f, "bochsrc", p);
}

/* grub-mkrescue takes trees and single files; the plan is grafted in and not copied here. */
static void make_image(const struct launch *l, struct command *tool)
{
    static const char *const fixed[] = {
        "grub-mkrescue",     "--directory=" GRUB_DIR,
        "--locales=",        "--fonts=",
        "--themes=",         "--install-modules=normal configfile multiboot iso9660 biosdisk",
        "--output=boot.iso", "tree",
        "plan=" FILE_PLAN,
    };
    for (unsigned i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        command_add(tool, "%s", fixed[i]);
    command_add(tool, "ring1.elf=%s", l->monitor);
}

static bool prepare(const struct launch *l, struct command *tool, struct problem *p)
{
    make_image(l, tool);
    return make_directory(l->dir, "tree", p) && make_directory(l->dir, "tree/boot", p) &&
           make_directory(l->dir, "tree/boot/grub", p) &&
           make_text(l->dir, "tree/boot/grub/grub.cfg", grub_config, p) &&
           make_text(l->dir, "debugger.rc", "c\n", p) && make_config(l, p);
}

static void arguments(const struct launch *l, struct command *c)
{
    static const char *const fixed[] = {"bochs", "-q", "-f", "bochsrc", "-rc", "debugger.rc"};
    (void)l;
    for (unsigned i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        command_add(c, "%s", fixed[i]);
}

const struct emulator emulator_bochs = {
    .name = "bochs",
    .title = "Bochs",
    .pty = true,
    .log_is_output = true,
    .check = check,
    .prepare = prepare,
    .arguments = arguments,
};
