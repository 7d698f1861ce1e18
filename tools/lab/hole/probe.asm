; SPDX-License-Identifier: GPL-2.0-or-later
;
; The probe of `ring1 lab hole`: a multiboot kernel that executes each sensitive instruction in ring 0, ring 1 and
; ring 3 and writes down on COM1 what came of it. It judges nothing and is told nothing but, by the word "guest" on
; its command line, that it is one. The way of a test: `stage` puts the CPU into the one state that all begin with,
; the test's own set-up changes it, IRET enters the ring, INT BEFORE notes the state, the instruction runs, and a
; trap or INT AFTER notes the state again. What is printed is read by ../parse.c, whose header says its form.
    %include "lib/start.inc"
    %include "probe/tables.inc"
    %include "probe/state.inc"
    %include "probe/line.inc"
    %include "probe/run.inc"
    %include "probe/flags.inc"
    %include "probe/reads.inc"
    %include "probe/segments.inc"
    %include "probe/transfers.inc"
    %include "probe/system.inc"

VERSION equ 1

; IN: ebx = multiboot information
main:
    mov [info], ebx
    call tables_init
    call pic_init
    call features_init
    call paging_on
    call say_header
    mov ebp, tests_begin
.next:
    call run_test
    add ebp, TEST_SIZE
    cmp ebp, tests_end
    jb .next
    say "end "
    mov eax, [tests_run]
    call say_hex
    call say_line
    mov dx, 0xf4                ; QEMU as `ring1' starts it
    xor eax, eax
    out dx, eax
    jmp power_off

; purpose: what speaks: the version, native or guest, and the CPU by its CPUID.  CLOBBERS: all
say_header:
    say "probe "
    mov eax, VERSION
    call say_hex
    call is_guest
    jc .guest
    say " native"
    jmp .cpu
.guest:
    say " guest"
.cpu:
    call say_line
    xor eax, eax
    cpuid
    mov [vendor], ebx
    mov [vendor + 4], edx
    mov [vendor + 8], ecx
    mov eax, 1
    cpuid
    say "cpu "
    call say_hex
    say " "
    mov esi, vendor
    call say_text
    call say_line
    ret

; purpose: is the word "guest" on the command line?  OUT: carry.  CLOBBERS: eax, esi
is_guest:
    mov esi, [info]
    test byte [esi], 4          ; flag 2: there is a command line
    jz .no
    mov esi, [esi + 16]
.next:
    mov al, [esi]
    test al, al
    jz .no
    cmp dword [esi], "gues"
    je .yes
    inc esi
    jmp .next
.yes:
    stc
    ret
.no:
    clc
    ret

    align 4096                  ; no data beside code: Ring1 would watch every write to it
    section .data
    align 4
info:      dd 0
vendor:    dd 0, 0, 0
           db 0
    section .tests
tests_end:
