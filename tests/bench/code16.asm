; SPDX-License-Identifier: GPL-2.0-or-later
;
; What 16-bit code costs: 2.6 million rounds of loads, stores, a push, a call with a frame and a LOOP in 16-bit
; segments. Figures of docs/benchmarks.md come from it, from its counters time.tc.ns and time.interp.ns:
;   nasm -f bin -Itests/guests/ -o code16.bin tests/bench/code16.asm
;   build/ring1 run --on process --memory 32M --stats code16.bin
;   build/ring1 run --on process --memory 32M --stats --engine interp code16.bin
%include "lib/hostile.inc"

ROUNDS equ 40                   ; of 65536
CODE_AT equ 0x8000
SEL_CODE equ 0x08
SEL_DATA equ 0x10

main:
    lgdt [small_gdtr]
    mov esi, code
    mov edi, CODE_AT
    mov ecx, code_end - code
    rep movsb
    mov eax, SEL_DATA
    mov ss, eax
    mov ds, eax
    mov es, eax
    jmp SEL_CODE:0

    align 8
small_gdt:
    dq 0
    dq 0x00009a000000ffff | CODE_AT << 16
    dq 0x000092010000ffff       ; from 64 KiB on
small_gdtr:
    dw $ - small_gdt - 1
    dd small_gdt

    bits 16
code:
    mov sp, 0xff00
    mov dx, ROUNDS
.outer:
    xor cx, cx
.inner:
    mov bx, cx
    and bx, 0x7ffe
    mov ax, [bx]
    add ax, cx
    mov [bx], ax
    push ax
    call .frame
    pop ax
    loop .inner
    dec dx
    jnz .outer
    mov dx, EXIT_PORT
    out dx, al
    hlt
.frame:
    push bp
    mov bp, sp
    add word [bp + 4], 3
    pop bp
    ret
code_end:
    bits 32
