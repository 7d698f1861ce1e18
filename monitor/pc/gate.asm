; SPDX-License-Identifier: GPL-2.0-or-later
;
; Ring-1 code between guest user code and the translated kernel: INT 80h comes here from ring 3
; through a trap gate, a page fault that is the guest's own from the monitor (world.c), and a translated
; IRET to user code jumps here. None of them changes anything of the guest's that is not done again
; (the frame on the kernel's stack) before its last instruction, so that a stop in between means "before the
; system call", "at the instruction that faults" or "before the IRET": world.c knows the labels.
; A stop is an interrupt, a fault in the guest's memory, or the INT of a case that is not the usual one.
; Trap gates only: ring 1 could never set the real IF again.
bits 64
default rel
%include "offsets.inc"
extern pc_cpu
global gate_syscall, gate_syscall_parked, gate_syscall_restored, gate_syscall_committed, gate_syscall_end
global gate_fault, gate_fault_parked, gate_fault_restored, gate_fault_committed, gate_fault_end
global gate_return, gate_return_end

%define UNUSUAL DIRECT_FLAGS
section .text

%macro same_selector 3 ; hardware register, index in loaded[], where to go if not
        mov r8d, %1
        cmp r8w, [r15 + D_LOADED + 16 * %2 + SEGMENT_SEL]
        jne %3
%endmacro

%macro same_descriptor 2 ; index in check[], where to go if not
        mov r8d, [r15 + D_CHECK + 16 * %1 + CHECK_WHERE]
        mov r8, [r8]
        cmp r8, [r15 + D_CHECK + 16 * %1 + CHECK_RAW]
        jne %2
%endmacro

; purpose  from user code into a handler of the guest's kernel
; IN       the hardware's frame at the top of the ring-1 stack; the user's registers and flags
; OUT      the guest's frame on its kernel stack; on to the handler in the translation cache
; STACK    TSS.RSP1, then the call stack of translated code, empty
%macro to_kernel 5 ; name, its gate's index in check[], the handler's EIP and VIF, bytes of error code
%1:     mov r13, rax
%1_parked:                              ; from here to restored the user's RAX is in R13
        lahf
        seto al
        mov r12d, eax
        mov r15, [pc_cpu + CPU_VCPU]
        cmp dword [r15 + D_ARMED], 0
        je %%slow
        test dword [rsp + 16], UNUSUAL
        jnz %%slow
        mov r9d, [rsp + 8]              ; CS
        cmp r9w, [r15 + D_USER_CS + SEGMENT_SEL]
        jne %%slow
        mov r10d, [rsp + 32]            ; SS
        cmp r10w, [r15 + D_USER_SS + SEGMENT_SEL]
        jne %%slow
        same_selector ds, 0, %%slow
        same_selector es, 1, %%slow
        same_selector fs, 2, %%slow
        same_selector gs, 3, %%slow
        same_descriptor %2, %%slow
        same_descriptor DIRECT_CODE, %%slow
        same_descriptor DIRECT_STACK, %%slow
        mov r8d, [r15 + D_TSS]
        mov r14d, [r8]
        mov r8w, [r8 + 4]
        cmp r8w, [r15 + D_KERNEL_SS + SEGMENT_SEL]
        jne %%slow
        lea r14d, [r14 - (20 + %5)]
        movzx r10d, r10w
        mov [r14d + %5 + 16], r10d
        mov r10d, [rsp + 24]
        mov [r14d + %5 + 12], r10d
        mov r10d, [rsp + 16]
%if %5
        or r10d, FL_RF                  ; faults alone have an error code
%else
        and r10d, ~FL_RF
%endif
        mov [r14d + %5 + 8], r10d
        movzx r9d, r9w
        mov [r14d + %5 + 4], r9d
        mov r10d, [rsp]
        mov [r14d + %5], r10d
%if %5
        mov r10d, [pc_cpu + CPU_FAULT_ERROR]
        mov [r14d], r10d
%else
        add qword [r15 + D_SYSCALLS], 1
%endif
        mov r8d, [r15 + %3]
        mov r9d, [r15 + %4]
        mov eax, r12d
        add al, 127
        sahf
        mov r12d, 0
        mov rax, r13
%1_restored:
        mov rsp, [r15 + D_CALLS]
        mov [r15 + V_VIF], r9b
%1_committed:
        jmp [r15 + D_LOOKUP]
%%slow: int 0xc7                        ; a gate that nothing else uses
%1_end:                                 ; where that INT stops: not the next piece's first byte
        ud2
%endmacro

        to_kernel gate_syscall, DIRECT_GATE, D_EIP, D_VIF, 0
        to_kernel gate_fault, DIRECT_FAULT_GATE, D_FAULT_EIP, D_FAULT_VIF, 4

%macro same_segment 2 ; offset in the vcpu, index in loaded[]
        mov r9, [r15 + %1]
        cmp r9, [r15 + D_LOADED + 16 * %2]
        jne return_slow
        mov r9, [r15 + %1 + 8]
        cmp r9, [r15 + D_LOADED + 16 * %2 + 8]
        jne return_slow
%endmacro

; purpose  a translated IRET whose CS is of ring 3
; IN       R14 = guest ESP, at the frame; R8 = the IRET's address, R11 = the guest's flags
; OUT      user code; or, for the interpreter, back to the cache
; CLOBBERS R9, R10, R12 (put back to 0), R13, RSP, flags
gate_return:
        cmp dword [r15 + D_ARMED], 0
        je return_slow
        cmp byte [r15 + V_EVENT], 0
        jne return_slow
        mov r9d, [r14d + 4]
        cmp r9w, [r15 + D_USER_CS + SEGMENT_SEL]
        jne return_slow
        mov r9d, [r14d + 16]
        cmp r9w, [r15 + D_USER_SS + SEGMENT_SEL]
        jne return_slow
        mov r13d, [r14d + 8]
        test r13d, UNUSUAL
        jnz return_slow
        test r13d, FL_IF
        jz return_slow
        test dword [r15 + V_EFLAGS], UNUSUAL
        jnz return_slow
        mov r9d, [r14d]
        cmp r9d, [r15 + D_USER_CS + SEGMENT_LIMIT]
        ja return_slow
        same_segment V_DS, 0
        same_segment V_ES, 1
        same_segment V_FS, 2
        same_segment V_GS, 3
        mov r9d, [r15 + D_MIRRORS]
        lea r10, [r15 + D_MIRROR]
.next:  mov r12d, [r10 + CHECK_WHERE]
        mov r12, [r12]
        cmp r12, [r10 + CHECK_RAW]
        jne return_slow
        add r10, 16
        sub r9d, 1
        jnz .next
        mov r12d, 0
        lea rsp, [pc_cpu + CPU_RING1_TOP]
        movzx r9d, word [r15 + D_USER_SS + SEGMENT_SEL]
        push r9
        mov r9d, [r14d + 12]
        push r9
        and r13d, FL_ARITH | FL_DF
        or r13d, FL_IF | FL_ONE
        push r13
        movzx r9d, word [r15 + D_USER_CS + SEGMENT_SEL]
        push r9
        mov r9d, [r14d]
        push r9
        iretq
return_slow:
        mov r12d, 0
        jmp [r15 + D_SLOW]
gate_return_end:
