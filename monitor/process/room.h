/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Room for mappings: Linux allows a process so many, 65530 by default. When they come near, the
 * user window unused for longest gives up its own; all of them can be made again.
 */
#ifndef RING1_PROCESS_ROOM_H
#define RING1_PROCESS_ROOM_H

#include <stdbool.h>

/* Makes room for MORE mappings, as far as there is something to give up. Whatever was mapped may be
 * gone afterwards. */
void room_for(unsigned more);

/* Gives some mappings up, because Linux refused one. False if there is not one left. */
bool room_give_up(void);

#endif
