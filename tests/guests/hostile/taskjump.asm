; SPDX-License-Identifier: GPL-2.0-or-later
;
; A far jump to a TSS: a task switch, which Ring1 does not do.
%include "lib/hostile.inc"

main:
    hostile_init
    mov byte [tss_desc + 5], 0x89
    jmp TSS_SEL:0
