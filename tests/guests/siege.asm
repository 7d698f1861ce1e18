; SPDX-License-Identifier: GPL-2.0-or-later
;
; The siege: whatever a guest can do to reach what is not its own, or to get its monitor into trouble, and live on.
; It speaks the suite's language (lib/check.inc) and ends like it, with `siege: N passed, M failed`. What a test
; expects is what a machine without a monitor does; Bochs without Ring1 says so. Each file of siege/ is a front; what
; ends a guest is in deaths.asm.
%define DATA_ALIGN 4096
%include "lib/start.inc"
%include "lib/tables.inc"
%include "lib/trap.inc"
%include "lib/timer.inc"
%include "lib/check.inc"
%include "lib/paging.inc"

FIRST_PASS equ 1
END_PASS equ 3
%define GUEST_NAME "siege"
%include "lib/runner.inc"

    section .tests
test_table:
    section .text

%include "siege/top.inc"
%include "siege/forms.inc"
%include "siege/forms16.inc"
%include "siege/operands.inc"
%include "siege/across.inc"
%include "siege/strings.inc"
%include "siege/stack.inc"
%include "siege/matrix.inc"
%include "siege/descriptors.inc"
%include "siege/tables.inc"
%include "siege/delivery.inc"
%include "siege/pagetables.inc"
%include "siege/returns.inc"
%include "siege/storms.inc"
SWEEP_STEP equ 61
%include "siege/sweep.inc"

    section .tests
test_table_end:
    section .text

main:
    call tables_init
    call trap_init
    call paging_init
    jmp run_tests
