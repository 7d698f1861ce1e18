/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * host_run_tc: a frame is built from the vcpu, entered, and the frame of the exit is taken apart
 * into the vcpu and a struct host_exit. What other hosts do in hardware for user code that runs
 * directly has nothing to do here: all guest code is translated.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>

#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/process/process.h"
#include "monitor/process/sys.h"
#include "monitor/process/window.h"
#include "monitor/vcpu.h"

#include <sys/auxv.h> /* its names for segment flags are x86.h's for page faults */

#define TC_FLAGS        (FL_ARITH | FL_DF)
#define HWCAP2_FSGSBASE 2u

struct process_cpu process_cpu;

/* Linux says so since 5.9. */
bool process_has_wrgsbase(void)
{
    return getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE;
}

static void set_gs(uint64_t base)
{
    if (base == process_cpu.gs)
        return;
    process_cpu.gs = base;
    if (process_cpu.wrgsbase)
        __asm__ volatile("wrgsbase %0" : : "r"(base));
    else
        sys_call6(__NR_arch_prctl, ARCH_SET_GS, base, 0, 0, 0, 0);
}

/* With paging off there is no supervisor's memory: all is the user's (shadow/). */
static void load_windows(struct vcpu *v)
{
    v->windows.kernel = vcpu_paging(v) ? window_kernel() : window_user();
    v->windows.user = window_user();
    set_gs(v->cpl == 3 ? v->windows.user : v->windows.kernel);
}

static void load(struct vcpu *v, uint64_t entry)
{
    load_windows(v);
    process_cpu.frame = (struct tc_frame){
        .rax = v->gpr[R_EAX],
        .rcx = v->gpr[R_ECX],
        .rdx = v->gpr[R_EDX],
        .rbx = v->gpr[R_EBX],
        .rbp = v->gpr[R_EBP],
        .rsi = v->gpr[R_ESI],
        .rdi = v->gpr[R_EDI],
        .r12 = window_user(),
        .r14 = v->gpr[R_ESP],
        .r15 = (uint64_t)v,
        .rsp = v->tc_rsp,
        .rip = entry,
        .rflags = (v->eflags & TC_FLAGS) | FL_ONE | FL_IF,
    };
    v->eflags &= ~(uint32_t)(TC_FLAGS | FL_RF); /* PUSHF adds the image to the live flags */
}

static void save(struct vcpu *v, struct host_exit *x)
{
    const struct tc_frame *f = &process_cpu.frame;
    v->gpr[R_EAX] = (uint32_t)f->rax;
    v->gpr[R_ECX] = (uint32_t)f->rcx;
    v->gpr[R_EDX] = (uint32_t)f->rdx;
    v->gpr[R_EBX] = (uint32_t)f->rbx;
    v->gpr[R_EBP] = (uint32_t)f->rbp;
    v->gpr[R_ESI] = (uint32_t)f->rsi;
    v->gpr[R_EDI] = (uint32_t)f->rdi;
    v->gpr[R_ESP] = (uint32_t)f->r14;
    v->eflags |= (uint32_t)f->rflags & TC_FLAGS;
    x->rip = f->rip;
    x->rflags = f->rflags;
    x->scratch[SCR_R8] = f->r8;
    x->scratch[SCR_R9] = f->r9;
    x->scratch[SCR_R10] = f->r10;
    x->scratch[SCR_R11] = f->r11;
    x->scratch[SCR_R13] = f->r13;
    x->scratch[SCR_RSP] = f->rsp;
}

static void describe(struct host_exit *x)
{
    const struct process_cpu *c = &process_cpu;
    switch ((enum left)c->left) {
    case LEFT_NOT_ENTERED:
    case LEFT_SIGNAL:
        x->kind = HX_INTERRUPT;
        break;
    case LEFT_GATE:
        x->kind = HX_TC;
        x->code = (uint8_t)c->code;
        break;
    case LEFT_FAULT:
        x->kind = HX_EXCEPTION;
        x->vector = c->vector;
        x->error = c->error;
        x->cr2 = c->linear;
        x->cr2_outside = c->outside;
        x->other_window = c->other;
        break;
    }
}

void host_run_tc(struct vcpu *v, uint64_t entry, struct host_exit *x)
{
    memset(x, 0, sizeof *x);
    load(v, entry);
    process_enter();
    if (process_cpu.left == LEFT_NOT_ENTERED)
        process_cpu.pending = 0;
    save(v, x);
    describe(x);
}

void host_run_user(struct vcpu *v, const uint16_t sel[S_COUNT], struct host_exit *x)
{
    (void)v, (void)sel, (void)x;
    panic("user code was to run directly");
}

void host_descriptor_set(uint16_t selector, uint64_t descriptor)
{
    (void)selector, (void)descriptor;
}

void host_load_control(const struct vcpu *v)
{
    (void)v;
}

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
    __cpuid_count(leaf, subleaf, regs[0], regs[1], regs[2], regs[3]);
}
