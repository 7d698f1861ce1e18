/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Between the files of `ring1 lab blocks'.
 */
#ifndef RING1_LAB_BLOCKS_H
#define RING1_LAB_BLOCKS_H

#include <stdio.h>

#include "tools/lab/blocks/kernel.h"
#include "tools/lab/lab.h"

lab_run blocks_run;

/* For people and for programs; K, if not NULL, names addresses. False: TO takes no more, or there
 * is no memory. */
bool blocks_print(const struct lab_listing *l, const struct lab_kernel *k, bool unwind, FILE *to);
bool blocks_print_json(const struct lab_listing *l, const struct lab_kernel *k,
                       const struct lab_mode *mode, FILE *to);

#endif
