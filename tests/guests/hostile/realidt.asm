; SPDX-License-Identifier: GPL-2.0-or-later
;
; An undefined instruction with the power-on IDT, whose entries are no gates in protected mode.
%include "lib/hostile.inc"

main:
    hostile_init
    lidt [bios]
    ud2
bios:
    dw 0x3ff
    dd 0
