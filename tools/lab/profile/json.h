/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A profile for programs: all of it, as docs/lab.md describes.
 */
#ifndef RING1_TOOLS_LAB_PROFILE_JSON_H
#define RING1_TOOLS_LAB_PROFILE_JSON_H

#include "tools/lab/profile/sum.h"

/* The text, to be freed, with a newline at its end; NULL: no memory. */
char *json_make(const struct sum *sum);

#endif
