/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A guest made ready: from the user's files to a boot plan in a temporary directory, with the
 * monitor's image found. What is then done with it, running it or putting it on a CD, is
 * not known here.
 */
#ifndef RING1_LOADER_GUEST_H
#define RING1_LOADER_GUEST_H

#include "loader/diskfile.h"
#include "loader/input.h"
#include "loader/locate.h"
#include "loader/options.h"

/* The longest kernel file that is looked at, and what is said of a longer one. */
#define KERNEL_MAX      (1ull << 30)
#define KERNEL_TOO_LONG "over 1 GiB long; this is no kernel"

struct guest {
    struct tempdir dir;
    char monitor[LOCATE_PATH_MAX];
    struct disks disks;
    uint32_t plan_size;
    int signals; /* from relay_signals: they are blocked once there is something to clean up */
};

/* Reads kernel and initrd, opens the disks, and writes FILE_PLAN with FLAGS (enum plan_flags) in
 * it. READY(WITH, P) says whether all that comes next can be done: programs are there, files can be
 * opened. False: P says what is wrong. In both cases guest_drop is the caller's to call. */
bool guest_prepare(const struct options *o, uint32_t flags,
                   bool (*ready)(void *with, struct problem *p), void *with, struct guest *g,
                   struct problem *p);

/* Removes the temporary directory and closes the disks. */
void guest_drop(struct guest *g);

#endif
