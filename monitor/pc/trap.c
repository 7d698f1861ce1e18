/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Traps of the monitor itself: host interrupts while it sleeps, guarded instructions
 * (fpu.c), and everything else, which is a bug of ours.
 */
#include "monitor/log.h"
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"
#include "monitor/x86.h"

void pc_trap_in_monitor(struct trap_frame *f)
{
    if (f->vector >= VEC_IRQ_BASE && f->vector < VEC_IRQ_BASE + 16) {
        pc_irq((unsigned)f->vector - VEC_IRQ_BASE);
        return;
    }
    if (f->vector == VEC_NMI)
        return;
    if (pc_cpu.fixup_rip) {
        f->rip = pc_cpu.fixup_rip;
        f->rax = f->vector;
        pc_cpu.fixup_rip = 0;
        return;
    }
    panic("vector %lu error %lx at rip %lx rsp %lx cr2 %lx rax %lx rdi %lx rsi %lx", f->vector,
          f->error, f->rip, f->rsp, read_cr2(), f->rax, f->rdi, f->rsi);
}
