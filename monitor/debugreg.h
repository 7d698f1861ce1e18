/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Breakpoints of DR0-DR3 as DR7 arms them (SDM 3B 17.2). Accesses come in; which breakpoints they
 * meet goes out, as bits of DR6. While any is armed all code is interpreted (mode.c).
 */
#ifndef RING1_DEBUGREG_H
#define RING1_DEBUGREG_H

#include "monitor/vcpu.h"

/* v->armed: what kinds of breakpoints there are. */
enum { ARMED_CODE = 1, ARMED_DATA = 2, ARMED_PORT = 4 };

/* DR7 or CR4.DE has changed. */
void debugreg_changed(struct vcpu *v);

/* The breakpoints on the instruction at LINEAR. */
uint32_t debugreg_code(const struct vcpu *v, uint32_t linear);

/* Notes in v->met the data breakpoints that [LINEAR, LINEAR+LEN), or the ports [PORT, PORT+LEN),
 * meet. They trap behind the instruction. */
void debugreg_data(struct vcpu *v, uint32_t linear, unsigned len, bool write);
void debugreg_port(struct vcpu *v, uint16_t port, unsigned len);

/* Has the page at LINEAR a data breakpoint? */
bool debugreg_page(const struct vcpu *v, uint32_t linear);

#endif
