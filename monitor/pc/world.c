/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * host_run_user and host_run_tc: a frame is built from the vcpu, entered, and the frame of
 * the exit is taken apart into the vcpu and a struct host_exit.
 */
#include "monitor/exit.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"
#include "monitor/vcpu.h"

struct host_cpu pc_cpu;

/* Flags that user code changes in the hardware by itself. */
#define USER_FLAGS (FL_ARITH | FL_DF | FL_NT | FL_AC | FL_ID | FL_TF)
#define TC_FLAGS   (FL_ARITH | FL_DF)

static const uint8_t data_sregs[4] = {S_DS, S_ES, S_FS, S_GS};

static void load_gprs(struct trap_frame *f, const struct vcpu *v)
{
    f->rax = v->gpr[R_EAX];
    f->rcx = v->gpr[R_ECX];
    f->rdx = v->gpr[R_EDX];
    f->rbx = v->gpr[R_EBX];
    f->rbp = v->gpr[R_EBP];
    f->rsi = v->gpr[R_ESI];
    f->rdi = v->gpr[R_EDI];
    f->r8 = f->r9 = f->r10 = f->r11 = f->r13 = 0;
}

static void save_gprs(struct vcpu *v, const struct trap_frame *f)
{
    v->gpr[R_EAX] = (uint32_t)f->rax;
    v->gpr[R_ECX] = (uint32_t)f->rcx;
    v->gpr[R_EDX] = (uint32_t)f->rdx;
    v->gpr[R_EBX] = (uint32_t)f->rbx;
    v->gpr[R_EBP] = (uint32_t)f->rbp;
    v->gpr[R_ESI] = (uint32_t)f->rsi;
    v->gpr[R_EDI] = (uint32_t)f->rdi;
}

static void classify(const struct trap_frame *f, struct host_exit *x)
{
    x->vector = (uint8_t)f->vector;
    x->kind = HX_EXCEPTION;
    if (f->vector == VEC_PF)
        return; /* fault_goes_on has done it */
    x->error = (uint32_t)f->error;
    if (f->vector >= VEC_IRQ_BASE && f->vector < VEC_IRQ_BASE + 16) {
        pc_irq((unsigned)f->vector - VEC_IRQ_BASE);
        x->kind = HX_INTERRUPT;
    } else if (f->vector == VEC_NMI) {
        x->kind = HX_INTERRUPT;
    } else if (f->vector >= VEC_TC_BASE && f->vector < VEC_TC_BASE + 8) {
        x->kind = HX_TC;
        x->code = (uint8_t)(f->vector - VEC_TC_BASE);
    } else if (f->vector >= 32 || f->vector == VEC_BP || f->vector == VEC_OF) {
        x->kind = HX_SOFT_INT;
    } else if (f->vector == VEC_MC) {
        panic("machine check of the host CPU");
    }
}

/* ---- Out of the guest ---------------------------------------------------------- */

static bool is_interrupt(const struct trap_frame *f)
{
    return f->vector == VEC_NMI || (f->vector >= VEC_IRQ_BASE && f->vector < VEC_IRQ_BASE + 16);
}

/* A way from user code into the kernel in gate.asm. */
struct way {
    const uint8_t *start, *parked, *restored, *committed, *end;
};
#define WAY(name)                                                                                  \
    {                                                                                              \
        name, name##_parked, name##_restored, name##_committed, name##_end                         \
    }
static const struct way syscall_way = WAY(gate_syscall), fault_way = WAY(gate_fault);

static bool is_on(const struct way *w, const struct trap_frame *f)
{
    return f->rip >= (uint64_t)w->start && f->rip <= (uint64_t)w->end;
}

/* What the hardware has pushed for ring 1. */
static uint64_t *ring1_frame(void)
{
    return (uint64_t *)(pc_cpu.ring1_stack + sizeof pc_cpu.ring1_stack) - 5;
}

/* Before the commit: user code stands where it was. */
static void back_to_user(const struct way *w, struct trap_frame *f)
{
    const uint64_t *hw = ring1_frame();
    if (f->rip >= (uint64_t)w->parked && f->rip != (uint64_t)w->restored)
        f->rax = f->r13;
    f->rip = hw[0];
    f->cs = hw[1];
    f->rflags = hw[2];
    f->rsp = hw[3];
    f->ss = hw[4];
}

