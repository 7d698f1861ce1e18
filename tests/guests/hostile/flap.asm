; SPDX-License-Identifier: GPL-2.0-or-later
;
; 16 stores in a row that write beside code for as long as a translator may take to give up copying them, then
; elsewhere for as long as it may take to regret that, again and again.
%include "lib/hostile.inc"

STORES equ 16
ROUNDS equ 30
PLAIN equ 0x300000

; each of the stores ecx times, to edi.  CLOBBERS: ecx
stores:
%rep STORES
    mov [edi], ecx
    inc eax
%endrep
    dec ecx
    jnz stores
    ret

main:
    hostile_init
    xor eax, eax
    mov ebx, ROUNDS
.again:
    mov edi, beside_code
    mov ecx, 200
    call stores
    mov edi, PLAIN
    mov ecx, 100
    call stores
    dec ebx
    jnz .again
    cmp eax, ROUNDS * 300 * STORES
    jne .wrong
    cmp dword [beside_code], 1
    jne .wrong
    cmp dword [PLAIN], 1
    jne .wrong
    print "the guest lives", 13, 10
    jmp power_off
.wrong:
    print "wrong sum ", 13, 10
    jmp power_off
beside_code:
    dd 0
