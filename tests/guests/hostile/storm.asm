; SPDX-License-Identifier: GPL-2.0-or-later
;
; Storms that last: exceptions of every kind at CPL 0 and CPL 3 while the timer interrupts a thousand times a second, on and on,
; and among them fresh code and fresh page tables. What a monitor keeps must not grow with it: guests.ini says how far
; its counters may go.
%define DATA_ALIGN 4096
%include "lib/hostile.inc"
%include "lib/timer.inc"
%include "lib/identity.inc"

ROUNDS equ 4000
FRESH equ 0x300000              ; code that changes each round
TABLES equ 0x280000             ; 64 page directories in turn

%macro raises 2+
    mov dword [trap_vec], NO_TRAP
    mov dword [trap_fixup], %%after
    %2
%%after:
    cmp dword [trap_vec], %1
    jne near wrong
%endmacro

    section .data
    align 4
no_number: dd 0
ticks:     dd 0
    section .text

timer:
    push eax
    mov al, 0x20
    out 0x20, al
    pop eax
    inc dword [ss:ticks]
    iretd

all_of_them:
    raises 6, ud2
    raises 0, div dword [no_number]
    raises 3, int3
    raises 14, mov eax, [dword 0xe0000000]
    raises 14, mov [dword 0xe0000000], eax
    raises 13, mov fs, ecx
    raises 11, mov fs, edx
    raises 0x31, int 0x31
    ret

; purpose: a routine that was never there, called.  IN: ebp = round
fresh:
    mov eax, ebp
    and eax, 0xff
    shl eax, 8
    lea edi, [FRESH + eax]
    mov byte [edi], 0xb8        ; mov eax, ebp; ret
    mov [edi + 1], ebp
    mov byte [edi + 5], 0xc3
    call edi
    cmp eax, ebp
    jne wrong
    ret

; purpose: another address space, with its own entry.  IN: ebp
other_space:
    mov edi, ebp
    and edi, 63
    shl edi, 12
    add edi, TABLES
    mov dword [edi], 0x87
    lea eax, [ebp * 4]
    and eax, 0xffc
    mov dword [edi + eax + 4], 0
    mov cr3, edi
    ret

main:
    hostile_init
    mov edi, TABLES
    mov ecx, 64 * 1024
    xor eax, eax
    rep stosd
    call paging_on
    gate IDT + 0x20 * 8, timer, 0x8e
    mov ecx, 1193               ; 1 kHz: at five times that a guest on Bochs does nothing else
    call start_timer
    mov ebp, ROUNDS
    mov ecx, 0xfff8
    mov edx, NP_DATA | 3
.round:
    sti
    call all_of_them
    call fresh
    cli
    call other_space
    test ebp, 3
    jnz .next
    user 0x202
    call all_of_them
    kernel
.next:
    dec ebp
    jnz .round
    cmp dword [ticks], 0
    je wrong
    print "the guest lives", 13, 10
    jmp power_off
wrong:
    mov eax, [trap_vec]
    call puthex
    print " is wrong", 13, 10
    jmp power_off