/* It stands at its INT 80h again, or has just run it. */
static void back_to_call(struct trap_frame *f)
{
    back_to_user(&syscall_way, f);
    if (is_interrupt(f))
        f->rip -= 2;
    else if (f->vector != VEC_MC)
        f->vector = VEC_SYSCALL;
}

/* It will fault once more, or has just done it. */
static void back_to_fault(const struct vcpu *v, struct trap_frame *f, struct host_exit *x)
{
    back_to_user(&fault_way, f);
    if (is_interrupt(f) || f->vector == VEC_MC)
        return;
    f->vector = VEC_PF;
    x->error = pc_cpu.fault_error;
    x->cr2 = v->cr2;
    x->asked = 0;
    x->cr2_outside = false;
}

/* A stop in gate.asm is one before or behind it. */
static void out_of_gates(const struct vcpu *v, struct trap_frame *f, struct host_exit *x)
{
    if (f->rip == (uint64_t)syscall_way.committed || f->rip == (uint64_t)fault_way.committed)
        f->rip = v->direct.lookup;
    else if (is_on(&syscall_way, f))
        back_to_call(f);
    else if (is_on(&fault_way, f))
        back_to_fault(v, f, x);
    else if (f->rip >= (uint64_t)gate_return && f->rip < (uint64_t)gate_return_end)
        f->rip = v->direct.slow;
}

/*
 * The guest's flags among WANTED in F. Behind a CMPXCHG8B of user code, QEMU's emulator (7.2) may
 * push any 32 bits; where those that are always 0 tell, only the arithmetic ones are taken, which
 * are wrong on that machine whatever runs on it.
 */
static uint32_t flags_of(const struct trap_frame *f, uint32_t wanted)
{
    const uint64_t always_0 = ~0x3f7fd7ull;
    return (uint32_t)f->rflags & (f->rflags & always_0 ? FL_ARITH : wanted);
}

static void leave_user(struct vcpu *v, const struct trap_frame *f, struct host_exit *x)
{
    uint16_t s[4];
    __asm__ volatile("mov %%ds, %0\n\tmov %%es, %1\n\tmov %%fs, %2\n\tmov %%gs, %3"
                     : "=m"(s[0]), "=m"(s[1]), "=m"(s[2]), "=m"(s[3]));
    v->gpr[R_ESP] = (uint32_t)f->rsp;
    v->eip = (uint32_t)f->rip;
    v->eflags |= flags_of(f, USER_FLAGS);
    x->sel[S_CS] = (uint16_t)f->cs;
    x->sel[S_SS] = (uint16_t)f->ss;
    for (unsigned i = 0; i < 4; i++)
        x->sel[data_sregs[i]] = s[i];
}

static void leave_tc(struct vcpu *v, const struct trap_frame *f, struct host_exit *x)
{
    v->gpr[R_ESP] = (uint32_t)f->r14;
    v->eflags |= flags_of(f, TC_FLAGS);
    x->rip = f->rip;
    x->scratch[SCR_R8] = f->r8;
    x->scratch[SCR_R9] = f->r9;
    x->scratch[SCR_R10] = f->r10;
    x->scratch[SCR_R11] = f->r11;
    x->scratch[SCR_R13] = f->r13;
    x->scratch[SCR_RSP] = f->rsp;
}

/* The hardware's frame of a page fault, handed on to gate_fault. */
static void enter_fault_way(struct trap_frame *f, uint32_t error)
{
    uint64_t *hw = ring1_frame();
    hw[0] = f->rip;
    hw[1] = f->cs;
    hw[2] = f->rflags;
    hw[3] = f->rsp;
    hw[4] = f->ss;
    pc_cpu.fault_error = error;
    f->rip = (uint64_t)gate_fault;
    f->cs = SEL_TC_CODE;
    f->rsp = (uint64_t)hw;
    f->ss = SEL_TC_STACK;
}

/* A call of the guest's kernel. */
static bool call_goes_on(struct vcpu *v, struct trap_frame *f)
{
    save_gprs(v, f);
    v->tc_rsp = f->rsp;
    if (!exit_quick_call(v))
        return false;
    f->rax = v->gpr[R_EAX];
    f->rsp = v->tc_rsp;
    return true;
}

