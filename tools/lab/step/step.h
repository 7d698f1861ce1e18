/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 lab step.
 */
#ifndef RING1_LAB_STEP_H
#define RING1_LAB_STEP_H

#include "tools/lab/lab.h"

lab_run step_run;

#endif
