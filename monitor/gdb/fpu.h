/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's x87 and SSE state for a debugger. It is in the hardware all the time, so one FXSAVE
 * fetches it and one FXRSTOR brings it back (SDM 1 10.5.1), whatever CR0.TS and the like say to the
 * guest. In between it is a note that is good until the guest goes on.
 */
#ifndef RING1_GDB_FPU_H
#define RING1_GDB_FPU_H

#include "monitor/vcpu.h"

struct gdb_fpu {
    uint8_t image[512] __attribute__((aligned(64))); /* as FXSAVE stores it */
    bool known;
};

/* What gdb calls st0 to fop, xmm0 to mxcsr; the numbers of a kind in the enum count upwards. */
enum gdb_fpu_kind { FPU_ST, FPU_CONTROL, FPU_XMM, FPU_MXCSR };
enum gdb_fpu_control { FCTRL, FSTAT, FTAG, FISEG, FIOFF, FOSEG, FOOFF, FOP };

/* The bytes of one register, little-endian: 10 of an ST, 4 of a control register and of MXCSR, 16
 * of an XMM. False: the host has refused to run the instruction. */
bool gdb_fpu_read(struct vcpu *v, struct gdb_fpu *f, enum gdb_fpu_kind kind, unsigned number,
                  uint8_t *bytes);

/* False: nothing has changed; MXCSR has bits that this CPU does not know. */
bool gdb_fpu_write(struct vcpu *v, struct gdb_fpu *f, enum gdb_fpu_kind kind, unsigned number,
                   const uint8_t *bytes);

#endif
