/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Page traces: which guest frames must not be written without somebody hearing of it,
 * and who. A frame with any client is mapped read-only in every shadow table. This
 * file only keeps the marks; vmem.c tells the clients, shadow/ obeys them.
 */
#ifndef RING1_TRACE_H
#define RING1_TRACE_H

#include "monitor/types.h"
#include "monitor/vm.h"

enum trace_client {
    TRACE_PAGETABLE = 1u << 0, /* shadow/ mirrors this frame */
    TRACE_CODE = 1u << 1,      /* bt/ holds translations of bytes in this frame */
};

struct trace {
    uint32_t frames;
    uint8_t clients[]; /* by frame: a set of enum trace_client */
};

/* All frames unmarked. False: no memory. */
bool trace_create(struct vm *vm);

/* Clients of F, 0 for a frame outside RAM. */
unsigned trace_clients(const struct vm *vm, gfn_t f);

/* Has F no client? Inline, because every interpreted store asks. */
static inline bool trace_none(const struct vm *vm, gfn_t f)
{
    const struct trace *t = vm->trace;
    return !t || f.v >= t->frames || !t->clients[f.v];
}

/* Adds or removes a client. True if the frame became traced, or untraced, by this: the
 * caller then owes shadow_trace_changed(). Frames outside RAM: false, nothing done. */
bool trace_add(struct vm *vm, gfn_t f, enum trace_client c);
bool trace_remove(struct vm *vm, gfn_t f, enum trace_client c);

#endif
