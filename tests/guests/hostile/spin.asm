; SPDX-License-Identifier: GPL-2.0-or-later
;
; An endless loop at CPL 3 with interrupts on: the time limit ends it.
%include "lib/hostile.inc"

main:
    hostile_init
    user 0x202
    jmp $
