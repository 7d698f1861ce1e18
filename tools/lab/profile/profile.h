/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The tool `ring1 lab profile', for the table in lab.c.
 */
#ifndef RING1_TOOLS_LAB_PROFILE_H
#define RING1_TOOLS_LAB_PROFILE_H

#include "tools/lab/lab.h"

lab_run lab_profile;

#endif
