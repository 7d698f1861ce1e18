/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a stop of guest code means and what is done about it. Translated stops are first turned
 * into precise guest state; then one table, by exception vector, decides.
 */
#ifndef RING1_EXIT_H
#define RING1_EXIT_H

#include "monitor/host.h"
#include "monitor/vcpu.h"

/* Handles X. Afterwards v is ready for the run loop: state precise, v->exc set if an exception is
 * to be delivered. */
void exit_handle(struct vcpu *v, const struct host_exit *x);

/* One interpreted instruction, counted. */
void exit_interpret(struct vcpu *v);

/* Up to MOST of them, counted; returns how many. What needs the run loop's attention comes with
 * the last (interp_run). */
unsigned exit_interpret_run(struct vcpu *v, unsigned most);

/* The translated block for v->eip, made if there is none. 0: its code is not there, not RAM, not
 * worth translating, or beside a breakpoint; the instruction is to be interpreted, which raises a
 * fetch's fault. */
uint64_t exit_find_block(struct vcpu *v);

#endif
