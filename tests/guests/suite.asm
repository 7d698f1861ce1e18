; SPDX-License-Identifier: GPL-2.0-or-later
;
; The instruction suite: every sensitive instruction and its neighbours, at CPL 0 and CPL 3, in three passes (paging
; off; 4 KiB pages; one 4 MiB page). In: nothing. Out on COM1: a line a test, `ok NN name` or
; `FAIL NN name got X want Y`, and `suite: N passed, M failed`. Before each test its
; number is printed as a checkpoint, `@NN` and a carriage return. What the tests say is what the manual
; says; it runs alike on QEMU, Bochs and Ring1, but for the rows of suite.differ.
%include "lib/start.inc"
%include "lib/tables.inc"
%include "lib/trap.inc"
%include "lib/check.inc"
%include "lib/paging.inc"

    section .tests
test_table:
    section .text

%include "suite/flags.inc"
%include "suite/keepflags.inc"
%include "suite/alu.inc"
%include "suite/shifts.inc"
%include "suite/moves.inc"
%include "suite/pushpop.inc"
%include "suite/conditions.inc"
%include "suite/strings.inc"
%include "suite/segments.inc"
%include "suite/limits.inc"
%include "suite/rights.inc"
%include "suite/transfer.inc"
%include "suite/outer.inc"
%include "suite/gates.inc"
%include "suite/exceptions.inc"
%include "suite/privileged.inc"
%include "suite/control.inc"
%include "suite/pagefault.inc"
%include "suite/accessed.inc"
%include "suite/remap.inc"
%include "suite/pae.inc"
%include "suite/crossing.inc"
%include "suite/stack.inc"
%include "suite/selfmod.inc"
%include "suite/stale.inc"
%include "suite/fpu.inc"
%include "suite/step.inc"
%include "suite/breakpoint.inc"
%include "suite/v86.inc"
%include "suite/task.inc"
%include "suite/real.inc"
%include "suite/time.inc"
%include "suite/timers.inc"

    section .tests
test_table_end:

    section .data
    align 4
pass:      dd 0                 ; 0 paging off, 1 4 KiB pages, 2 4 MiB page
number:    dd 0
passed:    dd 0
lost:      dd 0
current:   dd 0                 ; its row in the table
pass_cr0:  dd 0x00000033, 0x80010033, 0x80010033
pass_name: dd name_flat, name_4k, name_4m
name_flat: db " [flat]", 0
name_4k:   db " [4k]", 0
name_4m:   db " [4m]", 0
    section .text

main:
    call tables_init
    call trap_init
    call paging_init
    call time_init
.pass:
    call paging_stage
    mov dword [current], test_table
.next:
    mov ebx, [current]
    cmp ebx, test_table_end
    jae .pass_done
    call wanted
    jz .skip
    call set_stage
    inc dword [number]
    mov al, '@'
    call putc
    mov eax, [number]
    call putdec
    mov al, 13
    call putc
    mov ebx, [current]
    jmp [ebx + 4]
.skip:
    add dword [current], 12
    jmp .next
.pass_done:
    inc dword [pass]
    cmp dword [pass], 3
    jb .pass
    print "suite: "
    mov eax, [passed]
    call putdec
    print " passed, "
    mov eax, [lost]
    call putdec
    print " failed", 13, 10
    jmp power_off

; purpose: does the test at ebx belong to this pass?  OUT: ZF set: no.  CLOBBERS: eax
wanted:
    mov eax, [ebx + 8]
    cmp dword [pass], 1
    je .paged
    ja .large
    test eax, T_PAGED           ; paging off
    jz .yes
    xor eax, eax
    ret
.large:
    test eax, T_ONCE
    jz .yes
    xor eax, eax
    ret
.paged:
    and eax, T_ONCE | T_PAGED
    cmp eax, T_ONCE
    ret
.yes:
    or eax, 1
    ret

; purpose: the same ground for every test.  CLOBBERS: all but ebx
set_stage:
    lgdt [gdtr]
    lidt [idtr]
    mov eax, KDATA
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    xor eax, eax
    lldt ax
    mov [failed], eax
    mov [step], eax
    mov [trap_fixup], eax
    mov [trap_hook], eax
    mov [trap_count], eax
    mov [irq_count], eax
    mov [irq_keep], eax
    mov dword [tss + TSS_ESP0], INT_STACK_TOP
    mov al, 0xff
    out 0x21, al
    out 0xa1, al
    test dword [ebx + 8], T_PAGED
    jz .tables_stay
    call paging_stage
.tables_stay:
    mov edi, SCRATCH
    mov ecx, 0x800
    xor eax, eax
    rep stosd
    clts
    fninit
    ret

; purpose: a test's end, from any stack at CPL 0.  Prints its line.
test_done:
    mov esp, STACK_TOP
    set_flags 2
    mov eax, KDATA
    mov ds, eax
    mov es, eax
    mov eax, [pass]
    mov eax, [pass_cr0 + eax * 4]
    mov cr0, eax
    cmp dword [failed], 0
    jne .fail
    print "ok "
    call print_name
    inc dword [passed]
    jmp .end
.fail:
    print "FAIL "
    call print_name
    print " got "
    mov eax, [fail_got]
    call puthex
    print " want "
    mov eax, [fail_want]
    call puthex
    print " at check "
    mov eax, [fail_step]
    call putdec
    inc dword [lost]
.end:
    mov al, 13
    call putc
    mov al, 10
    call putc
    jmp main.skip

print_name:
    mov eax, [number]
    call putdec
    mov al, ' '
    call putc
    mov ebx, [current]
    mov esi, [ebx]
    call puts
    mov eax, [pass]
    mov esi, [pass_name + eax * 4]
    jmp puts

; purpose: an exception that no test asked for: the test fails and says which.
trap_lost:
    mov esp, STACK_TOP
    print "# unexpected vector "
    mov eax, [trap_vec]
    call puthex
    print " error "
    mov eax, [trap_err]
    call puthex
    print " at "
    mov eax, [trap_cs]
    call puthex
    mov al, ':'
    call putc
    mov eax, [trap_eip]
    call puthex
    print " cr2 "
    mov eax, [trap_cr2]
    call puthex
    print " after check "
    mov eax, [step]
    call putdec
    print 13, 10
    cmp dword [failed], 0
    jne test_done
    mov dword [failed], 1
    mov eax, [trap_vec]
    mov [fail_got], eax
    mov dword [fail_want], NO_TRAP
    mov eax, [step]
    inc eax
    mov [fail_step], eax
    jmp test_done