/* A page fault. */
static bool fault_goes_on(struct vcpu *v, struct trap_frame *f, struct host_exit *x)
{
    uint64_t cr2 = read_cr2();
    x->cr2 = (uint32_t)cr2;
    x->cr2_outside = cr2 >> 32 != 0;
    x->error = (uint32_t)f->error;
    x->user = f->cs != SEL_TC_CODE;
    enum exit_quick way = exit_quick_fault(v, x);
    if (way == QUICK_REFLECT)
        enter_fault_way(f, x->error);
    else if (way == QUICK_AGAIN && x->user)
        f->rflags = flags_of(f, USER_FLAGS) | FL_ONE | FL_IF;
    return way != QUICK_NO;
}

/* Is that all, and does the guest go on, at what F is then? Translated code always has IF set,
 * which the stub of a call gate clears before it pushes the flags. */
static bool goes_on(struct vcpu *v, struct trap_frame *f, struct host_exit *x)
{
    bool on = f->vector == VEC_PF ? fault_goes_on(v, f, x)
                                  : f->vector == VEC_TC_BASE + TC_EXIT_CALL && call_goes_on(v, f);
    if (on && f->cs == SEL_TC_CODE)
        f->rflags = flags_of(f, TC_FLAGS) | FL_ONE | FL_IF;
    return on;
}

/* Runs F until the next exit that is not done with at once, and takes it apart. */
static void run(struct vcpu *v, struct trap_frame *f, struct host_exit *x)
{
    pc_cpu.vcpu = v;
    do {
        memset(x, 0, sizeof *x);
        pc_enter(f);
        f = pc_cpu.frame;
    } while (goes_on(v, f, x));
    if (f->cs == SEL_TC_CODE)
        out_of_gates(v, f, x);
    save_gprs(v, f);
    x->rflags = f->rflags;
    x->user = f->cs != SEL_TC_CODE; /* also where QEMU lets EFLAGS.VM be set */
    (x->user ? leave_user : leave_tc)(v, f, x);
    classify(f, x);
}

/* ---- Into it ------------------------------------------------------------------------ */

void host_run_user(struct vcpu *v, const uint16_t sel[S_COUNT], struct host_exit *x)
{
    struct trap_frame f;
    load_gprs(&f, v);
    f.r12 = f.r14 = f.r15 = 0;
    f.rip = v->eip;
    f.cs = sel[S_CS];
    f.rflags = (v->eflags & USER_FLAGS) | FL_ONE | FL_IF;
    v->eflags &= ~(uint32_t)USER_FLAGS;
    f.rsp = v->gpr[R_ESP];
    f.ss = sel[S_SS];
    for (unsigned i = 0; i < 4; i++)
        pc_cpu.selectors[i] = sel[data_sregs[i]];
    pc_load_selectors(pc_cpu.selectors);
    run(v, &f, x);
}

void host_run_tc(struct vcpu *v, uint64_t entry, struct host_exit *x)
{
    struct trap_frame f;
    load_gprs(&f, v);
    f.r12 = 0;
    f.r14 = v->gpr[R_ESP];
    f.r15 = (uint64_t)v;
    f.rip = entry;
    f.cs = SEL_TC_CODE;
    f.rflags = (v->eflags & TC_FLAGS) | FL_ONE | FL_IF;
    v->eflags &= ~(uint32_t)(TC_FLAGS | FL_RF); /* PUSHF adds the image to the live flags */
    f.rsp = v->tc_rsp;
    f.ss = SEL_TC_STACK;
    run(v, &f, x);
}

/* CR0 and CR4 bits that are in hardware what the guest set. NE stays 1: the monitor sees
 * #MF as an exception in any case. */
void host_load_control(const struct vcpu *v)
{
    const uint64_t cr0_bits = CR0_MP | CR0_EM | CR0_TS | CR0_AM;
    const uint64_t cr4_bits = CR4_TSD | CR4_OSFXSR | CR4_OSXMMEXCPT;
    uint64_t cr0 = (read_cr0() & ~cr0_bits) | (v->cr0 & cr0_bits);
    uint64_t cr4 = (read_cr4() & ~cr4_bits) | (v->cr4 & cr4_bits);
    if (cr0 != read_cr0())
        write_cr0(cr0);
    if (cr4 != read_cr4())
        write_cr4(cr4);
}

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
                     : "a"(leaf), "c"(subleaf));
}
