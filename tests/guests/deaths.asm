; SPDX-License-Identifier: GPL-2.0-or-later
;
; Every way to end a machine, one a run: `ring1 run --repeat N`, where port 503h says which run this is. Before it dies
; each guest soils whatever it can reach; and first it looks whether the one before left anything: of registers, the
; FPU, memory and devices it prints a sum, the same in each run. How each is to end says deaths.report.
;
; The deaths begin at a fixed address and are 80h bytes apart, so that the reports' addresses stay.
    section .deaths align=16 start=0x108000
%include "lib/start.inc"
%include "lib/tables.inc"
%include "lib/trap.inc"
%include "lib/identity.inc"
RUN_PORT equ 0x503

    section .data
    align 16
sums:      times 4 dd 0
image:     times 512 db 0
    section .text

; purpose: eax into the sum at ebx.  CLOBBERS: eax
note:
    push ecx
    mov ecx, [ebx]
    rol ecx, 5
    xor ecx, eax
    mov [ebx], ecx
    pop ecx
    ret

%macro notes 1-*
%rep %0
    mov eax, %1
    call note
%rotate 1
%endrep
%endmacro

; purpose: registers that start.inc left alone, and the FPU's.  CLOBBERS: all
look_at_cpu:
    mov ebx, sums
    notes cr0, cr2, cr3, cr4, dr0, dr1, dr2, dr3, dr6, dr7
    str eax
    call note
    sldt eax
    call note
    sidt [image]
    notes [image], [image + 4]
    mov eax, cr4
    or eax, 0x200               ; OSFXSR: XMM registers, too
    mov cr4, eax
    fxsave [image]
    mov ebx, sums + 4
    mov esi, image
    mov ecx, 72                 ; up to XMM7
.next:
    lodsd
    call note
    loop .next
    ret

; purpose: is RAM zero?  All of 2 - 4 MiB and a piece of each page above are looked at.  CLOBBERS: all
look_at_memory:
    mov ebx, sums + 8
    xor eax, eax
    mov edi, 0x200000 + 0x20000
    mov ecx, (0x400000 - 0x220000) / 4
    repe scasd
    notes edi
    mov esi, 0x400000
.page:
    mov edi, esi
    mov ecx, 8
    xor eax, eax
    repe scasd
    jne .dirty
    add esi, 0x1000
    cmp esi, 0x2000000
    jb .page
.dirty:
    notes esi
    ret

; purpose: a port into the sum.  IN: edx.  CLOBBERS: eax
note_port:
    xor eax, eax
    in al, dx
    jmp note

; purpose: masks, latches, CMOS memory and counters.  CLOBBERS: all
look_at_devices:
    mov ebx, sums + 12
%assign p 0
%rep 9
    mov edx, [.ports + p * 4]
    call note_port
%assign p p + 1
%endrep
    mov ecx, 0x0e
.cmos:
    cmp ecx, 0x32               ; the century
    je .skip
    mov al, cl
    out 0x70, al
    mov edx, 0x71
    call note_port
.skip:
    inc ecx
    cmp ecx, 0x80
    jb .cmos
    mov al, 0xe2                ; the status of counter 0
    out 0x43, al
    mov edx, 0x40
    jmp note_port
.ports: dd 0x21, 0xa1, 0x92, 0x64, 0x80, 0x3ff, 0x2ff, 0x4d0, 0xcf9

; purpose: soils what the others look at.  CLOBBERS: all
soil:
    mov eax, 0x5a5a5a5a
    mov dr0, eax
    mov dr3, eax
    mov cr2, eax
    mov edi, 0x220000
    mov ecx, (0x400000 - 0x220000) / 4
    rep stosd
    mov edi, 0x400000
.page:
    mov ecx, 8
    rep stosd
    add edi, 0x1000 - 32
    cmp edi, 0x2000000
    jb .page
    movups xmm0, [0x300000]
    movups xmm7, [0x300000]
    ldmxcsr [soiled_mxcsr]
    fldpi
    fld1
    fldcw [soiled_cw]
    mov ecx, 0x40
.cmos:
    mov al, cl
    out 0x70, al
    mov al, 0x77
    out 0x71, al
    inc ecx
    cmp ecx, 0x80
    jb .cmos
    mov al, 0x34
    out 0x43, al
    out 0x40, al
    out 0x40, al
    mov al, 0x5e
    out 0x80, al
    mov dx, 0x3ff
    out dx, al
    mov dx, 0x2ff
    out dx, al
    mov dx, 0x4d0
    out dx, al
    mov al, 0x0a
    out 0x21, al
    out 0xa1, al
    ret

    section .data
soiled_mxcsr: dd 0x7f80
soiled_cw:    dw 0x0c7f
    section .text

