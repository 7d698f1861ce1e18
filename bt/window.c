/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See window.h. An address has one place in the table; the newest one gets it.
 */
#include "bt/window.h"

static unsigned place_of(uint32_t eip)
{
    return (eip * 0x9e3779b1u) >> 22;
}
_Static_assert(WINDOW_SITES == 1u << 10, "place_of");

unsigned window_user_operands(const struct window_sites *w, uint32_t eip)
{
    const struct window_site *s = &w->site[place_of(eip)];
    return s->eip == eip ? s->user : 0;
}

bool window_by_address(const struct window_sites *w, uint32_t eip)
{
    const struct window_site *s = &w->site[place_of(eip)];
    return s->eip == eip && s->turns == WINDOW_TURNS;
}

/* User memory is taken to go on for a while. */
#define SPLIT_STEP 0x1000000ull

/* ADDRESS is on the wrong side. */
static enum window_news move_split(struct window_sites *w, uint32_t address)
{
    if (w->moves == WINDOW_MOVES)
        return WINDOW_NEITHER;
    w->moves++;
    if (address < w->split)
        w->split = address & ~PAGE_MASK;
    else
        w->split = (address | (SPLIT_STEP - 1)) + 1;
    return WINDOW_MOVED;
}

enum window_news window_turn(struct window_sites *w, uint32_t eip, unsigned which, uint32_t address)
{
    struct window_site *s = &w->site[place_of(eip)];
    if (s->eip != eip)
        *s = (struct window_site){.eip = eip};
    if (s->turns == WINDOW_TURNS)
        return move_split(w, address);
    s->turns++;
    s->user ^= (uint8_t)which;
    return WINDOW_TURNED;
}
