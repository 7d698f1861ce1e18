/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Host frames of the process: pages of one memfd, mapped as a whole for the monitor and in pieces
 * into the windows. Frame F is at offset F * 4096; frame 0 is there too, and is never given to a
 * pool. A frame that nobody touched holds zeros and no memory. With the process the memory goes,
 * however it ends.
 */
#ifndef RING1_PROCESS_FRAMES_H
#define RING1_PROCESS_FRAMES_H

#include "monitor/types.h"

/* The most frames: a table's entry has 28 bits for one (record.h). */
#define FRAMES_MAX (1u << 28)

/* Makes the memfd of COUNT frames, sealed against growth and shrinking, and its mapping. Returns
 * NULL, or a line that says what the system refused and what to do. Called once, at start. */
const char *frames_create(uint32_t count);

/* A new memfd called NAME that can be sealed; -1 with errno. */
int frames_memory_file(const char *name);

/* The memfd of frames. */
int frames_fd(void);

#endif
