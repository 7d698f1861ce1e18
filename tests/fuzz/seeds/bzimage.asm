; SPDX-License-Identifier: GPL-2.0-or-later
;
; Seed of the kernel fuzzer: three bytes for the fuzzer, then a Linux bzImage of protocol 2.15 whose
; payload, PAYLOAD, is packed somehow.
bits 32
%define SECTORS 1
    db 2, 1, 7
image:
    times 0x1f1 - ($ - image) db 0
    db SECTORS
    dw 0
    dd (end - kernel + 15) / 16 ; syssize
    dw 0, 0, 0
    dw 0xaa55
    db 0xeb, 0x66
    db "HdrS"
    dw 0x20f
    dd 0
    dw 0
    dw version - image - 0x200
    db 0, 1                     ; type of loader, loadflags
    dw 0
    dd 0x100000                 ; code32_start
    dd 0, 0, 0
    dw 0, 0
    dd 0                        ; command line
    dd 0x37ffffff               ; initrd_addr_max
    dd 0x1000000                ; alignment
    db 1, 21
    dw 0                        ; xloadflags
    dd 2047                     ; cmdline_size
    dd 0
    dq 0
    dd payload - kernel, end - payload
    dq 0
    dq 0x1000000                ; pref_address
    dd 0x8000, 0                ; init_size
version:
    db "6.1.0 (seed)", 0
    times (SECTORS + 1) * 512 - ($ - image) db 0
kernel:
    cli
    hlt
    jmp kernel
payload:
    incbin PAYLOAD
end:
