/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's disks, files of the user: what --disk says comes in, checked and open files go out.
 * One that the guest may write is locked for as long as anybody has it open.
 */
#ifndef RING1_LOADER_DISKFILE_H
#define RING1_LOADER_DISKFILE_H

#include "loader/problem.h"

#include <stdint.h>

/* FILE[,ro] of the command line. */
struct disk_choice {
    const char *path;
    bool read_only;
};

struct diskfile {
    const char *path;
    int fd;
    uint64_t sectors; /* of 512 bytes */
    bool read_only;
    bool block; /* a block device, not a file */
};

struct disks {
    struct diskfile file[PLAN_DISKS];
    unsigned count;
};

/* Takes ",ro" off the end of TEXT. False: nothing is left. */
bool disk_choice_parse(char *text, struct disk_choice *c, struct problem *p);

/* Opens a disk more. False: P says what is wrong with it; disks_close is the caller's to call. */
bool disks_open(struct disks *d, const struct disk_choice *c, struct problem *p);
void disks_close(struct disks *d);

#endif
