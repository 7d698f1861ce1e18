; SPDX-License-Identifier: GPL-2.0-or-later
;
; Seed of the plan fuzzer: its byte of options, then a boot plan (monitor/plan.h) of three segments, of
; which the last clears a part of the first.
bits 32
    db 0
plan:
    dd 0x314e4c50, 3, end - plan, 2, 1, 0, 3, 4
    dd 0x100000, 0x8000, 1, 2, 3, 4, 5, 6, 7
    dd 0x10, 0x18, 0x1000, 0x1f, 1
    db "seed"
    times 60 db 0
    times 8 dq 0, 0                     ; disks: none ...
    dd 0, 0                             ; ... and how many
segments:
    dd 0x100000, 0x1000, first - plan, second - first
    dd 0x1000, 0x20, second - plan, end - second
    dd 0x0ff000, 0x1008, first - plan, 0x10
    db "text"
    align 16
first:
    times 16 db 0xf4
second:
    times 3 dq 0x00cf9b000000ffff
end:
