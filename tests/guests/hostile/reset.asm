; SPDX-License-Identifier: GPL-2.0-or-later
;
; A reset by the keyboard controller.
%include "lib/hostile.inc"

main:
    hostile_init
    mov al, 0xfe
    out 0x64, al
    cli
    hlt
