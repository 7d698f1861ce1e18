/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where guest memory is behind two windows (host_tc.windows), the guest's kernel reaches its own
 * memory through one and user memory through the other. Which of them an instruction of the kernel
 * wants is not to be seen in it: it is translated for the kernel's, and when that faults because
 * the page is in the other one, it is translated anew for that. This table keeps what was learnt.
 */
#ifndef RING1_BT_WINDOW_H
#define RING1_BT_WINDOW_H

#include "monitor/types.h"

/* An instruction's operand; of string operations the one at ESI, and the one at EDI. */
enum window_operand { WINDOW_SOURCE = 1u << 0, WINDOW_DEST = 1u << 1 };

#define WINDOW_SITES 1024u
#define WINDOW_TURNS 8u /* an instruction that wants now one, now the other, is left alone */

struct window_site {
    uint32_t eip;
    uint8_t user;  /* enum window_operand: in the user's window */
    uint8_t turns; /* how often that changed */
};
struct window_sites {
    struct window_site site[WINDOW_SITES];
};

/* Which operands of the kernel's instruction at EIP are in the user's window. */
unsigned window_user_operands(const struct window_sites *w, uint32_t eip);

/* WHICH operands of the instruction at EIP were found in the other window. False: it changes too
 * often, nothing was noted. */
bool window_turn(struct window_sites *w, uint32_t eip, unsigned which);

#endif
