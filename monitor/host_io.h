/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The other half of the interface between core and host (host.h): what stands behind the
 * guest's paravirtual devices.
 */
#ifndef RING1_HOST_IO_H
#define RING1_HOST_IO_H

#include "monitor/types.h"

/* LEN random bytes, as good as the host has them (docs/limits.md). */
void host_random(void *buf, size_t len);

#endif
