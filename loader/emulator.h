/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The machines that a guest's monitor can run on: one row each. A row turns a launch
 * (monitor image, plan, memory) into a command line and the files that it needs; launch.c
 * does the starting and waiting, which are the same for all.
 */
#ifndef RING1_LOADER_EMULATOR_H
#define RING1_LOADER_EMULATOR_H

#include "loader/command.h"
#include "loader/diskfile.h"
#include "loader/tempdir.h"

#include <stdint.h>

/* The machine's serial ports. */
enum port {
    PORT_CONSOLE,
    PORT_CONTROL,
    PORT_DEBUG,
    PORTS
}; /* COM1; COM2: requests (plan.h);
      COM4: a debugger's, if wanted */

struct launch {
    struct tempdir *dir;
    const char *monitor;       /* absolute path of the monitor's image */
    uint32_t memory_mib;       /* of the machine: the guest's, the plan's and the monitor's */
    const struct disks *disks; /* NULL: none */
    bool net_user;             /* --net user */
    int net;                   /* NET_FRAMES: a socket that carries them, inherited; -1: none */
    bool unconfined;           /* the process host: without its filter of system calls */
    struct launch_port {
        const char *path; /* .pty emulators: the terminal device */
        int fd;           /* the others: the socket, inherited; -1: this port is not there */
    } port[PORTS];
};

/* It has no network card; its card's frames come from a socket; it has such a network itself. */
enum emulator_net { NET_NONE, NET_FRAMES, NET_OWN };

struct emulator {
    const char *name, *title;
    const char *place;       /* "on ..." or "in ...", for who sits at a terminal */
    uint32_t memory_max_mib; /* of a machine; 0: no limit of its own */
    bool pty;                /* serial ports want terminal devices, not sockets */
    bool log_is_output;      /* port 0xE9 comes out of standard output */
    bool own_disks; /* it reaches the user's disk files itself: the plan need not carry them */
    enum emulator_net net; /* what --net user is there */
    bool no_image; /* the monitor's image is not booted: the monitor is in the program, and has
                      the plan as its standard input */
    /* Are the programs and files there? */
    bool (*check)(struct problem *p);
    /* Makes the files it needs in l->dir; TOOL may be given a command to run first. */
    bool (*prepare)(const struct launch *l, struct command *tool, struct problem *p);
    void (*arguments)(const struct launch *l, struct command *c);
};

extern const struct emulator emulator_qemu, emulator_bochs, emulator_process;

/* The row called NAME, or NULL. The first row is the default. */
const struct emulator *emulator_find(const char *name);
const struct emulator *emulator_default(void);

#endif
