/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which mappings go first. To find out which pages of a window are in use would cost as much as to
 * map them again, so a window goes as a whole, by one call; that takes 1 us for each mapping in it.
 */
#include "monitor/process/room.h"

#include "monitor/process/pane.h"
#include "monitor/process/record.h"
#include "monitor/process/window.h"

/* The user window that has mappings and was not used for longest; 0 if there is none but the
 * current one. */
static uint32_t oldest_window(void)
{
    uint32_t oldest = 0;
    for (uint32_t w = 1; w < MAX_SPACES; w++) {
        const struct window *win = &records.window[w];
        if (win->pieces && w != records.current &&
            (!oldest || win->last_use < records.window[oldest].last_use))
            oldest = w;
    }
    return oldest;
}

bool room_give_up(void)
{
    uint32_t w = oldest_window();
    if (!records.pieces)
        return false;
    window_counts.evictions++;
    if (!w) {
        pane_clear_window(0);
        w = records.current; /* 0: the same again */
    }
    pane_clear_window(w);
    return true;
}

void room_for(unsigned more)
{
    while (records.pieces + more > records.limit && room_give_up())
        ;
}
