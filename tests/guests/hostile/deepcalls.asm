; SPDX-License-Identifier: GPL-2.0-or-later
;
; More code than a translation cache holds, and some of it always running: 128 chains of 1024 small subroutines, each
; called by the one before it. All return, by way of an instruction that a translator leaves to somebody else.
%include "lib/hostile.inc"

CODE equ 0x400000
COUNT equ 0x20000               ; of 16 bytes
CHAIN equ 1024

main:
    hostile_init
    mov edi, CODE
    mov ecx, COUNT
.make:
    mov dword [edi], 0x000ae843 ; inc ebx; call the next one
    mov dword [edi + 4], 0x429f0000 ; ... lahf; inc edx
    mov byte [edi + 8], 0xc3    ; ret
    dec ecx
    test ecx, CHAIN - 1
    jnz .next
    mov dword [edi], 0x90909043 ; the last of a chain calls nobody
    mov dword [edi + 4], 0x429f9090
.next:
    add edi, 16
    test ecx, ecx
    jnz .make
    xor ebx, ebx
    xor edx, edx
    mov edi, CODE
    mov ecx, COUNT / CHAIN
.call:
    call edi
    add edi, 16 * CHAIN
    loop .call
    mov edi, CODE
    call edi
    cmp ebx, COUNT + CHAIN
    jne .wrong
    cmp edx, ebx
    jne .wrong
    print "the guest lives", 13, 10
    jmp power_off
.wrong:
    print "wrong sum ", 13, 10
    jmp power_off
