/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What host.c needs to be told.
 */
#ifndef RING1_LAB_HOST_H
#define RING1_LAB_HOST_H

#include <stdbool.h>

/* Frames that the pool may be given: 1 to LAB_FRAMES - 1. */
#define LAB_FRAMES 16384u

/* Makes its memory, once. False: there is none. */
bool lab_host_create(void);

#endif
