; SPDX-License-Identifier: GPL-2.0-or-later
;
; Between translated user code and the translated kernel without leaving for the monitor: what
; monitor/pc/gate.asm is on the bare PC. Up to its commit each piece changes nothing of the guest's that
; is not done again (the frame on the kernel's stack), and a stop is one before the instruction; from the
; commit on nothing faults, and a signal's handler completes it (crossing.c does the same in C).
bits 64
default rel
%include "offsets.inc"
extern process_cpu
global gate_call, gate_call_commit, gate_call_done, gate_call_end
global gate_return, gate_return_commit, gate_return_done, gate_return_end

%define UNUSUAL DIRECT_FLAGS
section .text

%macro copy_segment 2 ; from, to: offsets in the vcpu
        mov r10, [r15 + %1]
        mov [r15 + %2], r10
        mov r10, [r15 + %1 + 8]
        mov [r15 + %2 + 8], r10
%endmacro

%macro same_descriptor 1 ; index in check[]
        mov r10d, [r15 + D_CHECK + 16 * %1 + CHECK_WHERE]
        mov r10, [r9 + r10]
        cmp r10, [r15 + D_CHECK + 16 * %1 + CHECK_RAW]
        jne call_slow
%endmacro

%macro same_segment 2 ; offset in the vcpu, index in loaded[]
        mov r10, [r15 + %1]
        cmp r10, [r15 + D_LOADED + 16 * %2]
        jne return_slow
        mov r10, [r15 + %1 + 8]
        cmp r10, [r15 + D_LOADED + 16 * %2 + 8]
        jne return_slow
%endmacro

; purpose  INT 80h of user code
; IN       R8 = its address, R11 = the flags, R14 = guest ESP; GS = the user's window
; OUT      the guest's frame on its kernel stack; on to the handler in the translation cache
; CLOBBERS R9, R10, R13, flags until they are loaded from R11
; STACK    the call stack of translated code, then that, empty
gate_call:
        cmp dword [r15 + D_ARMED], 0
        je call_slow
        test dword [r15 + V_EFLAGS], UNUSUAL
        jnz call_slow
        mov r9, [r15 + V_KERNEL_WINDOW]
        same_descriptor 0
        same_descriptor 1
        same_descriptor 2
        mov r10d, [r15 + D_TSS]
        movzx r13d, word [r9 + r10 + 4]
        cmp r13w, [r15 + D_KERNEL_SS + SEGMENT_SEL]
        jne call_slow
        mov r13d, [r9 + r10]
        lea r13d, [r13 - 20]
        movzx r10d, word [r15 + D_USER_SS + SEGMENT_SEL]
        mov [r9 + r13 + 16], r10d
        mov [r9 + r13 + 12], r14d
        mov r10d, r11d
        and r10d, FL_ARITH | FL_DF
        or r10d, FL_IF | FL_ONE
        mov [r9 + r13 + 8], r10d
        movzx r10d, word [r15 + D_USER_CS + SEGMENT_SEL]
        mov [r9 + r13 + 4], r10d
        lea r10d, [r8 + 2]
        mov [r9 + r13], r10d
gate_call_commit:
        mov r14d, r13d
        copy_segment D_KERNEL_CS, V_CS
        copy_segment D_KERNEL_SS, V_SS
        mov byte [r15 + V_CPL], 0
        mov r10d, [r15 + D_VIF]
        mov [r15 + V_VIF], r10b
        add qword [r15 + D_SYSCALLS], 1
        wrgsbase r9
        mov [process_cpu + CPU_GS], r9
        mov rsp, [r15 + D_CALLS]
        mov r10, [r15 + D_EMPTY]
        mov [rsp], r10
        mov r8d, [r15 + D_EIP]
        push r11
        popfq
gate_call_done:
        jmp [r15 + D_LOOKUP]
call_slow:
        jmp [r15 + D_USER_SLOW]
gate_call_end:

; purpose  a translated IRET whose CS is of ring 3
; IN       R8 = its address, R11 = the flags, R14 = guest ESP, at the frame; R12 = the user's window
; OUT      user code in the translation cache
; CLOBBERS R9, R10, R13, flags until they are loaded from the frame's
; STACK    the call stack of translated code, then that, empty
gate_return:
        cmp dword [r15 + D_ARMED], 0
        je return_slow
        cmp byte [r15 + V_EVENT], 0
        jne return_slow
        mov r9, [r15 + V_KERNEL_WINDOW]
        mov r10d, [r9 + r14 + 4]
        cmp r10w, [r15 + D_USER_CS + SEGMENT_SEL]
        jne return_slow
        mov r10d, [r9 + r14 + 16]
        cmp r10w, [r15 + D_USER_SS + SEGMENT_SEL]
        jne return_slow
        mov r13d, [r9 + r14 + 8]
        test r13d, UNUSUAL
        jnz return_slow
        test r13d, FL_IF
        jz return_slow
        test dword [r15 + V_EFLAGS], UNUSUAL
        jnz return_slow
        same_segment V_DS, 0
        same_segment V_ES, 1
        same_segment V_FS, 2
        same_segment V_GS, 3
        and r13d, FL_ARITH | FL_DF
        or r13d, FL_IF | FL_ONE
        mov r10d, [r9 + r14]
        mov [process_cpu + CPU_GATE_EIP], r10d
        mov r10d, [r9 + r14 + 12]
        mov [process_cpu + CPU_GATE_ESP], r10d
gate_return_commit:
        mov r8d, [process_cpu + CPU_GATE_EIP]
        mov r14d, [process_cpu + CPU_GATE_ESP]
        copy_segment D_USER_CS, V_CS
        copy_segment D_USER_SS, V_SS
        mov byte [r15 + V_CPL], 3
        mov byte [r15 + V_VIF], 1
        wrgsbase r12
        mov [process_cpu + CPU_GS], r12
        mov rsp, [r15 + D_CALLS]
        mov r10, [r15 + D_EMPTY + 8]
        mov [rsp], r10
        push r13
        popfq
gate_return_done:
        jmp [r15 + D_USER_LOOKUP]
return_slow:
        jmp [r15 + D_SLOW]
gate_return_end:

section .note.GNU-stack noalloc noexec nowrite progbits
