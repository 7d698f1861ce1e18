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
    OFFSET(V_GPR, vcpu, gpr);
    OFFSET(V_EFLAGS, vcpu, eflags);
    OFFSET(CPU_VCPU, host_cpu, vcpu);
    OFFSET(CPU_FAULT_ERROR, host_cpu, fault_error);
    EMIT(CPU_RING1_TOP, offsetof(struct host_cpu, ring1_stack) + sizeof pc_cpu.ring1_stack);
    OFFSET(V_VIF, vcpu, vif);
    OFFSET(V_EVENT, vcpu, event);
    OFFSET(V_DS, vcpu, seg[S_DS]);
    OFFSET(V_ES, vcpu, seg[S_ES]);
    OFFSET(V_FS, vcpu, seg[S_FS]);
    OFFSET(V_GS, vcpu, seg[S_GS]);
    OFFSET(D_ARMED, vcpu, direct.armed);
    OFFSET(D_EIP, vcpu, direct.eip);
    OFFSET(D_VIF, vcpu, direct.vif);
    OFFSET(D_FAULT_EIP, vcpu, direct.fault_eip);
    OFFSET(D_FAULT_VIF, vcpu, direct.fault_vif);
    OFFSET(D_TSS, vcpu, direct.tss);
    OFFSET(D_CHECK, vcpu, direct.check);
    OFFSET(D_MIRROR, vcpu, direct.mirror);
    OFFSET(D_MIRRORS, vcpu, direct.mirrors);
    OFFSET(D_USER_CS, vcpu, direct.user_cs);
    OFFSET(D_USER_SS, vcpu, direct.user_ss);
    OFFSET(D_KERNEL_SS, vcpu, direct.kernel_ss);
    OFFSET(D_LOADED, vcpu, direct.loaded);
    OFFSET(D_CALLS, vcpu, direct.calls);
    OFFSET(D_LOOKUP, vcpu, direct.lookup);
    OFFSET(D_SLOW, vcpu, direct.slow);
    OFFSET(D_SYSCALLS, vcpu, direct.syscalls);
    OFFSET(SEGMENT_SEL, segment, sel);
    OFFSET(SEGMENT_LIMIT, segment, limit);
    OFFSET(CHECK_WHERE, direct_check, where);
    OFFSET(CHECK_RAW, direct_check, raw);
    EMIT(SEL_TC_CODE, SEL_TC_CODE);
    EMIT(TC_GATE_VECTOR, TC_GATE_VECTOR);
    EMIT(TC_CODES, TC_CODES);
    EMIT(DIRECT_FLAGS, DIRECT_FLAGS);
    EMIT(DIRECT_GATE, DIRECT_GATE);
    EMIT(DIRECT_CODE, DIRECT_CODE);
    EMIT(DIRECT_STACK, DIRECT_STACK);
    EMIT(DIRECT_FAULT_GATE, DIRECT_FAULT_GATE);
    EMIT(FL_ARITH, FL_ARITH);
    EMIT(FL_DF, FL_DF);
    EMIT(FL_IF, FL_IF);
    EMIT(FL_RF, FL_RF);
    EMIT(FL_ONE, FL_ONE);
}

#endif
