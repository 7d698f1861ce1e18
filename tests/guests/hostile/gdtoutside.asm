; SPDX-License-Identifier: GPL-2.0-or-later
;
; A GDT outside RAM: the next gate finds no code segment.
%include "lib/hostile.inc"

main:
    hostile_init
    lgdt [outside]
    int 0x31
outside:
    dw 0xffff
    dd 0x70000000
