/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The debugger's front, as the run loop knows it: gdb on the other side of the host's line (host.h)
 * stops the guest, looks at it, changes it, steps it and lets it go on, in the words of GDB's
 * remote serial protocol (GDB manual, appendix E). All of it happens between two guest
 * instructions. Without --gdb vm->gdb is NULL and nothing here is called. How: docs/gdb.md; read
 * packet.h next.
 */
#ifndef RING1_GDB_H
#define RING1_GDB_H

#include "monitor/vcpu.h"
#include "monitor/vm.h"

/* Builds vm->gdb. WAIT: the guest stands still before its first instruction until a debugger has
 * let it go. False: no memory. */
bool gdb_create(struct vm *vm, bool wait);

/* The guest begins: a debugger may come. From here on what it says is looked at in time: there are
 * hosts that keep no more than 16 bytes of it. */
void gdb_begin(void);

/* Looks at the line while the guest runs: what came in stops it before its next instruction. */
void gdb_poll(struct vm *vm);

/* Between two instructions, with nothing left to deliver: stops here if a debugger wants that, and
 * returns when the guest shall go on. True: it stood still, and anything may have changed. */
bool gdb_attend(struct vcpu *v);

/* Has a step, or the first instruction after a stop, the CPU to itself? External interrupts wait
 * meanwhile, but for a CPU that was halted: nothing else wakes it. */
bool gdb_holds_interrupts(const struct vcpu *v);

/* Must the next instruction be interpreted, so that gdb_attend sees the one behind it? */
bool gdb_interprets(struct vcpu *v);

/* Is there a breakpoint at all; on the page of LINEAR? What lies on such a page is neither
 * translated nor, where user code runs directly, run so. */
bool gdb_breaks_any(const struct vm *vm);
bool gdb_breaks_on_page(const struct vm *vm, uint32_t linear);

/* The VM has ended: one that was killed or that halted for good can be looked at once more; then
 * the debugger is told. */
void gdb_end(struct vm *vm);

#endif
