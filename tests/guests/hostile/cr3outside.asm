; SPDX-License-Identifier: GPL-2.0-or-later
;
; CR3 points outside RAM: the next fetch finds nothing.
%include "lib/hostile.inc"

main:
    hostile_init
    mov eax, 0x70000000
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    jmp $
