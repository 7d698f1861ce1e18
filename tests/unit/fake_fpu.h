/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The FPU of the fake host: host_fpu_run on the real CPU of the test process, with an FPU
 * state of the guest's own, which tests may look into.
 */
#ifndef RING1_FAKE_FPU_H
#define RING1_FAKE_FPU_H

#include <stdint.h>

/* As after FNINIT, MXCSR 1F80h, registers zero. */
void fake_fpu_reset(void);

/* The guest's state, an FXSAVE image of the 64-bit form. */
extern uint8_t fake_fpu_state[512];

#endif
