; SPDX-License-Identifier: GPL-2.0-or-later
;
; 400 rounds of random code at CPL 3 (random.inc). All of RAM but the code is supervisor memory: whatever the code does,
; the guest counts its rounds and switches off.
%include "hostile/random.inc"

main:
    hostile_init
    call paging_on
    mov edi, PT_LOW
    mov eax, 3
.next:
    mov [edi], eax
    add eax, 0x1000
    add edi, 4
    test edi, 0xfff
    jnz .next
    or dword [PT_LOW + (CODE >> 12) * 4], 4
    or dword [PT_LOW + (CODE >> 12) * 4 + 4], 4
    mov dword [PD], PT_LOW + 7
    mov eax, cr3
    mov cr3, eax
    gate IDT + 0x20 * 8, random_tick, 0x8e
    call random_timer
    mov dword [tss + TSS_ESP0], INT_STACK_TOP
    mov dword [trap_hook], random_next

random_next:                    ; from any handler, on any stack
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
    push dword UDATA
    push dword CODE + 0x1ffc
    push dword 0x202
    push dword UCODE
    push dword CODE
    mov eax, UDATA
    mov ds, eax
    mov es, eax
    mov edi, CODE + 0x800
    mov esi, edi
    mov ebp, edi
    mov ebx, edi
    mov edx, edi
    mov eax, edi
    mov ecx, 7
    iretd
.end:
    print "the guest lives", 13, 10
    jmp power_off
