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
%include "lib/timer.inc"
%include "lib/check.inc"
%include "lib/paging.inc"

FIRST_PASS equ 0
END_PASS equ 3
%define GUEST_NAME "suite"
%include "lib/runner.inc"

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
    section .text

main:
    call tables_init
    call trap_init
    call paging_init
    call pic_init
    jmp run_tests
