; SPDX-License-Identifier: GPL-2.0-or-later
;
; IRET with NT set: a task switch, which Ring1 does not do.
%include "lib/hostile.inc"

main:
    hostile_init
    push dword 0x4002
    popfd
    iretd
