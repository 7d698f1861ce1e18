/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU by translation only (TCG): -kernel loads the multiboot monitor, -initrd the plan as its
 * module. There is no video; the guest's disks are virtio block devices in slots of their order,
 * files that QEMU inherits; its network is QEMU's own user network; COM1 and COM2 are sockets that
 * the loader holds.
 */
#include "loader/emulator.h"

#define PROGRAM "qemu-system-x86_64"

/* Everything TCG can do, but no virtualization: Ring1 is for machines without it. 5-level paging
 * off because the monitor's tables have four levels. */
#define CPU_MODEL "max,svm=off,vmx=off,la57=off"

#define FIRST_SLOT 0x10u /* of the disks; QEMU's own devices are below */
#define NET_SLOT   (FIRST_SLOT + PLAN_DISKS)

static bool check(struct problem *p)
{
    return command_exists(PROGRAM, "qemu-system-x86", p);
}

static bool prepare(const struct launch *l, struct command *tool, struct problem *p)
{
    (void)l, (void)tool, (void)p;
    return true;
}

/*
 * The file is open and locked already: its name is never seen by QEMU's option parser. An error is
 * the guest's to hear; by itself QEMU stops for good when the host has no space left.
 */
static void add_disk(struct command *c, const struct diskfile *f, unsigned n)
{
    command_add(c, "-add-fd");
    command_add(c, "fd=%d,set=%u", f->fd, n + 1);
    command_add(c, "-blockdev");
    command_add(
        c,
        "driver=%s,node-name=file%u,filename=/dev/fdset/%u,read-only=%s,locking=off,discard=unmap",
        f->block ? "host_device" : "file", n, n + 1, f->read_only ? "on" : "off");
    command_add(c, "-blockdev");
    command_add(c, "driver=raw,node-name=disk%u,file=file%u,read-only=%s,discard=unmap", n, n,
                f->read_only ? "on" : "off");
    command_add(c, "-device");
    command_add(c,
                "virtio-blk-pci,drive=disk%u,queue-size=512,addr=%#x,werror=report,rerror=report",
                n, FIRST_SLOT + n);
}

/* The same addresses as netuser.c's. No firmware of the card's own, which would try to boot. */
static void add_network(struct command *c)
{
    command_add(c, "-netdev");
    command_add(c, "user,id=net,ipv6=off,hostname=ring1-guest");
    command_add(c, "-device");
    command_add(c, "virtio-net-pci,netdev=net,mac=52:31:00:00:00:01,vectors=0,romfile=,addr=%#x",
                NET_SLOT);
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
    for (unsigned i = 0; l->disks && i < l->disks->count; i++)
        add_disk(c, &l->disks->file[i], i);
    if (l->net_user)
        add_network(c);
    command_add(c, "-m");
    command_add(c, "%u", l->memory_mib);
    command_add(c, "-kernel");
    command_add(c, "%s", l->monitor);
}

const struct emulator emulator_qemu = {
    .name = "qemu",
    .title = "QEMU",
    .place = "on QEMU's software CPU without VT-x or SVM",
    .own_disks = true,
    .net = NET_OWN,
    .check = check,
    .prepare = prepare,
    .arguments = arguments,
};
