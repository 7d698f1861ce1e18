/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which guest instructions are translated as callouts because, as copies, they fault again and
 * again: a small table of addresses with what is known of each. In: faults and what came of
 * callouts; out: whether an address is a callout. What a fault was for is not known here.
 * Method: Adams and Agesen, ASPLOS 2006, 3.4 ("adaptive binary translation").
 */
#ifndef RING1_BT_ADAPT_H
#define RING1_BT_ADAPT_H

#include "monitor/types.h"

#define ADAPT_SITES 256u

struct adapt_site {
    uint32_t eip;
    uint16_t faults;  /* lately; 0 while it is a callout */
    int16_t score;    /* above 0: it is a callout, and so far from being none again */
    uint8_t given_up; /* times that it was a callout in vain */
};

struct adapt {
    struct adapt_site site[ADAPT_SITES]; /* an address has one place */
    uint32_t faults;                     /* since counts were halved last */
};

/* Is the instruction at EIP to be translated as a callout? */
bool adapt_is_callout(const struct adapt *a, uint32_t eip);

/* The instruction at EIP faulted. True if it is to be a callout from now on, or already. */
bool adapt_faulted(struct adapt *a, uint32_t eip);

/* It ran as a callout, in vain if its accesses were ORDINARY. True if it shall stay one. */
bool adapt_ran(struct adapt *a, uint32_t eip, bool ordinary);

#endif
