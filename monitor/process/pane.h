/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is mapped in the windows, kept equal in the books and in the process. A window is named by
 * its number, a pane by its window and slot. Functions that take away always succeed: a mapping is
 * taken out alone, or, where Linux cannot split it any more, with all of its window.
 */
#ifndef RING1_PROCESS_PANE_H
#define RING1_PROCESS_PANE_H

#include "monitor/process/record.h"

#define WINDOW_SIZE   (1ull << 32)
#define WINDOW_STRIDE (2 * WINDOW_SIZE)
#define SLOT_SHIFT    21

/* Makes page I of SLOT in window W reachable as its entry says, with what lies next to it and can
 * be had by the same call. The entry must be one that W may show. -errno if Linux refuses; then
 * nothing has changed that the books do not know. */
int pane_map(uint32_t w, unsigned slot, unsigned i);

/* Entry I of T is about to be taken away, or (pane_close) to lose SH_WRITE and nothing else: so
 * are its mappings, in every window. */
void pane_unmap(struct table *t, unsigned i);
void pane_close(struct table *t, unsigned i);

/* Window W shows nothing of the slots FIRST to LAST any more; nothing at all. */
void pane_clear(uint32_t w, unsigned first, unsigned last);
void pane_clear_window(uint32_t w);

/* The first slot from FROM on where window W shows something; HOST_SPACE_SLOTS if there is none. */
unsigned pane_next(const struct window *w, unsigned from);

#endif
