/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The numbers that assembler sources need from C, printed by the compiler: the Makefile
 * turns each "->NAME value" of the assembly into a NASM %define.
 */
#ifndef RING1_OFFSETS_H
#define RING1_OFFSETS_H

#include "monitor/pc/pc.h"
#include "monitor/vcpu.h"

#define EMIT(name, value)         __asm__ volatile("\n->" #name " %0" : : "i"(value))
#define OFFSET(name, type, field) EMIT(name, offsetof(struct type, field))

void offsets(void);
void offsets(void)
{
    OFFSET(CPU_MONITOR_RSP, host_cpu, monitor_rsp);
    OFFSET(CPU_FRAME, host_cpu, frame);
    OFFSET(CPU_FIXUP_RIP, host_cpu, fixup_rip);
    OFFSET(CPU_FIXUP_RSP, host_cpu, fixup_rsp);
    OFFSET(FRAME_CS, trap_frame, cs);
    OFFSET(FRAME_RFLAGS, trap_frame, rflags);
    OFFSET(FRAME_VECTOR, trap_frame, vector);
    OFFSET(V_GPR, vcpu, gpr);
    OFFSET(V_EFLAGS, vcpu, eflags);
    EMIT(FL_ARITH, FL_ARITH);
}

#endif
