/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Bochs: boots from a CD image (bootcd.c). Debian's Bochs has its debugger built in, so a command
 * file tells that to go on. Port 0xE9 comes out of its standard output.
 */
#include "loader/bootcd.h"
#include "loader/emulator.h"

#define BIOS        "/usr/share/bochs/BIOS-bochs-latest"
#define VGA_BIOS    "/usr/share/bochs/VGABIOS-lgpl-latest"
#define TERM_PLUGIN "/usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_term_gui.so"

/* Virtual time is instructions / ips. Bochs does some 30-100 million a second; a clock that runs
 * no faster than the machine leaves the guest time for work between two timer ticks. */
#define INSTRUCTIONS_PER_SECOND 100000000u

static const char bochs_config[] =
    "config_interface: textconfig\n"
    "display_library: term\n"
    "plugin_ctrl: speaker=0\n" /* it crashes on a machine without sound */
    "memory: guest=%u, host=%u\n"
    "romimage: file=" BIOS "\n"
    "vgaromimage: file=" VGA_BIOS "\n"
    "cpu: model=corei7_icelake_u, count=1, ips=%u, reset_on_triple_fault=0, ignore_bad_msrs=1\n"
    "clock: sync=none, time0=utc\n"
    "ata0-master: type=cdrom, path=" BOOTCD_FILE ", status=inserted\n"
    "boot: cdrom\n"
    "port_e9_hack: enabled=1\n"
    "com1: enabled=1, mode=term, dev=%s\n"
    "com2: enabled=1, mode=term, dev=%s\n"
    "com4: %s%s\n"
    "log: /dev/null\n"
    "panic: action=fatal\n"
    "error: action=ignore\n"
    "info: action=ignore\n"
    "debug: action=ignore\n";

static bool check(struct problem *p)
{
    return command_exists("bochs", "bochs bochs-term", p) &&
           command_file_exists(TERM_PLUGIN, "bochs-term", p) &&
           command_file_exists(BIOS, "bochsbios", p) &&
           command_file_exists(VGA_BIOS, "vgabios", p) && bootcd_check(p);
}

static bool prepare(const struct launch *l, struct command *tool, struct problem *p)
{
    const char *debug = l->port[PORT_DEBUG].path;
    return bootcd_prepare(l->dir, l->monitor, BOOTCD_BARE, tool, p) &&
           tempdir_create_text(l->dir, "debugger.rc", p, "c\n") &&
           tempdir_create_text(
               l->dir, "bochsrc", p, bochs_config, l->memory_mib, l->memory_mib,
               INSTRUCTIONS_PER_SECOND, l->port[PORT_CONSOLE].path, l->port[PORT_CONTROL].path,
               debug ? "enabled=1, mode=term, dev=" : "enabled=0", debug ? debug : "");
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
    .place = "on Bochs's software CPU without VT-x or SVM",
    .memory_max_mib = 2048,
    .pty = true,
    .log_is_output = true,
    .check = check,
    .prepare = prepare,
    .arguments = arguments,
};
