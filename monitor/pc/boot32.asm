; SPDX-License-Identifier: GPL-2.0-or-later
;
; From a multiboot loader (QEMU -kernel, GRUB) to 64-bit code: checks the CPU, builds
; first page tables, enters long mode and jumps into the monitor image, which is
; embedded here as flat bytes. Multiboot 0.6.96, 3.1-3.2. Next: start.asm.

%define MONITOR_PHYS 0x200000
%define MONITOR_PAGES 4             ; 2 MiB pages that the image may fill
%define PTE_PW 0x3
%define PTE_PS 0x80

section .multiboot align=4
header:
        dd 0x1badb002, 0x00000003, -(0x1badb002 + 0x00000003)

section .text
bits 32
global start32

; purpose  entry from the boot loader
; IN       eax = multiboot magic, ebx = physical address of the multiboot information
; STACK    none yet
start32:
        cli
        cld
        mov esp, boot_stack_end
        mov edi, no_multiboot
        cmp eax, 0x2badb002
        jne fail
        mov [info], ebx
        call check_cpu
        call make_tables
        mov eax, 1 << 5             ; PAE, and nothing that the boot loader left on
        mov cr4, eax
        mov eax, pml4
        mov cr3, eax
        mov ecx, 0xc0000080         ; EFER: LME, NXE
        rdmsr
        and eax, ~1                 ; SCE off: no SYSCALL leads into the monitor
        or eax, (1 << 8) | (1 << 11)
        wrmsr
        mov eax, cr0
        and eax, ~((1 << 2) | (1 << 3) | (1 << 29) | (1 << 30)) ; EM TS NW CD
        or eax, (1 << 31) | (1 << 16) | (1 << 5) | (1 << 1) | 1 ; PG WP NE MP PE
        mov cr0, eax
        lgdt [gdt_pointer]
        jmp 8:start64

; purpose  stop with a message unless the CPU has long mode and NX
; CLOBBERS eax ebx ecx edx edi
check_cpu:
        mov edi, no_long_mode
        pushfd
        pop eax
        mov ecx, eax
        xor eax, 1 << 21            ; EFLAGS.ID can be changed: CPUID exists
        push eax
        popfd
        pushfd
        pop eax
        xor eax, ecx
        test eax, 1 << 21
        jz fail
        mov eax, 0x80000000
        cpuid
        cmp eax, 0x80000001
        jb fail
        mov eax, 0x80000001
        cpuid
        test edx, 1 << 29
        jz fail
        mov edi, no_nx
        test edx, 1 << 20
        jz fail
        ret

; purpose  identity map and direct map of 4 GiB, and the monitor image at its address
; CLOBBERS eax ecx edi
make_tables:
        mov dword [pml4], pdpt + PTE_PW
        mov dword [pml4 + 8 * 288], pdpt + PTE_PW       ; DIRECT_MAP
        mov dword [pml4 + 8 * 290], monitor_pdpt + PTE_PW ; MONITOR_BASE
        mov dword [monitor_pdpt], monitor_pd + PTE_PW
%assign i 0
%rep 4
        mov dword [pdpt + 8 * i], pd + 4096 * i + PTE_PW
%assign i i + 1
%endrep
        mov edi, pd
        mov eax, PTE_PW | PTE_PS
        mov ecx, 4 * 512
.fill:  mov [edi], eax
        add eax, 0x200000
        add edi, 8
        loop .fill
        mov edi, monitor_pd
        mov eax, MONITOR_PHYS + (PTE_PW | PTE_PS)
        mov ecx, MONITOR_PAGES
.image: mov [edi], eax
        add eax, 0x200000
        add edi, 8
        loop .image
        ret

; purpose  print the message at edi on COM1, port 0xE9 and the VGA screen, then stop
; IN       edi = NUL-terminated text
fail:
        mov esi, edi
        mov edi, 0xb8000
.next:  lodsb
        test al, al
        jz .stop
        out 0xe9, al
        mov dx, 0x3f8
        out dx, al
        mov [edi], al
        mov byte [edi + 1], 0x4f
        add edi, 2
        jmp .next
.stop:  mov al, 3                   ; EXIT_HOST_TROUBLE for QEMU's debug-exit device
        out 0xf4, al
.halt:  hlt
        jmp .halt

bits 64
start64:
        mov ax, 16
        mov ss, ax
        mov ds, ax
        mov es, ax
        xor eax, eax
        mov fs, ax
        mov gs, ax
        mov edi, [abs info]
        mov rax, 0xffff910000000000 ; MONITOR_BASE: start.asm's first instruction
        jmp rax

section .rodata
no_multiboot: db "ring1: not started by a multiboot loader", 13, 10, 0
no_long_mode: db "ring1: this CPU has no long mode (x86-64); Ring1 needs it", 13, 10, 0
no_nx:        db "ring1: this CPU has no NX bit; Ring1 needs it to confine translated code", 13, 10, 0
align 8
gdt:    dq 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
        dw $ - gdt - 1
        dd gdt

section .monitor align=4096
        incbin "monitor64.bin"

section .bss align=4096
pml4:   resb 4096
pdpt:   resb 4096
pd:     resb 4 * 4096
monitor_pdpt: resb 4096
monitor_pd: resb 4096
info:   resd 1
        resb 1020
boot_stack_end:
