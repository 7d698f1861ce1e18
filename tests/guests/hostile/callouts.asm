; SPDX-License-Identifier: GPL-2.0-or-later
;
; Timer interrupts everywhere between translated code and the interpreter: instructions that a translator leaves to
; one, in a row, with all registers and flags looked at behind each.
%include "lib/hostile.inc"
%include "lib/timer.inc"

TURNS equ 60000
EFLAGS equ 0xed7 & ~0x200       ; CF PF AF ZF SF DF OF

    section .data
ticks: dd 0
    section .text

timer:
    push eax
    inc dword [ticks]
    mov al, 0x20
    out 0x20, al
    pop eax
    iretd

%macro is 2
    cmp %1, %2
    jne near wrong
%endmacro

main:
    hostile_init
    gate IDT + 0x20 * 8, timer, 0x8e
    mov ecx, 239                ; 5 kHz
    call start_timer
.again:
    mov edi, TURNS
.turn:
    mov ebx, 0x22222222
    mov ecx, 0x33333333
    mov edx, 0x44444444
    mov esi, 0x55555555
    mov ebp, 0x66666666
    push dword EFLAGS | 0x200
    popfd
    mov eax, 0x11111111
    lahf
    lahf
    pushfd
    cld
    is eax, 0x1111d711
    pop eax
    is eax, EFLAGS | 0x200
    is ebx, 0x22222222
    is ecx, 0x33333333
    is edx, 0x44444444
    is esi, 0x55555555
    is ebp, 0x66666666
    is esp, STACK_TOP
    pusha
    popa
    is edx, 0x44444444
    is esp, STACK_TOP
    dec edi
    jnz .turn
    cmp dword [ticks], 0        ; a busy emulator may have no time for its timer as yet
    je .again
    cli
    print "the guest lives", 13, 10
    jmp power_off
wrong:
    cli
    cld
    print "wrong", 13, 10
    jmp power_off
