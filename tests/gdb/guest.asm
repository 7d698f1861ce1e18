; SPDX-License-Identifier: GPL-2.0-or-later
;
; What tests/gdb.sh debugs: rounds of kernel code, a long string instruction, a sleep until the timer's next
; interrupt, and user code, for a few seconds. A round ends with a dot. It looks whether it could notice a debugger: a
; changed byte of its code, TF in its flags, a string instruction that did not do all. `answer` is 0 unless
; somebody has written there; then the guest says so and ends at once. Symbols go to guest.map.
[map symbols guest.map]
%include "lib/hostile.inc"
%include "lib/timer.inc"
%include "lib/identity.inc"

ROUNDS equ 100
TICKS equ 20                    ; of 1 ms, in a round
BYTES equ 0x10000
SOURCE equ 0x280000
TARGET equ 0x2a0000
LATE equ 0x10000000             ; linear address of a page that is mapped late and cannot be written

    section .data
    align 4
ticks: dd 0
round: dd 0
answer: dd 0
sum: dd 0                       ; of the code, at the start
counter: dd 0
real: dd 3.5
text: db "debugged guest", 0
    section .text

code_start:

timer:
    push eax
    push ds
    mov eax, KDATA
    mov ds, eax
    inc dword [ticks]
    mov al, 0x20
    out 0x20, al
    pop ds
    pop eax
    iretd

; purpose: EAX = sum of the code's bytes.  CLOBBERS: ecx, esi, edx
sum_code:
    mov esi, code_start
    mov ecx, code_end - code_start
    xor eax, eax
    xor edx, edx
.next:
    mov dl, [esi]
    add eax, edx
    inc esi
    dec ecx
    jnz .next
    ret

; Pages of their own for what breakpoints are set in, and for the rest.
    align 4096
; purpose: some kernel work that calls; EAX = 3 * EBX + 7.
work:
    mov eax, ebx
    call twice
work_back:
    add eax, ebx
    add eax, 7
    ret
twice:
    add eax, eax
    ret

copy:
    mov esi, SOURCE
    mov edi, TARGET
    mov ecx, BYTES
copy_insn:
    rep movsb
copied:
    cmp edi, TARGET + BYTES
    jne near short_copy
    ret

    align 4096
; The page at LATE is the one of late_page; it is mapped by a table of its own, for reading.
map_late:
    mov dword [PD + (LATE >> 22) * 4], PT_WIN + 7
    mov eax, late_page
    or eax, 5
    mov [PT_WIN], eax
    invlpg [LATE]
    ret

main:
    hostile_init
    call paging_on
    gate IDT + 0x20 * 8, timer, 0x8e
    finit
    fld dword [real]
    call sum_code
    mov [sum], eax
    mov ecx, 1193               ; 1 kHz
    call start_timer
kernel_loop:
    mov ebx, [round]
    call work
    call copy
    cmp dword [round], 2
    jne mapped
    call map_late
mapped:
    sti
wait_tick:
    hlt
after_hlt:
    mov eax, [ticks]
    cmp eax, TICKS
    jb wait_tick
    cli
    mov dword [ticks], 0
    user 0x202
    call user_code
    kernel
    pushfd
    test dword [esp], 0x100
    jnz near seen_trap
    add esp, 4
    call sum_code
    cmp eax, [sum]
    jne near seen_patch
    cmp dword [answer], 0
    jne near answered
    cmp dword [round], 3
    jb no_late
    user 0x202
    call LATE
    kernel
    cmp eax, 4711
    jne near short_copy
no_late:
    mov al, '.'
    call putc
    inc dword [round]
    cmp dword [round], ROUNDS
    jb kernel_loop
    mov eax, [counter]
    call putdec
    print " turns, the guest lives", 13, 10
    jmp power_off

short_copy:
    print "wrong data", 13, 10
    jmp power_off
seen_trap:
    print "a trap flag", 13, 10
    jmp power_off
seen_patch:
    print "changed code", 13, 10
    jmp power_off
answered:
    print "answer "
    mov eax, [answer]
    call putdec
    print 13, 10
    jmp power_off
code_end:

    align 4096
; A page of its own for what runs at CPL 3.
user_code:
    mov ecx, 1000
user_loop:
    inc dword [counter]
    dec ecx
    jnz user_loop
user_end:
    ret

    align 4096
late_page:
    mov eax, 4711
    ret
