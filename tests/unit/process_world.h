/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For tests of the process host's memory: frames and windows made once, and accesses through the
 * windows, as translated code makes them, whose faults go to window_fault.
 */
#ifndef RING1_PROCESS_WORLD_H
#define RING1_PROCESS_WORLD_H

#include "monitor/host.h"
#include "monitor/process/window.h"

/* What process_has_wrgsbase says. */
extern bool world_wrgsbase;

#define WORLD_FRAMES 16384u /* the first word of frame F is F at first */

/* Group set-up of cmocka: makes everything, with room for 1000 mappings. */
int world_make(void **state);

/* Group and test set-up: as it was at the start, but for memory's contents. Frees all spaces and
 * tables. Room for MAPPINGS. */
void world_reset(unsigned mappings);

/* How an access ended. */
enum reach { REACHED, REACHED_AT_ONCE, REFUSED, OTHER, OUTSIDE };

/* Reads or writes the word at ADDRESS. REACHED: after a fault; no more than one may be needed. */
enum reach world_read(uint64_t address, uint32_t *value);
enum reach world_write(uint64_t address, uint32_t value);

/* Is anything mapped at ADDRESS, and may it be written? Without a fault for the windows. */
enum { NOT_MAPPED, READABLE, WRITABLE };
int world_mapping(uint64_t address);

/* Mappings of the process that lie in windows, as Linux counts them. */
unsigned world_count(void);

/* Frame F's word at INDEX as the monitor sees it. */
uint32_t *world_word(uint32_t f, unsigned index);

/* Entry I of T: frame F with FLAGS besides SH_PRESENT. */
void world_set(htable_t t, unsigned i, uint32_t f, unsigned flags);

#endif
