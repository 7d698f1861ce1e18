/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ports and HLT. Control and debug registers are in control.c, MSRs in msr.c, CPUID in cpuid.c.
 */
#include "monitor/priv.h"

#include "devices/board.h"
#include "monitor/debugreg.h"
#include "monitor/journal.h"
#include "monitor/segment.h"
#include "monitor/timer.h"
#include "monitor/vclock.h"
#include "monitor/vm.h"
#include "monitor/vmem.h"

/* The ring-1 gates count for themselves. */
static void mark(struct vcpu *v, uint8_t tag)
{
    v->vm->stats.n[STAT_SYSCALLS_DIRECT] = v->direct.syscalls;
    stats_mark(&v->vm->stats, tag);
}

/* Bit 20 of every physical address follows. The translator and the shadow tables know nothing of
 * that: all is interpreted until the gate is open again (mode.c). */
static void heed_a20(struct vcpu *v)
{
    bool masked = !board_a20(v->vm);
    if (masked == v->vm->a20_masked)
        return;
    v->vm->a20_masked = masked;
    vmem_flush(v, true);
}

/* Any access to a device may raise or lower its interrupt line, or open a mask. */
static void access_board(struct vcpu *v, struct io_access *io)
{
    board_access(v->vm, io, vclock_ns(v->vm));
    timer_update_event(v->vm);
    heed_a20(v);
    if (io->mark && v->vm->marks)
        mark(v, (uint8_t)io->value);
    if (v->armed & ARMED_PORT)
        debugreg_port(v, (uint16_t)io->address, io->size);
    v->vm->stats.n[io->write ? STAT_IO_WRITE : STAT_IO_READ]++;
    JOURNAL(v->vm, IO, "%s %04lx size %u value %x eip %08x", io->write ? "out" : "in ",
            (unsigned long)io->address, io->size, io->value, v->eip);
}

static uint32_t low_bytes(uint32_t value, unsigned size)
{
    return size == 4 ? value : value & ((1u << (8 * size)) - 1);
}

void priv_fpu_error(struct vcpu *v)
{
    board_fpu_error(v->vm);
    timer_update_event(v->vm);
}

bool priv_in(struct vcpu *v, uint16_t port, unsigned size, uint32_t *value)
{
    struct io_access io = {.size = (uint8_t)size, .address = port};
    if (!segment_port_allowed(v, port, size))
        return false;
    access_board(v, &io);
    *value = low_bytes(io.value, size);
    return true;
}

bool priv_out(struct vcpu *v, uint16_t port, unsigned size, uint32_t value)
{
    struct io_access io = {
        .write = true, .size = (uint8_t)size, .address = port, .value = low_bytes(value, size)};
    if (!segment_port_allowed(v, port, size))
        return false;
    access_board(v, &io);
    return true;
}

/* There are no NMIs: with interrupts off nothing wakes this CPU again. */
void priv_halt(struct vcpu *v)
{
    v->halted = true;
    if (!v->vif)
        vm_end(v->vm, EXIT_GUEST_HALTED, "HLT with interrupts off at %04x:%08x", v->seg[S_CS].sel,
               v->eip - 1);
}

uint64_t priv_tsc(const struct vcpu *v)
{
    return vclock_tsc(v->vm);
}
