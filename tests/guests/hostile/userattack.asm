; SPDX-License-Identifier: GPL-2.0-or-later
;
; CPL 3 reaches for whatever stands under it: vectors and selectors that a monitor may use for itself, system calls that
; nobody set up, wild EFLAGS, addresses around 4 GiB. Everything must fault as on a
; machine without a monitor, and the guest must live to say so.
%include "lib/hostile.inc"
%include "lib/identity.inc"

; far SELECTOR: jmp, call, iret, retf, mov ds, mov ss with it.
%macro far_all 1
    try "jmp", jmp %1:0x1000
    try "call", call %1:0x1000
    push dword 0x202
    push dword %1
    push dword 0x1000
    try "iret", iretd
    try "retf", retf
    add esp, 12
    mov eax, %1
    try "mov ds", mov ds, eax
    try "mov ss", mov ss, eax
    try "mov gs", mov gs, eax
    mov ebx, 0xffff
%endmacro

; Vectors that have no gate here.  CLOBBERS: nothing
%macro int_range 2
%assign n %1
%rep %2
    mov dword [trap_vec], NO_TRAP
    mov dword [trap_fixup], %%after %+ n
    int n
%%after %+ n:
    cmp dword [trap_vec], 13
    jne int_wrong
    cmp dword [trap_err], n * 8 + 2
    jne int_wrong
%assign n n + 1
%endrep
%endmacro

int_wrong:
    print "INT: "
    call say_outcome
    mov eax, [trap_eip]
    call puthex
    print 13, 10
    int 0x30
    jmp power_off

main:
    hostile_init
    call paging_on
    user 0x202                  ; IOPL 0: this is direct execution
    int_range 0x40, 64
    int_range 0x80, 64
    int_range 0xc0, 64
    print "all vectors refused", 13, 10
    far_all 0xff80
    far_all 0xff83
    far_all 0xff88
    far_all 0xff90
    far_all 0xff93
    far_all 0xff98
    far_all 0xffa0
    far_all 0xffa1
    far_all 0xffa3
    far_all 0xffa8
    far_all 0xffb3
    far_all 0xffc0
    far_all 0xffc3
    far_all 0xffd3
    far_all 0xffe3
    far_all 0xfff0
    far_all 0xffff
    mov ecx, 0xffc0             ; no descriptor can be seen there
.look:
    lar eax, ecx
    jz .seen
    lsl eax, ecx
    jz .seen
    add ecx, 8
    cmp ecx, 0x10000
    jb .look
    print "nothing to be seen", 13, 10
.seen:
    print "system calls", 13, 10
    try "sysexit", sysexit
    mov dword [trap_fixup], .no_sysenter ; #GP or #UD, as CPUID has it
    sysenter
.no_sysenter:
    mov dword [trap_fixup], 0
    try "syscall", db 0x0f, 0x05
    try "vmcall", vmcall
    try "rsm", rsm
    try "popf", call popf_all
    print "addresses", 13, 10
    mov eax, 0xfffffffc
    try "write below 4 GiB", mov [eax], eax
    try "write across 4 GiB", mov [eax + 2], eax
    try "negative displacement", mov [dword -4], eax
    mov ebx, 0xffffffff
    try "index past 4 GiB", mov [ebx + ebx * 8], eax
    try "jump to the last byte", call jump_last
    try "stack at 0", call push_at_zero
    print "the guest lives", 13, 10
    kernel
    jmp power_off

jump_last:
    mov ebx, 0xffffffff
    add esp, 4
    jmp ebx
popf_all:
    push dword 0xfffffeff & ~0x4000 ; all but TF and NT
    popfd
    push dword 0x202
    popfd
    ret
push_at_zero:
    mov ebx, esp
    mov dword [trap_fixup], .back
    mov esp, 0
    push eax
.back:
    mov esp, ebx
    ret
