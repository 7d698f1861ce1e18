; SPDX-License-Identifier: GPL-2.0-or-later
;
; What a callout costs: a toy guest that runs LAHF, which the interpreter has to do, in batches, and prints
; the least of all batches, in TSC ticks of a callout. Figures of docs/benchmarks.md come from it:
;   nasm -f bin -Itests/guests/ -o callouts.bin tests/bench/callouts.asm && build/ring1 run --memory 32M callouts.bin
%include "lib/hostile.inc"

BATCHES equ 60
CALLOUTS equ 10000

main:
    hostile_init
    or edi, -1
    mov ebp, BATCHES
.batch:
    rdtsc
    mov esi, eax
    mov ecx, CALLOUTS
.again:
    lahf
    dec ecx
    jnz .again
    rdtsc
    sub eax, esi
    cmp eax, edi
    jae .slower
    mov edi, eax
.slower:
    dec ebp
    jnz .batch
    mov eax, edi
    xor edx, edx
    mov ecx, CALLOUTS
    div ecx
    print "ticks a callout, at best: "
    call putdec
    print 13, 10
    jmp power_off
