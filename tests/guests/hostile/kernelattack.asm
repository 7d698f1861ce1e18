; SPDX-License-Identifier: GPL-2.0-or-later
;
; CPL 0 of the guest reaches for the monitor: selectors at the top of a GDT (its own table there must count, and
; nothing else), addresses around 4 GiB, a 64-bit code descriptor, debug registers, MSRs of long
; mode. It must see a plain 32-bit machine.
%include "lib/hostile.inc"
%include "lib/identity.inc"

BIG_GDT equ 0x280000            ; 64 KiB, all zero but for the copies below

%macro far_some 1
    try "jmp", jmp %1:0x1000
    try "call", call %1:0x1000
    mov eax, %1
    try "mov ds", mov ds, eax
    try "mov ss", mov ss, eax
%endmacro

main:
    hostile_init
    call paging_on
    print "small GDT", 13, 10
    far_some 0xff80
    far_some 0xff90
    far_some 0xffa1
    far_some 0xffa3
    far_some 0xfff8
    print "full GDT", 13, 10
    mov edi, BIG_GDT
    xor eax, eax
    mov ecx, 0x4000
    rep stosd
    mov esi, gdt
    mov edi, BIG_GDT
    mov ecx, (GDT_LIMIT + 1) / 4
    rep movsd
    mov word [big_gdtr], 0xffff
    mov dword [big_gdtr + 2], BIG_GDT
    lgdt [big_gdtr]
    far_some 0xff90
    far_some 0xffa1
    mov eax, [gdt + KCODE]      ; its own descriptors there
    mov [BIG_GDT + 0xff90], eax
    mov [BIG_GDT + 0xffa0], eax
    mov eax, [gdt + KCODE + 4]
    mov [BIG_GDT + 0xff94], eax
    mov eax, [gdt + KDATA + 4]
    mov [BIG_GDT + 0xffa4], eax
    jmp 0xff90:.own
.own:
    mov ebx, cs
    cmp ebx, 0xff90
    jne wrong
    mov eax, 0xffa0
    mov ss, eax
    mov ds, eax
    mov ebx, ss
    cmp ebx, 0xffa0
    jne wrong
    print "own descriptors count", 13, 10
    mov dword [BIG_GDT + 0xff98], 0x0000ffff
    mov dword [BIG_GDT + 0xff9c], 0x00af9b00 ; L=1, D=0: just 16-bit code here
    mov dword [0x9000], 0xea669090 ; nop; nop; jmp KCODE:.from16 with a 32-bit offset
    mov dword [0x9004], .from16
    mov word [0x9008], KCODE
    jmp 0xff98:0x9000
.from16:
    print "L=1 is 16-bit code", 13, 10
    mov eax, KDATA
    mov ds, eax
    mov ss, eax
    lgdt [gdtr]
    jmp KCODE:.back
.back:
    print "registers", 13, 10
    mov ecx, 0xc0000080
    mov eax, 0xffffffff
    mov edx, eax
    try "EFER", wrmsr
    try "swapgs", db 0x0f, 0x01, 0xf8
    mov eax, cr4
    or eax, 0x2000
    try "VMXE", mov cr4, eax
    try "vmcall", vmcall
    try "rsm", rsm
    mov eax, 0x00000400
    try "dr7", mov dr7, eax
    print "addresses", 13, 10
    mov eax, 0xfffffffc
    try "write below 4 GiB", mov [eax], eax
    try "write across 4 GiB", mov [eax + 2], eax
    try "negative displacement", mov [dword -4], eax
    mov ebx, 0xffffffff
    try "index past 4 GiB", mov [ebx + ebx * 8], eax
    try "fs, negative", mov [fs:dword -4096], eax
    try "jump to the last byte", jmp ebx
    mov edi, 0xfffffff0
    mov ecx, 64
    try "rep stosd to 4 GiB", rep stosd
    print "the guest lives", 13, 10
    jmp power_off
wrong:
    print "wrong selector", 13, 10
    jmp power_off

    section .data
big_gdtr: dw 0
          dd 0
