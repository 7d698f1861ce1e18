/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where guest memory is behind two windows (host_tc.windows), the guest's kernel reaches its own
 * memory through one and user memory through the other. Which of them an instruction of the kernel
 * wants is not to be seen in it: it is translated for the kernel's, and when that faults because
 * the page is in the other one, it is translated anew for that. One that wants now one, now the
 * other, looks at the address: mostly all user memory lies below all of the kernel's. This table
 * keeps what was learnt.
 */
#ifndef RING1_BT_WINDOW_H
#define RING1_BT_WINDOW_H

#include "monitor/types.h"

/* An instruction's operand; of string operations the one at ESI, and the one at EDI. */
enum window_operand { WINDOW_SOURCE = 1u << 0, WINDOW_DEST = 1u << 1 };

#define WINDOW_SETS   128u
#define WINDOW_PLACES 8u  /* of an address: a kernel has some hundred instructions that turn */
#define WINDOW_TURNS  3u  /* so often an operand changes window; then each address decides */
#define WINDOW_MOVES  64u /* so often the address where they part is moved */

struct window_site {
    uint32_t eip;
    uint32_t since; /* blocks from this one on know it */
    uint8_t user;   /* enum window_operand: in the user's window */
    uint8_t turns;  /* how often that changed */
};
struct window_sites {
    struct window_site site[WINDOW_SETS][WINDOW_PLACES];
    uint64_t split; /* addresses below are looked for in the user's window ... */
    unsigned moves; /* ... which has changed so often */
    unsigned taken; /* places that had another address */
};

/* Which operands of the kernel's instruction at EIP are in the user's window. */
unsigned window_user_operands(const struct window_sites *w, uint32_t eip);

/* Is the window of that instruction's operands to be chosen by the address each time? */
bool window_by_address(const struct window_sites *w, uint32_t eip);

enum window_news {
    WINDOW_TURNED, /* the instruction has another translation now */
    WINDOW_MOVED,  /* the split has moved */
    WINDOW_NEITHER /* it has been moved too often: no address parts the two */
};

/* WHICH operands of the instruction at EIP were found, at ADDRESS, in the other window. The next
 * block to be made is number NEXT. */
enum window_news window_turn(struct window_sites *w, uint32_t eip, unsigned which, uint32_t address,
                             uint32_t next);

/* Was block number BLOCK made with less than is known of the instruction at EIP? */
bool window_is_stale(const struct window_sites *w, uint32_t eip, uint32_t block);

/* Blocks are numbered from 0 again. */
void window_no_blocks(struct window_sites *w);

#endif
