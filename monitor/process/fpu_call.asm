; SPDX-License-Identifier: GPL-2.0-or-later
;
; Runs one prepared FPU instruction with the guest's registers around it (fpu.c). A fault in it
; continues at process_fpu_fault by way of the signal's handler.
bits 64
default rel
%include "offsets.inc"
extern process_cpu
global process_fpu_call, process_fpu_fault

section .text

; purpose  call the code at rsi, which returns by RET, as host_fpu_run in host.h says
; IN       rdi = struct vcpu *, rsi = code, rdx = memory operand
; OUT      eax = -1, or the vector that the instruction raised; then v is unchanged
; CLOBBERS caller-saved registers
; STACK    the monitor's
process_fpu_call:
        push rbx
        push rbp
        push r12
        push r13
        push r14
        push r15
        mov [process_cpu + CPU_FPU_RSP], rsp
        mov r14, rdi
        mov r13, rsi
        mov r15, rdx
        mov eax, [r14 + V_EFLAGS]
        and eax, FL_ARITH
        push rax
        popfq
        mov eax, [r14 + V_GPR]
        mov ecx, [r14 + V_GPR + 4]
        mov edx, [r14 + V_GPR + 8]
        mov ebx, [r14 + V_GPR + 12]
        mov r12d, [r14 + V_GPR + 16]
        mov ebp, [r14 + V_GPR + 20]
        mov esi, [r14 + V_GPR + 24]
        mov edi, [r14 + V_GPR + 28]
        mov dword [process_cpu + CPU_FPU_RUNNING], 1
        call r13
        mov dword [process_cpu + CPU_FPU_RUNNING], 0
        mov [r14 + V_GPR], eax
        mov [r14 + V_GPR + 4], ecx
        mov [r14 + V_GPR + 8], edx
        mov [r14 + V_GPR + 12], ebx
        mov [r14 + V_GPR + 16], r12d
        mov [r14 + V_GPR + 20], ebp
        mov [r14 + V_GPR + 24], esi
        mov [r14 + V_GPR + 28], edi
        pushfq
        pop rax
        mov ecx, [r14 + V_EFLAGS]
        and eax, FL_ARITH
        and ecx, ~FL_ARITH
        or eax, ecx
        mov [r14 + V_EFLAGS], eax
        mov eax, -1
.out:   pop r15
        pop r14
        pop r13
        pop r12
        pop rbp
        pop rbx
        ret

; purpose  the instruction has faulted
; IN       eax = vector
process_fpu_fault:
        mov rsp, [process_cpu + CPU_FPU_RSP]
        mov dword [process_cpu + CPU_FPU_RUNNING], 0
        jmp process_fpu_call.out

section .note.GNU-stack noalloc noexec nowrite progbits
