; SPDX-License-Identifier: GPL-2.0-or-later
;
; The first 64-bit instruction: a stack, then C. Comes from boot32.asm, goes to main.c.
bits 64
default rel
extern pc_main
global monitor_start

section .start progbits alloc exec nowrite align=16
; purpose  enter the monitor
; IN       edi = physical address of the multiboot information
; STACK    start_stack
monitor_start:
        lea rsp, [start_stack_end]
        xor ebp, ebp
        mov edi, edi
        call pc_main
.halt:  hlt
        jmp .halt

section .bss nobits alloc noexec write align=4096
        resb 32768
start_stack_end:
