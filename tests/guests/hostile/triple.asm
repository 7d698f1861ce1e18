; SPDX-License-Identifier: GPL-2.0-or-later
;
; An undefined instruction with an IDT of no entries: #UD, #GP, #DF, triple fault.
%include "lib/hostile.inc"

main:
    hostile_init
    lidt [empty]
    ud2
empty:
    dw 0
    dd 0
