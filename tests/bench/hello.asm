; SPDX-License-Identifier: GPL-2.0-or-later
;
; A toy guest that has nothing to do: how long it takes until there is a guest at all.
%include "lib/start.inc"
%include "lib/tables.inc"

main:
    print "hello", 13, 10
    jmp power_off
