; SPDX-License-Identifier: GPL-2.0-or-later
;
; More code than a translation cache holds: 131072 small subroutines, each called once, then the first again.
%include "lib/hostile.inc"

FLOOD equ 0x400000
COUNT equ 0x20000               ; of 32 bytes

main:
    hostile_init
    mov edi, FLOOD
    mov ecx, COUNT
.make:
    mov dword [edi], 0x0001c081 ; add eax, 0x...0001 (81 c0 id)
    mov dword [edi + 4], 0xc3430000 ; inc ebx; ret
    add edi, 32
    loop .make
    xor eax, eax
    xor ebx, ebx
    mov edi, FLOOD
    mov ecx, COUNT
.next:
    call edi
    add edi, 32
    loop .next
    mov edi, FLOOD
    call edi
    cmp eax, COUNT + 1
    jne .wrong
    cmp ebx, COUNT + 1
    jne .wrong
    print "the guest lives", 13, 10
    jmp power_off
.wrong:
    print "wrong sum ", 13, 10
    jmp power_off
