; SPDX-License-Identifier: GPL-2.0-or-later
;
; An endless loop with interrupts off: only the time limit ends it.
%include "lib/hostile.inc"

main:
    hostile_init
    cli
    jmp $
