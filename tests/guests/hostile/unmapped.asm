; SPDX-License-Identifier: GPL-2.0-or-later
;
; A jump to an address that no page table maps, with an IDT that none maps either.
%include "lib/hostile.inc"
%include "lib/identity.inc"
main:
    hostile_init
    call paging_on
    lidt [far_away]
    mov eax, 0xf0001234
    jmp eax
far_away:
    dw 0x7ff
    dd 0xe0000000
