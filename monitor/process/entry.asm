; SPDX-License-Identifier: GPL-2.0-or-later
;
; The switch into translated code and out of it, in one thread of one process: no system call, no
; signal. Faults and signals leave another way, by their handler (signal.c), which ends here too.
bits 64
default rel
%include "offsets.inc"
extern process_cpu
global process_enter, process_gates, process_window, process_window_end
global process_not_entered, process_left

section .text

; purpose  run translated code from process_cpu.frame until it is left
; IN       the frame
; OUT      the frame of the exit, process_cpu.left
; CLOBBERS caller-saved registers, flags
; STACK    the callee-saved registers stay on the caller's stack
process_enter:
        push rbx
        push rbp
        push r12
        push r13
        push r14
        push r15
        mov [process_cpu + CPU_MONITOR_RSP], rsp
        lea r8, [process_cpu + CPU_FRAME]
        mov rcx, [r8 + F_RCX]
        mov rdx, [r8 + F_RDX]
        mov rbx, [r8 + F_RBX]
        mov rbp, [r8 + F_RBP]
        mov rsi, [r8 + F_RSI]
        mov rdi, [r8 + F_RDI]
        mov r12, [r8 + F_R12]
        mov r14, [r8 + F_R14]
        mov r15, [r8 + F_R15]
process_window:                         ; a signal from here to the jump goes to process_not_entered
        cmp dword [process_cpu + CPU_PENDING], 0
        jne process_not_entered
        push qword [r8 + F_RFLAGS]
        popfq
        mov rax, [r8 + F_RAX]
        mov rsp, [r8 + F_RSP]
        jmp [r8 + F_RIP]
process_window_end:

; purpose  a signal is waiting: the guest stays where it is
; IN       -
; OUT      as process_enter
process_not_entered:
        mov dword [process_cpu + CPU_LEFT], LEFT_NOT_ENTERED

; purpose  the frame is complete: back to process_enter's caller
; IN       -
; STACK    any
process_left:
        mov rsp, [process_cpu + CPU_MONITOR_RSP]
        cld
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbp
        pop rbx
        ret

; purpose  exit gate n of translated code, reached by a near call
; IN       all registers and flags are the guest's; the address behind the gate is on the call stack
; OUT      the frame; the call stack as before the call
; STACK    translated code's, then the monitor's
align 16
process_gates:
%assign n 0
%rep TC_CODES
        mov dword [process_cpu + CPU_CODE], n
        jmp gate
        times GATE_SIZE * (n + 1) - ($ - process_gates) nop
%assign n n + 1
%endrep
gate:
        mov [process_cpu + CPU_FRAME + F_RAX], rax
        mov [process_cpu + CPU_FRAME + F_RCX], rcx
        mov [process_cpu + CPU_FRAME + F_RDX], rdx
        mov [process_cpu + CPU_FRAME + F_RBX], rbx
        mov [process_cpu + CPU_FRAME + F_RBP], rbp
        mov [process_cpu + CPU_FRAME + F_RSI], rsi
        mov [process_cpu + CPU_FRAME + F_RDI], rdi
        mov [process_cpu + CPU_FRAME + F_R8], r8
        mov [process_cpu + CPU_FRAME + F_R9], r9
        mov [process_cpu + CPU_FRAME + F_R10], r10
        mov [process_cpu + CPU_FRAME + F_R11], r11
        mov [process_cpu + CPU_FRAME + F_R13], r13
        mov [process_cpu + CPU_FRAME + F_R14], r14
        pop qword [process_cpu + CPU_FRAME + F_RIP]
        mov [process_cpu + CPU_FRAME + F_RSP], rsp
        mov rsp, [process_cpu + CPU_MONITOR_RSP]
        pushfq
        pop qword [process_cpu + CPU_FRAME + F_RFLAGS]
        mov dword [process_cpu + CPU_LEFT], LEFT_GATE
        jmp process_left

section .note.GNU-stack noalloc noexec nowrite progbits
