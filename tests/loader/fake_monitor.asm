; SPDX-License-Identifier: GPL-2.0-or-later
;
; A multiboot kernel that stands in for the monitor in tests/loader.sh: it takes the boot
; plan as its first module, checks the plan's magic and version, and behaves as the first
; letter of the plan's command-line text says. Log to port 0xE9, console on COM1.
;   o off   k killed with a report   h loops for ever   q ends without an exit line
;   b an exit line with a bad number   e echoes the console until it reads 'q'
;   s statistics, then off   c 200 KiB to the console, then off   j trace lines, then off
;   t answers the request that comes in on COM2, then off

bits 32

%define MB_FLAGS 3
%define COM1 0x3f8
%define COM2 0x2f8
%define PLAN_MAGIC 0x314e4c50
%define PLAN_TOTAL 8
%define PLAN_MEMORY 12
%define PLAN_FLAGS 20
%define PLAN_SEGMENTS 24
%define PLAN_HEADER 288             ; sizeof (struct plan): tests/unit/test_loader_plan.c asserts it
%define PLAN_SEGMENT 16             ; sizeof (struct plan_segment)

section .text
align 4
    dd 0x1badb002, MB_FLAGS, -(0x1badb002 + MB_FLAGS)

; purpose: entry from the boot loader.  IN: eax = magic, ebx = information.  OUT: never returns.
global _start
_start:
    mov esp, stack_top
    cld
    mov ecx, eax
    mov edx, COM1 + 3
    mov al, 3                       ; 8 data bits, which Bochs obeys
    out dx, al
    mov eax, ecx
    cmp eax, 0x2badb002
    jne no_plan
    cmp dword [ebx + 20], 0         ; mods_count
    je no_plan
    mov esi, [ebx + 24]             ; mods_addr
    mov ebx, [esi]                  ; the plan
    mov eax, [esi + 4]
    sub eax, ebx                    ; bytes of module
    cmp eax, [ebx + PLAN_TOTAL]
    jb no_plan
    cmp dword [ebx], PLAN_MAGIC
    jne no_plan
    cmp dword [ebx + 4], 3
    jne no_plan
    mov esi, text_hello
    call log
    mov eax, [ebx + PLAN_SEGMENTS]
    shl eax, 4
    lea edi, [ebx + eax + PLAN_HEADER]  ; the command line's text
    mov al, [edi]
    cmp al, 'k'
    je killed
    cmp al, 'h'
    je loop_for_ever
    cmp al, 'q'
    je shutdown
    cmp al, 'b'
    je bad_number
    cmp al, 'e'
    je echo
    cmp al, 's'
    je statistics
    cmp al, 'c'
    je chatter
    cmp al, 'j'
    je journal
    cmp al, 't'
    je request
off:
    mov esi, text_off
    jmp log_and_shutdown

no_plan:
    mov esi, text_no_plan
    jmp log_and_shutdown
killed:
    mov esi, text_killed
    jmp log_and_shutdown
bad_number:
    mov esi, text_bad
    jmp log_and_shutdown
statistics:
    mov esi, text_stats
log_and_shutdown:
    call log
; purpose: ends QEMU (isa-debug-exit) or Bochs (its shutdown port).  OUT: never returns.
shutdown:
    mov al, 0
    out 0xf4, al
    mov esi, text_shutdown
    mov edx, 0x8900
.next:
    lodsb
    test al, al
    jz loop_for_ever
    out dx, al
    jmp .next
loop_for_ever:
    mov esi, text_loop
    call put_string
.again:
    pause
    jmp .again

; purpose: prints "ready", then sends back what comes in until 'q'; the line is polled.
echo:
    mov esi, text_ready
    call put_string
.wait:
    mov edx, COM1 + 5
    in al, dx
    test al, 1
    jz .wait
    mov edx, COM1
    in al, dx
    cmp al, 'q'
    je off
    call put
    jmp .wait

; purpose: traces, one by one and many at once, between other lines.
journal:
    mov ecx, [ebx + PLAN_FLAGS]
    test ecx, 3 << 8                ; exits and blocks were asked for
    jz off
    mov esi, text_trace_first
    call log
    mov ebx, 2000
.next:
    mov esi, text_trace
    call log
    dec ebx
    jnz .next
    mov esi, text_trace_last
    call log
    jmp off

; purpose: waits for a byte on COM2 and answers if it is 't'.
request:
    mov edx, COM2 + 3
    mov al, 3
    out dx, al
    mov esi, text_ready
    call put_string
.wait:
    mov edx, COM2 + 5
    in al, dx
    test al, 1
    jz .wait
    mov edx, COM2
    in al, dx
    cmp al, 't'
    jne off
    mov esi, text_answer
    call log
    mov ecx, 0x4000000              ; the loader shall see it before the end
.slow:
    loop .slow
    jmp off

chatter:
    mov ebx, 200 * 1024 / 64
.line:
    mov esi, text_line
    call put_string
    dec ebx
    jnz .line
    jmp off

; purpose: a text to the log port.  IN: esi = text, NUL-terminated.  CLOBBERS: al, esi.
log:
    lodsb
    test al, al
    jz .done
    out 0xe9, al
    jmp log
.done:
    ret

; purpose: a text to COM1.  IN: esi = text, NUL-terminated.  CLOBBERS: eax, edx, esi.
put_string:
    lodsb
    test al, al
    jz .done
    call put
    jmp put_string
.done:
    ret

; purpose: one byte to COM1 when its holding register is empty.  IN: al.  CLOBBERS: eax, edx.
put:
    mov ah, al
    mov edx, COM1 + 5
.wait:
    in al, dx
    test al, 0x20
    jz .wait
    mov al, ah
    mov edx, COM1
    out dx, al
    ret

text_hello: db "fake monitor: plan accepted", 10, 0
text_off: db "ring1-exit: 0 guest-off: the fake guest switched itself off", 10, 0
text_no_plan: db "ring1-exit: 3 host-trouble: no plan", 10, 0
text_killed: db "report: triple fault", 10, "report: eax 00000001", 10
             db "ring1-exit: 5 guest-killed: triple fault, and an escape ", 27, "[31m", 10, 0
text_bad: db "ring1-exit: 77 nonsense: no such number", 10, 0
text_stats: db "stat run.user 12  entries into direct execution", 10
            db "stat time.total.ns 1234567890  time from first to last instruction", 10
            db "ring1-exit: 0 guest-off: done", 10, 0
text_trace_first: db "trace 1 exits first ", 27, "[31m", 10, "another line", 10, 0
text_trace: db "trace 22 blocks and again", 10, 0
text_trace_last: db "trace 333 exits last", 10, 0
text_answer: db "ring1: answer", 10, "stat run.user 77  entries", 10, "ring1: end of answer", 10
             db "stat run.user 78  entries", 10, 0
text_shutdown: db "Shutdown", 0
text_loop: db "looping", 13, 10, 0
text_ready: db "ready", 13, 10, 0
text_line: db "0123456789 the quick brown fox jumps over the lazy dog 0123456", 13, 10, 0

section .bss
align 16
    resb 4096
stack_top:
