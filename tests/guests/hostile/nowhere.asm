; SPDX-License-Identifier: GPL-2.0-or-later
;
; A jump to where there is no memory and no IDT to say so.
%include "lib/hostile.inc"

main:
    hostile_init
    lidt [empty]
    mov eax, 0xf0001234
    jmp eax
empty:
    dw 0
    dd 0
