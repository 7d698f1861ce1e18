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

/*
 * The short way of a page fault, for a host that can go on where it stopped, with guest state still
 * in the registers, or enter the handler as direct.h has it. X: what exit_handle takes of one. It
 * gets the shadow's answer, so that exit_handle does not ask once more.
 */
enum exit_quick {
    QUICK_NO,      /* exit_handle */
    QUICK_AGAIN,   /* mended: run on */
    QUICK_REFLECT, /* the guest's own, of user code, with error code X->error: to its handler */
};
enum exit_quick exit_quick_fault(struct vcpu *v, struct host_exit *x);

/* The same of TC_EXIT_CALL: has the call been made, which v->gpr say? Then v->gpr[R_EAX] is its
 * result and v->tc_rsp may have changed (both are to be loaded), and translated code goes on
 * behind its gate. Should the VM have ended, the next exit finds that out. */
bool exit_quick_call(struct vcpu *v);

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
