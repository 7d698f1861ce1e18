; SPDX-License-Identifier: GPL-2.0-or-later
;
; Timer interrupts everywhere: while user code runs with DF set, in the way into a system call and out of it,
; in the kernel's string instructions, flag operations and returns. Every register and DF must be what
; they have to be at each step, whatever came in between.
%include "lib/hostile.inc"
%include "lib/timer.inc"
%include "lib/identity.inc"

CALLS equ 40000
BUFFER equ SCRATCH
WORDS equ 40
FL_DF equ 0x400

    section .data
big_idtr:
    dw 0x81 * 8 - 1
    dd IDT
ticks: dd 0
    section .text

; Is DF as the second argument says? CLOBBERS: flags
%macro df_is 1
    pushfd
    test dword [esp], FL_DF
%if %1
    jz wrong_df
%else
    jnz wrong_df
%endif
    add esp, 4
%endmacro

; A string instruction that shows which way it went. CLOBBERS: eax, ecx, edi, flags
%macro fill 0
    mov edi, BUFFER
    mov ecx, WORDS
    xor eax, eax
    rep stosd
    cmp edi, BUFFER + 4 * WORDS
    jne wrong_fill
%endmacro

%macro save_all 0
    cld
    push ds
    push es
    pushad
    mov eax, KDATA
    mov ds, eax
    mov es, eax
%endmacro
%macro restore_all 0
    popad
    pop es
    pop ds
    iretd
%endmacro

timer:
    save_all
    df_is 0
    fill
    inc dword [ticks]
    mov al, 0x20
    out 0x20, al
    df_is 0
    restore_all

system_call:
    save_all
    df_is 0
    sti
    mov ebx, 5
.again:
    pushfd
    cli
    fill
    popfd
    df_is 0
    call deeper
    dec ebx
    jnz .again
    push ds
    pop es
    cli
    df_is 0
    restore_all

deeper:
    push ebx
    push esi
    std                         ; a copy downwards, as memmove does
    mov esi, BUFFER + 4 * WORDS
    mov edi, BUFFER + 4 * WORDS + 64
    mov ecx, 20
    rep movsd
    cld
    df_is 0
    fill
    pop esi
    pop ebx
    ret

main:
    hostile_init
    call paging_on
    lidt [big_idtr]
    gate IDT + 0x20 * 8, timer, 0x8e
    gate IDT + 0x80 * 8, system_call, 0xee
    mov ecx, 239                ; 5 kHz
    call start_timer
    mov esi, CALLS
    user 0x602
.turn:
    mov eax, 0x11111111
    mov ebx, 0x22222222
    mov ecx, 300
    mov edx, 0x44444444
    mov edi, 0x66666666
    mov ebp, 0x77777777
.spin:
    lea ecx, [ecx - 1]
    jecxz .spun
    jmp .spin
.spun:
    mov ecx, 0x33333333
    int 0x80
    pushfd
    test dword [esp], FL_DF
    jz near wrong_user
    add esp, 4
    cmp eax, 0x11111111
    jne near wrong_user
    cmp ebx, 0x22222222
    jne near wrong_user
    cmp ecx, 0x33333333
    jne near wrong_user
    cmp edx, 0x44444444
    jne near wrong_user
    cmp edi, 0x66666666
    jne near wrong_user
    cmp ebp, 0x77777777
    jne near wrong_user
    cmp esp, USER_TOP
    jne near wrong_user
    dec esi
    jnz .turn
    kernel
    cli
    cld
    cmp dword [ticks], 0
    je near no_ticks
    print "the guest lives", 13, 10
    jmp power_off

wrong_df:
    cli
    cld
    print "DF is wrong", 13, 10
    jmp power_off
wrong_fill:
    cli
    cld
    print "a string instruction went the wrong way", 13, 10
    jmp power_off
no_ticks:
    print "no interrupts", 13, 10
    jmp power_off
wrong_user:
    kernel
    cli
    cld
    print "a register of the user's is wrong", 13, 10
    jmp power_off
