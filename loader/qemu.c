/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU by translation only (TCG): -kernel loads the multiboot monitor, -initrd the plan as its
 * module. There is no video, no network and no disk; COM1 and COM2 are
 * sockets that the loader holds.
 */
#include "loader/emulator.h"

#define PROGRAM "qemu-system-x86_64"

/* Everything TCG can do, but no virtualization: Ring1 is for machines without it. 5-level paging
 * off because the monitor's tables have four levels. */
#define CPU_MODEL "max,svm=off,vmx=off,la57=off"

static bool check(struct problem *p)
{
    return command_exists(PROGRAM, "qemu-system-x86", p);
}

static bool prepare(const struct launch *l, struct command *tool, struct problem *p)
{
    (void)l, (void)tool, (void)p;
    return true;
}

static void arguments(const struct launch *l, struct command *c)
{
    static const char *const fixed[] = {
        PROGRAM,
        "-accel",
        "tcg",
        "-machine",
        "pc",
        "-cpu",
        CPU_MODEL,
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
        "-display",
        "none",
        "-serial",
        "chardev:con",
        "-serial",
        "chardev:ctl",
        "-debugcon",
        "file:" FILE_LOG,
        "-device",
        "isa-debug-exit,iobase=0xf4,iosize=4",
        "-initrd",
        FILE_PLAN,
    };
    for (unsigned i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        command_add(c, "%s", fixed[i]);
    command_add(c, "-chardev");
    command_add(c, "socket,id=con,fd=%d", l->port[PORT_CONSOLE].fd);
    command_add(c, "-chardev");
    command_add(c, "socket,id=ctl,fd=%d", l->port[PORT_CONTROL].fd);
    if (l->port[PORT_DEBUG].fd >= 0) {
        command_add(c, "-chardev");
        command_add(c, "socket,id=dbg,fd=%d", l->port[PORT_DEBUG].fd);
        command_add(c, "-device");
        command_add(c, "isa-serial,index=3,chardev=dbg");
    }
    command_add(c, "-m");
    command_add(c, "%u", l->memory_mib);
    command_add(c, "-kernel");
    command_add(c, "%s", l->monitor);
}

const struct emulator emulator_qemu = {
    .name = "qemu",
    .title = "QEMU",
    .place = "on QEMU's software CPU without VT-x or SVM",
    .check = check,
    .prepare = prepare,
    .arguments = arguments,
};