main:
    call look_at_cpu
    call look_at_memory
    call look_at_devices
    print "start"
    mov esi, sums
    mov ecx, 4
.next:
    mov al, ' '
    call putc
    lodsd
    call puthex
    loop .next
    print 13, 10
    call soil
    call tables_init
    call trap_init
    mov dx, RUN_PORT
    in al, dx
    movzx eax, al
    dec eax
    cmp eax, DEATHS
    jae .none
    shl eax, 7
    add eax, first_death
    jmp eax
.none:
    print "no such death", 13, 10
    jmp power_off

; An exception that comes back here is one that was to be the end.
trap_lost:
    print "it lives", 13, 10
    jmp power_off

%assign deaths 0
%macro death 0
    section .deaths
    align 0x80
death_%[deaths]:
%assign deaths deaths + 1
%endmacro

    section .deaths
first_death:

death                           ; an IDT without an entry
    lidt [no_table]
    ud2
death                           ; the power-on IDT, whose entries are no gates
    lidt [real_idt]
    ud2
death                           ; a jump to where nothing is, with no IDT to say so
    lidt [no_table]
    mov eax, 0xf0001234
    jmp eax
death                           ; the same by page tables, and the IDT not mapped
    call paging_on
    lidt [far_idt]
    mov eax, 0xf0001234
    jmp eax
death                           ; page tables outside RAM
    mov eax, 0x70000000
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    jmp $
death                           ; no stack for an interrupt
    call paging_on
    mov esp, 0xdead0000
    int 0x31
death                           ; no stack for a fault from CPL 3
    call paging_on
    mov dword [tss + TSS_ESP0], 0xdead0000
    user 0x202
    ud2
death                           ; half of one
    call paging_on
    mov dword [tss + TSS_ESP0], 8 ; the rest lies below 4 GiB
    user 0x202
    hlt
death                           ; a TSS that ends before ESP0
    mov word [tss_desc], 5
    mov byte [tss_desc + 5], 0x89
    mov eax, TSS_SEL
    ltr ax
    user 0x202
    int 0x31
death                           ; a TSS with a code segment as its stack
    mov dword [tss + 8], KCODE
    user 0x202
    int 0x31
death                           ; an IDT that ends before the vector, and before #GP
    lidt [short_idt]
    int 0x31
death                           ; an IDT outside RAM: all ones
    lidt [outside]
    ud2
death                           ; a GDT outside RAM
    lgdt [outside]
    int 0x31
death                           ; no GDT
    lgdt [no_table]
    int 0x31
death                           ; a directory that forgets the code that runs
    call paging_on
    mov dword [PD], 0
    mov eax, cr3
    mov cr3, eax
    jmp $
death                           ; a #DF gate that is no gate, behind one that is not there
    mov byte [IDT + 8 * 8 + 5], 0
    mov byte [IDT + 6 * 8 + 5], 0x0e
    mov byte [IDT + 11 * 8 + 5], 0x0e
    ud2
death                           ; a handler that faults, on a stack that ends
    call paging_on
    mov eax, .again
    mov [IDT + 6 * 8], ax
    shr eax, 16
    mov [IDT + 6 * 8 + 6], ax
    mov esp, 0x200
.again:
    ud2
death                           ; a stack with a limit
    mov eax, 0x00004000
    mov [gate0_desc], eax       ; 16 KiB for ESP, which is beyond
    mov dword [gate0_desc + 4], 0x00409300
    mov eax, GATE0_SEL
    mov ss, eax
    push eax
death                           ; PAE's directory pointers with reserved bits, and nobody to hear of it
    mov dword [PD], 0x7
    mov eax, PD
    mov cr3, eax
    lidt [no_table]
    mov eax, cr4
    or eax, 0x20
    mov cr4, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    jmp $
death                           ; asleep for ever
    cli
    hlt
death                           ; asleep for ever at CPL 0, in real mode
    mov word [0x500], 0xf4fa    ; cli; hlt
    lidt [real_idt]
    jmp CODE16:.sixteen - 0x100000
.sixteen:
    bits 16
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    jmp 0:0x500
    bits 32
death                           ; reset, four times
    mov al, 0xfe
    out 0x64, al
    jmp $
death
    mov al, 1
    out 0x92, al
    jmp $
death
    mov dx, 0xcf9
    mov al, 4
    out dx, al
    jmp $
death                           ; off
    mov dx, 0x604
    mov ax, 0x3400
    out dx, ax
    jmp $
death
    jmp power_off
DEATHS equ deaths

    section .data
no_table:  dw 0
           dd 0
real_idt:  dw 0x3ff
           dd 0
far_idt:   dw 0x7ff
           dd 0xe0000000
short_idt: dw 8 * 8 - 1
           dd IDT
outside:   dw 0xffff
           dd 0x70000000
