; SPDX-License-Identifier: GPL-2.0-or-later
;
; HLT with interrupts off: nothing can wake it.
%include "lib/hostile.inc"

main:
    hostile_init
    cli
    hlt
    print "awake", 13, 10
    jmp power_off
