/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * This machine, as /proc/cpuinfo and /proc/meminfo tell it: their text in, what matters to Ring1
 * out.
 */
#ifndef RING1_LOADER_MACHINE_H
#define RING1_LOADER_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct machine {
    char cpu[128]; /* "" if the text does not say */
    bool long_mode, nx, smep, vmx, svm, hypervisor;
    uint64_t memory_kib, free_kib; /* 0: unknown */
};

/* Either text may be empty. Of several CPUs the first counts. */
void machine_read(const char *cpuinfo, const char *meminfo, struct machine *m);

#endif
