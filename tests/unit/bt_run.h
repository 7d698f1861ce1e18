/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Translated code run natively in the test process, whole or one host instruction at a time.
 * Guest linear addresses are host addresses below 4 GiB (bt_world.h maps them); the exit gate's
 * INT faults and its signal is the exit. Signals also make the switch into the code: no
 * register is left to an assembler trampoline.
 */
#ifndef RING1_BT_RUN_H
#define RING1_BT_RUN_H

#include "monitor/host.h"
#include "monitor/vcpu.h"

struct tc_state {
    uint64_t gpr[16]; /* host numbers */
    uint64_t rip, rflags;
    uint64_t base; /* of the window in R12; 0: there are no windows */
    unsigned trap; /* vector that ended the last run: 1 after a single step */
    uint64_t error, cr2;
};

/* The host registers for V at ENTRY, as host_run_tc sets them. */
void tc_load(struct tc_state *s, struct vcpu *v, uint64_t entry);

/* Runs until the next trap, STEP: of one host instruction. */
void tc_go(struct tc_state *s, bool step);

/* The exit that S is: registers to V, the rest to X. A single step is an HX_INTERRUPT. */
void tc_store(const struct tc_state *s, struct vcpu *v, struct host_exit *x);

#endif
