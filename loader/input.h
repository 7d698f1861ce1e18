/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Files that the user names: a path in, all its bytes in memory out, bounded in size and
 * in time. Knows nothing of what the bytes mean.
 */
#ifndef RING1_LOADER_INPUT_H
#define RING1_LOADER_INPUT_H

#include "loader/problem.h"

#include <stddef.h>
#include <stdint.h>

struct blob {
    uint8_t *data;
    size_t size;
};

/*
 * Reads the regular file or pipe PATH, which the user knows as WHAT ("kernel", "initrd").
 * False, with the reason in P: it does not exist, cannot be read, is empty, is neither
 * file nor pipe, is longer than LIMIT bytes (TOO_LONG ends that message), or is a pipe
 * that stays silent for ten seconds. The caller frees OUT with blob_free.
 */
bool input_read(const char *path, const char *what, size_t limit, const char *too_long,
                struct blob *out, struct problem *p);

void blob_free(struct blob *b);

/* The part of PATH behind its last '/'. */
const char *input_base_name(const char *path);

#endif
