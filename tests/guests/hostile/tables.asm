; SPDX-License-Identifier: GPL-2.0-or-later
;
; More page tables than a monitor likes to shadow: 1000 directories with a table each, loaded one after another, twice,
; every one with its own view of one window. A monitor must recycle, not run out.
%include "lib/hostile.inc"
%include "lib/identity.inc"

TABLES equ 0x400000             ; 1000 pairs of pages: directory, table
COUNT equ 1000
WINDOW equ WIN

main:
    hostile_init
    mov edi, TABLES
    xor eax, eax
    mov ecx, COUNT * 2048
    rep stosd
    mov edi, TABLES
    mov ecx, COUNT
.make:
    mov dword [edi], 0x87
    lea eax, [edi + 0x1007]
    mov [edi + (WINDOW >> 22) * 4], eax
    lea eax, [edi + 0x1007]     ; the window shows the table itself
    mov [edi + 0x1000], eax
    mov [edi + 0x1ffc], edi     ; a mark to read back
    add edi, 0x2000
    loop .make
    call paging_on
    mov ebp, 2
.round:
    mov edi, TABLES
    mov ecx, COUNT
.next:
    mov cr3, edi
    cmp [WINDOW + 0xffc], edi
    jne .wrong
    inc dword [WINDOW + 0xff8]
    add edi, 0x2000
    loop .next
    dec ebp
    jnz .round
    print "the guest lives", 13, 10
    jmp power_off
.wrong:
    print "wrong table", 13, 10
    jmp power_off
