; SPDX-License-Identifier: GPL-2.0-or-later
;
; An interrupt comes while ESP points to nothing: #PF while delivering, #DF, triple fault.
%include "lib/hostile.inc"
%include "lib/identity.inc"
main:
    hostile_init
    call paging_on
    mov esp, 0xdead0000
    int 0x31
