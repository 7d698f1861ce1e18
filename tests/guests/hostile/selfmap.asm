; SPDX-License-Identifier: GPL-2.0-or-later
;
; A page directory that is its own page table in most of its slots, written through every one of those addresses with
; entries that point outside RAM, at itself and at the guest's code.
%include "lib/hostile.inc"
%include "lib/identity.inc"

main:
    hostile_init
    call paging_on
    mov edi, PD + 4
    mov ecx, 1023
    mov eax, PD + 7
    rep stosd
    mov eax, cr3
    mov cr3, eax
    mov ecx, 1023
    mov esi, 0x12345
.next:
    mov ebx, ecx
    shl ebx, 22                 ; slot ecx: the directory as a page table
    mov eax, esi
    and eax, 0x3ffffc           ; some page of it, some entry of that, but not entry 0 and 1
    or eax, 8
    lea edx, [ebx + eax]
    mov dword [trap_fixup], .skip
    mov [edx], esi              ; mostly writes some entry of the directory
.skip:
    imul esi, esi, 1103515245
    add esi, 12345
    mov eax, esi
    and eax, 0xff
    cmp eax, 3
    jae .keep
    mov eax, cr3                ; now and then the hardware is told
    mov cr3, eax
.keep:
    loop .next
    print "the guest lives", 13, 10
    jmp power_off
