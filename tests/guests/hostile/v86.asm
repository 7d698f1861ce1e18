; SPDX-License-Identifier: GPL-2.0-or-later
;
; IRET to virtual-8086 mode, which Ring1 does not do.
%include "lib/hostile.inc"

main:
    hostile_init
    push dword 0
    push dword 0
    push dword 0
    push dword 0
    push dword 0
    push dword 0x1000
    push dword 0x20002
    push dword 0
    push dword 0
    iretd
