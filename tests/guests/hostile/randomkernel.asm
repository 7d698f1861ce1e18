; SPDX-License-Identifier: GPL-2.0-or-later
;
; Up to 400 rounds of random code at CPL 0 (random.inc): it may halt, reset, switch off or triple fault; it may not hurt
; the monitor, whose exit status says so.
%include "hostile/random.inc"

main:
    hostile_init
    call paging_on
    gate IDT + 0x20 * 8, random_tick, 0x8e
    call random_timer
    mov dword [trap_hook], random_next

random_next:
    mov esp, STACK_TOP
    mov eax, KDATA
    mov ds, eax
    mov es, eax
    cld
    inc dword [rounds]
    cmp dword [rounds], 400
    ja .end
    call random_fill
    mov dword [irq_count], 0
    mov edi, CODE + 0x800
    mov esi, edi
    mov ebp, edi
    mov ebx, edi
    mov eax, edi
    mov ecx, 7
    sti
    mov edx, CODE
    jmp edx
.end:
    print "the guest lives", 13, 10
    jmp power_off
