/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * PCI's interrupt lines on the host machine: level-triggered, shared, and of no use but to wake the
 * guest, or stop it, so that the monitor looks at its devices. Whoever holds a line is asked at
 * once, so that it lets go.
 */
#ifndef RING1_PC_LINE_H
#define RING1_PC_LINE_H

#include "monitor/pc/vq.h"

/* From here on D's interrupts come. False: it has no line, or one that PCI cannot have. */
bool line_listen(const struct vq_device *d);

#endif
