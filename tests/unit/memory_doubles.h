/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For tests of vmem.c: doubles of the translator and the board that note what they were told,
 * and helpers that write guest page tables. Included by one file of a test program.
 */
#ifndef RING1_MEMORY_DOUBLES_H
#define RING1_MEMORY_DOUBLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bt/bt.h"
#include "devices/board.h"
#include "monitor/guestmem.h"
#include "monitor/timer.h"
#include "monitor/trace.h"
#include "monitor/x86.h"
#include "tests/unit/fake_host.h"

static struct {
    unsigned wrote, flush_linear, flush_space, forgot_calls;
    bool not_ready; /* what bt_ready answers */
    gfn_t frame;
    unsigned first, last;
    gva_t linear;
    bool all;
    bool gives_up; /* bt_wrote drops its last block of the frame */
    unsigned accesses;
    struct io_access io[8];
    bool mark;       /* accesses are to the statistics port */
    bool interrupt;  /* what board_pending answers */
    bool a20_closed; /* what the board has of the gate */
    unsigned fpu_errors;
    void (*wrote_hook)(struct vm *vm); /* bt_wrote is being called */
} told;

bool board_a20(const struct vm *vm)
{
    (void)vm;
    return !told.a20_closed;
}

void board_fpu_error(struct vm *vm)
{
    (void)vm;
    told.fpu_errors++;
}

bool bt_wrote(struct vm *vm, gfn_t frame, unsigned first, unsigned last)
{
    told.wrote++;
    if (told.wrote_hook)
        told.wrote_hook(vm);
    told.frame = frame;
    told.first = first;
    told.last = last;
    if (told.gives_up)
        trace_remove(vm, frame, TRACE_CODE);
    return told.gives_up;
}

void bt_flush_linear(struct vcpu *v, gva_t page)
{
    (void)v;
    told.flush_linear++;
    told.linear = page;
}

void bt_forget_calls(struct vcpu *v)
{
    (void)v;
    told.forgot_calls++;
}

bool bt_ready(struct vcpu *v)
{
    (void)v;
    return !told.not_ready;
}

void bt_flush_space(struct vcpu *v, bool all)
{
    (void)v;
    told.flush_space++;
    told.all = all;
}

/* Reads give the low bytes of the address. */
bool board_pending(const struct vm *vm)
{
    (void)vm;
    return told.interrupt;
}

/* Where a test has the real one, that one is taken. */
__attribute__((weak)) void timer_update_event(struct vm *vm)
{
    vm->vcpu->event = told.interrupt;
}

void board_access(struct vm *vm, struct io_access *io, uint64_t now)
{
    (void)vm;
    (void)now;
    if (!io->write)
        io->value = (uint32_t)io->address;
    io->mark = told.mark;
    if (told.accesses < 8)
        told.io[told.accesses] = *io;
    told.accesses++;
}

static inline void poke(struct vm *vm, uint32_t where, uint32_t value)
{
    assert_true(guest_write(vm, gpa(where), &value, 4));
}

static inline uint32_t peek(struct vm *vm, uint32_t where)
{
    uint32_t value = 0;
    assert_true(guest_read(vm, gpa(where), &value, 4));
    return value;
}

/* Turns paging on with the directory at CR3. */
static inline void paging(struct vcpu *v, uint32_t cr3)
{
    v->cr0 |= CR0_PG | CR0_WP;
    v->cr4 |= CR4_PSE;
    v->cr3 = cr3;
}

#endif
