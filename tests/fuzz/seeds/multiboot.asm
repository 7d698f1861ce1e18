; SPDX-License-Identifier: GPL-2.0-or-later
;
; Seed of the kernel fuzzer: three bytes for the fuzzer, then a flat multiboot kernel whose header has
; addresses.
bits 32
    db 1, 2, 9
%define AT 0x100000
image:
    dd 0x1badb002, 0x10003, -(0x1badb002 + 0x10003)
    dd AT, AT, AT + end - image, AT + 0x1000, AT + code - image
code:
    cli
    hlt
    jmp code
end:
