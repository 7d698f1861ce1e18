; SPDX-License-Identifier: GPL-2.0-or-later
;
; The world switch. Into the guest: pc_enter loads a whole trap frame and iretq's to ring
; 1 or 3. Out of it: one stub a vector builds the same frame and returns from pc_enter. A
; trap of the monitor itself goes to trap.c. Interrupts are off in the monitor, always.
bits 64
default rel
%include "offsets.inc"
extern pc_cpu, pc_trap_in_monitor
global pc_enter, pc_stubs, pc_call_stubs, pc_load_selectors

section .text

; purpose  run the guest from frame rdi until its next exit
; IN       rdi = struct trap_frame *, which must stay valid
; OUT      returns to the caller; pc_cpu.frame = the frame of the exit
; CLOBBERS caller-saved registers
; STACK    the callee-saved registers stay on the caller's stack
pc_enter:
        push rbx
        push rbp
        push r12
        push r13
        push r14
        push r15
        mov [pc_cpu + CPU_MONITOR_RSP], rsp
        mov rsp, rdi
        jmp load_frame

; purpose  every vector comes here with vector and error code pushed
; STACK    that of TSS.RSP0 or an IST if from the guest, else the monitor's
from_anywhere:
        push rax
        push rcx
        push rdx
        push rbx
        push rbp
        push rsi
        push rdi
        push r8
        push r9
        push r10
        push r11
        push r12
        push r13
        push r14
        push r15
        cld
        ; QEMU lets CPL-3 code set EFLAGS.VM in long mode: CS then says nothing of the ring.
        test dword [rsp + FRAME_RFLAGS], 1 << 17
        jnz .guest
        test byte [rsp + FRAME_CS], 3
        jz .monitor
.guest: mov [pc_cpu + CPU_FRAME], rsp
        mov rsp, [pc_cpu + CPU_MONITOR_RSP]
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbp
        pop rbx
        ret
.monitor:
        mov rdi, rsp
        mov rbx, rsp
        and rsp, -16
        call pc_trap_in_monitor
        mov rsp, rbx
load_frame:
        pop r15
        pop r14
        pop r13
        pop r12
        pop r11
        pop r10
        pop r9
        pop r8
        pop rdi
        pop rsi
        pop rbp
        pop rbx
        pop rdx
        pop rcx
        pop rax
        add rsp, 16
        iretq

; purpose  load DS, ES, FS, GS for user code
; IN       rdi = four selectors
; CLOBBERS none
pc_load_selectors:
        mov ds, [rdi]
        mov es, [rdi + 2]
        mov fs, [rdi + 4]
        mov gs, [rdi + 6]
        ret

; One stub a vector: the error code's place is filled where the CPU does not fill it.
%assign n 0
%rep 256
stub %+ n:
%if !(n == 8 || (n >= 10 && n <= 14) || n == 17 || n == 21 || n == 29 || n == 30)
        push 0
%endif
        push n
        jmp from_anywhere
%assign n n + 1
%endrep

; purpose  a far call of translated code through the call gate of exit code n; emulators do it faster than INT
; IN       registers and flags of translated code; interrupts are still on
; OUT      the frame that INT would have left; on to from_anywhere
; CLOBBERS none
; STACK    TSS.RSP0, with RIP, CS, RSP and SS on it
%assign n 0
%rep TC_CODES
call_stub %+ n:
        cli
        push qword [rsp]                ; RIP to its place ...
        pushfq
        pop qword [rsp + 16]            ; ... and so the flags, where CS was
        mov qword [rsp + 8], SEL_TC_CODE
        push 0
        push TC_GATE_VECTOR + n
        jmp from_anywhere
%assign n n + 1
%endrep

section .data.rel.ro progbits alloc noexec write align=8
pc_stubs:
%assign n 0
%rep 256
        dq stub %+ n
%assign n n + 1
%endrep
pc_call_stubs:
%assign n 0
%rep TC_CODES
        dq call_stub %+ n
%assign n n + 1
%endrep
