/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest memory for a debugger: linear addresses through the page tables that v uses now, whatever
 * their rights, without a trace of it in them: no A or D bit is set and nothing faults. RAM alone:
 * to look at a device may change it.
 */
#ifndef RING1_GDB_MEMORY_H
#define RING1_GDB_MEMORY_H

#include "monitor/vcpu.h"

/* How many of LEN bytes from LINEAR on could be read before one that is not there. */
size_t gdb_memory_read(struct vcpu *v, uint32_t linear, void *to, size_t len);

/* All or, with false, none. What was made of the bytes, translations and shadow tables, follows. */
bool gdb_memory_write(struct vcpu *v, uint32_t linear, const void *from, size_t len);

#endif
