; SPDX-License-Identifier: GPL-2.0-or-later
;
; More code than a translation cache holds, and all of it running: 131072 small subroutines, each called by the one
; before it, which return when the last has been reached.
%include "lib/hostile.inc"

CODE equ 0x400000
STACK equ 0x400000              ; downwards, a word a call
COUNT equ 0x20000               ; of 16 bytes

main:
    hostile_init
    mov edi, CODE
    mov ecx, COUNT
.make:
    mov dword [edi], 0x09e84340 ; inc eax; inc ebx; call the next one
    mov dword [edi + 4], 0x4b000000 ; ... dec ebx
    mov byte [edi + 8], 0xc3    ; ret
    add edi, 16
    loop .make
    mov byte [edi], 0xc3
    xor eax, eax
    xor ebx, ebx
    mov ebp, esp
    mov esp, STACK
    mov edi, CODE
    call edi
    mov esp, ebp
    cmp eax, COUNT
    jne .wrong
    test ebx, ebx
    jnz .wrong
    print "the guest lives", 13, 10
    jmp power_off
.wrong:
    print "wrong sum ", 13, 10
    jmp power_off
