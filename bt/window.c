/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See window.h. An address has a few places in the table. Where two that turn had one, each took it
 * from the other and was translated anew, again and again.
 */
#include "bt/window.h"

static unsigned set_of(uint32_t eip)
{
    return (eip * 0x9e3779b1u) >> 25;
}
_Static_assert(WINDOW_SETS == 1u << 7, "set_of");

/* EIP's place in its set S; WINDOW_PLACES if it has none. */
static unsigned place_in(const struct window_site *s, uint32_t eip)
{
    unsigned n = 0;
    while (n < WINDOW_PLACES && s[n].eip != eip)
        n++;
    return n;
}

/* One that nobody has, or another's. */
static unsigned free_place(struct window_sites *w, const struct window_site *s)
{
    for (unsigned n = 0; n < WINDOW_PLACES; n++) {
        if (!s[n].turns)
            return n;
    }
    return w->taken++ % WINDOW_PLACES;
}

static struct window_site known(const struct window_sites *w, uint32_t eip)
{
    const struct window_site *s = w->site[set_of(eip)];
    unsigned n = place_in(s, eip);
    return n < WINDOW_PLACES ? s[n] : (struct window_site){0};
}

unsigned window_user_operands(const struct window_sites *w, uint32_t eip)
{
    return known(w, eip).user;
}

bool window_by_address(const struct window_sites *w, uint32_t eip)
{
    return known(w, eip).turns == WINDOW_TURNS;
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

bool window_is_stale(const struct window_sites *w, uint32_t eip, uint32_t block)
{
    return block < known(w, eip).since;
}

void window_no_blocks(struct window_sites *w)
{
    for (unsigned set = 0; set < WINDOW_SETS; set++) {
        for (unsigned n = 0; n < WINDOW_PLACES; n++)
            w->site[set][n].since = 0;
    }
}

enum window_news window_turn(struct window_sites *w, uint32_t eip, unsigned which, uint32_t address,
                             uint32_t next)
{
    struct window_site *s = w->site[set_of(eip)];
    unsigned n = place_in(s, eip);
    if (n == WINDOW_PLACES) {
        n = free_place(w, s);
        s[n] = (struct window_site){.eip = eip};
    }
    s += n;
    if (s->turns == WINDOW_TURNS)
        return move_split(w, address);
    s->turns++;
    s->since = next;
    s->user ^= (uint8_t)which;
    return WINDOW_TURNED;
}
