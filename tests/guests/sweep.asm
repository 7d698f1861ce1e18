; SPDX-License-Identifier: GPL-2.0-or-later
;
; The siege's sweeps with nothing left out: every port in every width. It speaks the suite's language.
%define DATA_ALIGN 4096
%include "lib/start.inc"
%include "lib/tables.inc"
%include "lib/trap.inc"
%include "lib/timer.inc"
%include "lib/check.inc"
%include "lib/paging.inc"

FIRST_PASS equ 1
END_PASS equ 2
%define GUEST_NAME "sweep"
%include "lib/runner.inc"

    section .tests
test_table:
    section .text

SWEEP_STEP equ 1
%include "siege/top.inc"
%include "siege/sweep.inc"

    section .tests
test_table_end:
    section .text

main:
    call tables_init
    call trap_init
    call paging_init
    jmp run_tests
