; SPDX-License-Identifier: GPL-2.0-or-later
;
; Seed of the kernel fuzzer: three bytes for the fuzzer, then an ELF kernel with two program and three
; section headers; with MULTIBOOT it has a multiboot header, too. With BARE the three bytes are not
; there: it is a payload.
bits 32
%ifndef BARE
    db 0, 0, 0
%endif
%define AT 0x100000
elf:
    db 0x7f, "ELF", 1, 1, 1, 0
    dq 0
    dw 2, 3                     ; ET_EXEC, EM_386
    dd 1, AT + code - elf, programs - elf, sections - elf, 0
    dw 52, 32, 2, 40, 3, 2
programs:
    dd 1, 0, 0xc0000000 + AT, AT, end - elf, 0x2000, 7, 0x1000
    dd 1, data - elf, AT + 0x10000, AT + 0x10000, end - data, 0x100, 6, 4
%ifdef MULTIBOOT
    align 4
    dd 0x1badb002, 3, -(0x1badb002 + 3)
%endif
code:
    cli
    mov eax, cr0
    pushf
    sgdt [data]
    in al, 0x60
    smsw ax
    hlt
    jmp code
data:
    dd 1, 2
names:
    db 0, ".text", 0, ".shstrtab", 0
sections:
    times 10 dd 0
    dd 1, 1, 6, AT + code - elf, code - elf, data - code, 0, 0, 1, 0
    dd 7, 3, 0, 0, names - elf, sections - names, 0, 0, 1, 0
end:
