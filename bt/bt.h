/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The binary translator's front: 32-bit guest code becomes 64-bit code in the
 * translation cache, found again by its linear address and mode, left by numbered
 * exits, and turned back into precise guest state wherever it stops. It reads guest code
 * through a caller's fetch and knows no page table, device or event.
 * Method: Adams and Agesen, ASPLOS 2006, 3; Agesen et al., OSR 2010 ("widening").
 */
#ifndef RING1_BT_H
#define RING1_BT_H

#include "monitor/host.h"
#include "monitor/types.h"
#include "monitor/vcpu.h"
#include "monitor/vm.h"

/* Builds vm->bt over the host's cache area. False: no memory. */
bool bt_create(struct vm *vm);

/* One page of guest code as the translator is given it. */
struct code_page {
    gva_t linear;         /* of the page's first byte */
    gfn_t frame;          /* the guest frame it is in, traced for TRACE_CODE */
    const uint8_t *bytes; /* 4096 of them */
    bool global;          /* survives a CR3 load (G bit with CR4.PGE, or paging off) */
};

/* The entry of the block at v->eip in v's mode, or 0 if none is known. */
uint64_t bt_lookup(struct vcpu *v);

/*
 * Translates at v->eip. PAGE holds v->eip; NEXT is the page behind it, or NULL if that one
 * is not there for execution (an instruction that needs it then ends the block and
 * is left to the interpreter, which raises the fault). Returns the block's entry.
 */
uint64_t bt_translate(struct vcpu *v, const struct code_page *page, const struct code_page *next);

/* Translated code stopped at X: completes v (eip, and registers that the code had
 * displaced) so that it is the precise state at an instruction boundary. */
void bt_unwind(struct vcpu *v, const struct host_exit *x);

/* The guest address at which the block begins in which translated code stopped at X; 0 if the code
 * is of no block. Before anything is translated or dropped. */
uint32_t bt_block_of(const struct vcpu *v, const struct host_exit *x);

/* A block exit recorded in X missed, and ENTRY is where its target was found: connect it,
 * if the rules allow. */
void bt_chain(struct vcpu *v, const struct host_exit *x, uint64_t entry);

/*
 * Adaptive translation. The instruction at v->eip, stopped at X (bt_unwind has been), faulted for
 * an access that the interpreter has to make: when that happens often, it is translated as a
 * callout, TC_EXIT_ADAPTED. And the one at EIP, which left by X so, has been interpreted: was its
 * access ORDINARY, one that would not have faulted?
 */
void bt_faulted(struct vcpu *v, const struct host_exit *x);
void bt_called_out(struct vcpu *v, const struct host_exit *x, uint32_t eip, bool ordinary);

/* The same for one that reached outside the guest's 4 GiB: through FS or GS, perhaps, whose base
 * was another when it was translated. Then it is translated for that of now. */
void bt_missed(struct vcpu *v, const struct host_exit *x);

/*
 * The kernel's instruction at v->eip, stopped at X, wants a page that is in the window of user
 * memory, or no longer (x->other_window): it is translated for that one. False: it changes too
 * often; the interpreter shall have it this time. STRING: it is a string operation.
 */
bool bt_turn_window(struct vcpu *v, const struct host_exit *x, bool string);

/* A byte of FRAME in [first, last] changed. True if any translation was dropped. */
bool bt_wrote(struct vm *vm, gfn_t frame, unsigned first, unsigned last);

/* Nothing that was made of the linear page at PAGE is run any more, in whatever address space. */
void bt_drop_page(struct vm *vm, gva_t page);

/* The guest invalidated one linear page, or loaded CR3 (global entries survive
 * unless ALL): translations are found by linear address no longer until verified. */
void bt_flush_linear(struct vcpu *v, gva_t page);
void bt_flush_space(struct vcpu *v, bool all);

/* True if the look-up table is for the mode that V is in; notes what its entry needs. */
bool bt_ready(struct vcpu *v);

/* The guest kernel's calls have been left behind: none of them will return. */
void bt_forget_calls(struct vcpu *v);

/* Between two runs, at NOW_NS of the host's clock: empties the cache if little of it is in use. */
void bt_tidy(struct vm *vm, uint64_t now_ns);

/* The linear addresses of the last blocks entered by look-up, newest first, for reports. */
unsigned bt_recent(const struct vm *vm, uint32_t *eips, unsigned max);

#endif
