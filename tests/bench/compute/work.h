/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the programs of tests/bench/native/ lack: work on more memory than a cache holds, and
 * divisions.
 */
#ifndef RING1_COMPUTE_WORK_H
#define RING1_COMPUTE_WORK_H

#include "tests/bench/guest/sys.h"

/* RUN returns a checksum of work in proportion to SIZE, which is for two seconds and more. */
struct work {
    const char *name;
    uint32_t (*run)(uint32_t size);
    uint32_t size;
};
extern const struct work works[]; /* ended by a row without a name */

#endif
