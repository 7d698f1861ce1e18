; SPDX-License-Identifier: GPL-2.0-or-later
;
; Control register values that must be refused, and LTR of null: QEMU takes them, loops on them or crashes, so they are not
; in the suite.
%include "lib/hostile.inc"

main:
    hostile_init
    mov eax, 0x80000032
    try "PG without PE", mov cr0, eax
    mov eax, cr4
    or eax, 0x80000000
    try "reserved bit of CR4", mov cr4, eax
    mov eax, cr4
    or eax, 0x400000
    try "another", mov cr4, eax
    xor eax, eax
    try "ltr of null", ltr ax
    print "the guest lives", 13, 10
    jmp power_off
