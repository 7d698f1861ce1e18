; SPDX-License-Identifier: GPL-2.0-or-later
;
; IRET with VM set at CPL 3, where VM must stay as it is. QEMU's TCG enters V86 mode instead, whatever runs
; below, so this guest is for Bochs and for the interpreter.
%include "lib/hostile.inc"

main:
    hostile_init
    user 0x202
    push dword 0x20202
    push cs
    push dword .back
    iretd
.back:
    pushfd
    pop ebx
    kernel
    mov eax, ebx
    call puthex
    print 13, 10
    jmp power_off
