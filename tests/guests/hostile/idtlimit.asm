; SPDX-License-Identifier: GPL-2.0-or-later
;
; A vector beyond the IDT's limit, and the #GP that follows beyond it as well.
%include "lib/hostile.inc"

main:
    hostile_init
    lidt [short_idt]
    int 0x31
short_idt:
    dw 8 * 8 - 1
    dd IDT
