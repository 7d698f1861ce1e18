/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Breakpoints: linear addresses, in whatever address space. The guest's memory is never patched;
 * instead nothing on a page that has one runs but in the interpreter, which looks before each
 * instruction.
 */
#ifndef RING1_GDB_BREAKS_H
#define RING1_GDB_BREAKS_H

#include "monitor/vcpu.h"

#define GDB_BREAKS_MAX 64u

/* What the debugger called it; both work alike. */
enum gdb_break_kind { GDB_BREAK_SOFT, GDB_BREAK_HARD, GDB_BREAK_KINDS };

struct gdb_breaks {
    unsigned count;
    struct gdb_break {
        uint32_t linear;
        enum gdb_break_kind kind;
    } at[GDB_BREAKS_MAX];
};

/* One that is there already is not made twice. False: no more can be had. */
bool breaks_insert(struct vcpu *v, struct gdb_breaks *b, uint32_t linear, enum gdb_break_kind kind);
void breaks_remove(struct gdb_breaks *b, uint32_t linear, enum gdb_break_kind kind);

/* The breakpoint at LINEAR, or NULL. */
const struct gdb_break *breaks_find(const struct gdb_breaks *b, uint32_t linear);

bool breaks_on_page(const struct gdb_breaks *b, uint32_t linear);

/* Can user code of v's address space get to a breakpoint? */
bool breaks_in_user_code(struct vcpu *v, const struct gdb_breaks *b);

#endif
