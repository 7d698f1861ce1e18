/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A CD image that boots the monitor with a boot plan: GRUB, ring1.elf, the plan. Made by
 * grub-mkrescue; this file says what is to be on it and which programs that takes.
 */
#ifndef RING1_LOADER_BOOTCD_H
#define RING1_LOADER_BOOTCD_H

#include "loader/command.h"
#include "loader/tempdir.h"

#define BOOTCD_FILE "boot.iso" /* in the temporary directory */

enum bootcd_kind {
    BOOTCD_BARE,    /* for an emulator: nothing but the boot */
    BOOTCD_MACHINE, /* for a machine with people: GRUB speaks on the serial port too */
    BOOTCD_PROBE,   /* the same with a menu: the multiboot kernel `probe', which the caller adds to
                       TOOL, alone or as the plan's guest */
};

/* Are grub-mkrescue and what it needs installed? If not, P names the package. */
bool bootcd_check(struct problem *p);

/* Makes the tree of the CD in D and gives TOOL the command that makes BOOTCD_FILE in D out of it,
 * FILE_PLAN there, and the image MONITOR. */
bool bootcd_prepare(struct tempdir *d, const char *monitor, enum bootcd_kind kind,
                    struct command *tool, struct problem *p);

#endif
