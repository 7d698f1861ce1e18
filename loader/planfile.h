/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The boot plan as a file: an image of guest memory comes in, the bytes that
 * monitor/plan.h describes go out to a file descriptor.
 */
#ifndef RING1_LOADER_PLANFILE_H
#define RING1_LOADER_PLANFILE_H

#include "loader/diskfile.h"
#include "loader/image.h"

/* What the plan says beside the image. */
struct plan_choice {
    const char *name;   /* the kernel file's name; cut to what the plan holds */
    const char *append; /* for the monitor's log */
    enum plan_engine engine;
    uint32_t flags; /* enum plan_flags */
    uint32_t runs;
    const struct disks *disks; /* NULL: none */
    bool disks_inside;         /* the plan has their content, too */
};

/* The plan's size in bytes. False: over 4 GiB, which the format cannot say. */
bool planfile_size(const struct image *im, const struct plan_choice *c, uint32_t *size,
                   struct problem *p);

/* Writes the plan to FD, from its current offset. False: the disk is full or the like. */
bool planfile_write(int fd, const struct image *im, const struct plan_choice *c, struct problem *p);

#endif
