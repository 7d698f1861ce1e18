; SPDX-License-Identifier: GPL-2.0-or-later
;
; The guest that random programs run in. The generator lays them behind this (layout.h: "The image"): each program is
; a row of sections, each of them code for one mode of the CPU with the state in which it begins. Out on COM1: a line for each
; program, then one for each run of a section: a sum over every record made in it (record.inc: registers at each exception
; and checkpoint) and over memory. On a right machine that is always the same, wherever it runs.
; Nothing here depends on time, on interrupts or on what machine it is. Read record.inc next.
%include "layout.inc"
%include "lib/start.inc"
%include "tables.inc"
%include "entry.inc"
%include "record.inc"
%include "resume.inc"

    section .data
    align 4
programs_left: dd 0
sections_left: dd 0
next_program:  dd 0
section_at:    dd 0             ; the section that runs
runs_left:     dd 0
sum:           dd 0
    section .text

main:
    mov esp, HANDLER_STACK
    mov al, 0xff
    out 0x21, al
    out 0xa1, al
    mov esi, image
    cmp dword [esi], IMAGE_MAGIC
    jne .none
    mov eax, [esi + IMAGE_PROGRAMS]
    mov [programs_left], eax
    mov eax, [esi + IMAGE_VERBOSE]
    mov [verbose], eax
    add esi, IMAGE_HEADER
    mov [next_program], esi
    jmp program
.none:
    print "no programs", 13, 10
    jmp power_off

; The next program. Everything is as it was before the first one.
program:
    mov esp, HANDLER_STACK
    mov eax, 0x31               ; PE, ET, NE
    mov cr0, eax
    mov eax, 0x600              ; OSFXSR, OSXMMEXCPT
    mov cr4, eax
    xor eax, eax
    mov dr0, eax
    mov dr1, eax
    mov dr2, eax
    mov dr3, eax
    mov cr2, eax
    mov esi, [next_program]
    dec dword [programs_left]
    js .end
    print "program "
    mov eax, [esi + PROGRAM_SEED]
    call putdec
    call newline
    mov eax, [esi + PROGRAM_SECTIONS]
    mov [sections_left], eax
    mov eax, [esi + PROGRAM_SEED]
    add esi, PROGRAM_HEADER
    mov [section_at], esi
    call tables_reset
    call memory_reset
    jmp section_next
.end:
    print "end", 13, 10
    jmp power_off

; The section at section_at, or the program's end.
section_next:
    mov esi, [section_at]
    dec dword [sections_left]
    js program_end
    mov eax, [esi + SECTION_REPEAT]
    mov [runs_left], eax
; One run of it.
section_run:
    mov esi, [section_at]
    mov ecx, [esi + SECTION_BOUNDS]
    lea eax, [esi + ecx * 4 + SECTION_HEADER]
    mov ecx, [esi + SECTION_CODE]
    mov esi, eax
    mov edi, AT_CODE
    shr ecx, 2
    rep movsd
    mov eax, 0xcccccccc         ; what gets lost behind it comes back soon
    mov ecx, AT_STACK
    sub ecx, edi
    shr ecx, 2
    rep stosd
    mov dword [sum], 0x811c9dc5
    mov dword [records], 0
    mov dword [cursor], 0
    call state_reset
    jmp resume

; purpose: a run has ended.  No return
section_end:
    mov esp, HANDLER_STACK
    cld
    call paging_off
    mov esi, AT_DATA
    mov ecx, 0x10000 / 4
    call mix_block
    mov esi, AT_WIN
    mov ecx, WIN_PAGES * 1024
    call mix_block
    mov esi, AT_STACK + STACK_MIDDLE - 0x800
    mov ecx, 0x1000 / 4
    call mix_block
    call mix_fpu
    mov eax, [sum]
    call puthex
    call newline
    dec dword [runs_left]
    jnz section_run
    call section_behind
    mov [section_at], esi
    jmp section_next

; purpose: where the section at section_at ends.  OUT: esi.  CLOBBERS: ecx
section_behind:
    mov esi, [section_at]
    mov ecx, [esi + SECTION_BOUNDS]
    lea ecx, [esi + ecx * 4 + SECTION_HEADER]
    add ecx, [esi + SECTION_CODE]
    mov esi, ecx
    ret

; The program's end: tables with their accessed, dirty and busy bits.
program_end:
    mov esi, [section_at]
    mov [next_program], esi
    call paging_off
    mov dword [sum], 0
    mov esi, AT_GDT             ; to the mapping of the first MiB: behind it lies the image, which is another each time
    mov ecx, (AT_PT_LOW + 0x400 - AT_GDT) / 4
    call mix_block
    mov esi, AT_PT_WIN
    mov ecx, (TABLES_END - AT_PT_WIN) / 4
    call mix_block
    cmp dword [verbose], 0
    je .quiet
    call print_tables
.quiet:
    mov eax, [sum]
    print "tables "
    call puthex
    call newline
    jmp program

; purpose: what in the tables is not 0, a line a word; of low memory's mapping what was used.  CLOBBERS: all
print_tables:
    mov esi, AT_GDT
.next:
    cmp dword [esi], 0
    je .on
    mov eax, esi
    and eax, ~0xfff
    cmp eax, AT_PT_LOW
    jne .print
    cmp esi, AT_PT_LOW + 0x400
    jae .on
    test byte [esi], 0x60
    jz .on
.print:
    print "table "
    mov eax, esi
    call puthex
    mov al, ' '
    call putc
    mov eax, [esi]
    call puthex
    call newline
.on:
    add esi, 4
    cmp esi, TABLES_END
    jb .next
    ret

newline:
    push eax
    mov al, 10
    call putc
    pop eax
    ret

; purpose: eax is mixed into the sum.  CLOBBERS: nothing, not even flags
mix:
    pushfd
    push edx
    mov edx, [sum]
    rol edx, 5
    xor edx, eax
    imul edx, edx, 0x9e3779b1
    mov [sum], edx
    pop edx
    popfd
    ret

; purpose: ecx words from esi on are mixed in.  CLOBBERS: eax, ecx, edx, esi
mix_block:
    mov edx, [sum]
.next:
    rol edx, 5
    xor edx, [esi]
    add esi, 4
    imul edx, edx, 0x9e3779b1
    dec ecx
    jnz .next
    mov [sum], edx
    ret

    section .tests align=16
image:                          ; the generator goes on here
    section .text
