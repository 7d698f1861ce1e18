; SPDX-License-Identifier: GPL-2.0-or-later
;
; A guest for tests/lab-profile.sh, linked as a plain ELF kernel: it spends its time in one loop, and then does what
; END says: 0 switches the machine off, 1 faults without an IDT.
bits 32
        global  _start, prepare, spin, leave_it
section .text
_start:
        mov     esp, stack_end
        call    prepare
        call    spin
        jmp     leave_it

prepare:
        mov     ecx, ROUNDS
        ret

        align   64
spin:   dec     ecx
        jnz     spin
        ret

        align   64
leave_it:
%if END
        ud2
%else
        mov     al, 0feh                ; the keyboard controller's reset
        out     64h, al
        hlt
%endif

section .bss
        resb    4096
stack_end:
