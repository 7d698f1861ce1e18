/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The numbers that the process host's assembler sources need from C, as monitor/pc/offsets.h has
 * the bare PC's.
 */
#ifndef RING1_PROCESS_OFFSETS_H
#define RING1_PROCESS_OFFSETS_H

#include "monitor/process/process.h"
#include "monitor/vcpu.h"

#define EMIT(name, value)         __asm__ volatile("\n->" #name " %0" : : "i"(value))
#define OFFSET(name, type, field) EMIT(name, offsetof(struct type, field))

void offsets(void);
void vcpu_offsets(void);

void offsets(void)
{
    OFFSET(CPU_MONITOR_RSP, process_cpu, monitor_rsp);
    OFFSET(CPU_PENDING, process_cpu, pending);
    OFFSET(CPU_LEFT, process_cpu, left);
    OFFSET(CPU_CODE, process_cpu, code);
    OFFSET(CPU_FPU_RUNNING, process_cpu, fpu_running);
    OFFSET(CPU_FPU_RSP, process_cpu, fpu_rsp);
    OFFSET(CPU_FRAME, process_cpu, frame);
    OFFSET(F_RAX, tc_frame, rax);
    OFFSET(F_RCX, tc_frame, rcx);
    OFFSET(F_RDX, tc_frame, rdx);
    OFFSET(F_RBX, tc_frame, rbx);
    OFFSET(F_RBP, tc_frame, rbp);
    OFFSET(F_RSI, tc_frame, rsi);
    OFFSET(F_RDI, tc_frame, rdi);
    OFFSET(F_R8, tc_frame, r8);
    OFFSET(F_R9, tc_frame, r9);
    OFFSET(F_R10, tc_frame, r10);
    OFFSET(F_R11, tc_frame, r11);
    OFFSET(F_R12, tc_frame, r12);
    OFFSET(F_R13, tc_frame, r13);
    OFFSET(F_R14, tc_frame, r14);
    OFFSET(F_R15, tc_frame, r15);
    OFFSET(F_RSP, tc_frame, rsp);
    OFFSET(F_RIP, tc_frame, rip);
    OFFSET(F_RFLAGS, tc_frame, rflags);
    OFFSET(CPU_GATE_EIP, process_cpu, gate_eip);
    OFFSET(CPU_GATE_ESP, process_cpu, gate_esp);
    OFFSET(CPU_GS, process_cpu, gs);
    EMIT(LEFT_NOT_ENTERED, LEFT_NOT_ENTERED);
    EMIT(LEFT_GATE, LEFT_GATE);
    EMIT(TC_CODES, TC_CODES);
    EMIT(GATE_SIZE, PROCESS_GATE_SIZE);
}

void vcpu_offsets(void)
{
    OFFSET(V_GPR, vcpu, gpr);
    OFFSET(V_EFLAGS, vcpu, eflags);
    OFFSET(V_CPL, vcpu, cpl);
    OFFSET(V_VIF, vcpu, vif);
    OFFSET(V_EVENT, vcpu, event);
    OFFSET(V_KERNEL_WINDOW, vcpu, windows.kernel);
    OFFSET(V_CS, vcpu, seg[S_CS]);
    OFFSET(V_SS, vcpu, seg[S_SS]);
    OFFSET(V_DS, vcpu, seg[S_DS]);
    OFFSET(V_ES, vcpu, seg[S_ES]);
    OFFSET(V_FS, vcpu, seg[S_FS]);
    OFFSET(V_GS, vcpu, seg[S_GS]);
    OFFSET(D_ARMED, vcpu, direct.armed);
    OFFSET(D_EIP, vcpu, direct.eip);
    OFFSET(D_VIF, vcpu, direct.vif);
    OFFSET(D_TSS, vcpu, direct.tss);
    OFFSET(D_CHECK, vcpu, direct.check);
    OFFSET(D_USER_CS, vcpu, direct.user_cs);
    OFFSET(D_USER_SS, vcpu, direct.user_ss);
    OFFSET(D_KERNEL_CS, vcpu, direct.kernel_cs);
    OFFSET(D_KERNEL_SS, vcpu, direct.kernel_ss);
    OFFSET(D_LOADED, vcpu, direct.loaded);
    OFFSET(D_CALLS, vcpu, direct.calls);
    OFFSET(D_EMPTY, vcpu, direct.empty);
    OFFSET(D_LOOKUP, vcpu, direct.lookup);
    OFFSET(D_SLOW, vcpu, direct.slow);
    OFFSET(D_USER_LOOKUP, vcpu, direct.user_lookup);
    OFFSET(D_USER_SLOW, vcpu, direct.user_slow);
    OFFSET(D_SYSCALLS, vcpu, direct.syscalls);
    OFFSET(SEGMENT_SEL, segment, sel);
    OFFSET(CHECK_WHERE, direct_check, where);
    OFFSET(CHECK_RAW, direct_check, raw);
    EMIT(DIRECT_FLAGS, DIRECT_FLAGS);
    EMIT(FL_ARITH, FL_ARITH);
    EMIT(FL_DF, FL_DF);
    EMIT(FL_IF, FL_IF);
    EMIT(FL_ONE, FL_ONE);
}

#endif
