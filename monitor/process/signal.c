/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Signals. One that stops translated code becomes an exit: the handler copies the guest's registers
 * to process_cpu.frame and returns to the monitor in their place; only a page that the guest's
 * tables show already is mapped and the guest goes on. One that comes while the monitor runs is
 * noted and seen before translated code is entered again.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "monitor/log.h"
#include "monitor/process/crossing.h"
#include "monitor/process/process.h"
#include "monitor/process/window.h"
#include "monitor/x86.h"

#define STACK_BYTES 65536u

static bool in_cache(uint64_t rip)
{
    return rip >= process_cpu.tc_start && rip < process_cpu.tc_end;
}

static void copy_frame(const greg_t *r)
{
    process_cpu.frame = (struct tc_frame){
        .rax = (uint64_t)r[REG_RAX],
        .rcx = (uint64_t)r[REG_RCX],
        .rdx = (uint64_t)r[REG_RDX],
        .rbx = (uint64_t)r[REG_RBX],
        .rbp = (uint64_t)r[REG_RBP],
        .rsi = (uint64_t)r[REG_RSI],
        .rdi = (uint64_t)r[REG_RDI],
        .r8 = (uint64_t)r[REG_R8],
        .r9 = (uint64_t)r[REG_R9],
        .r10 = (uint64_t)r[REG_R10],
        .r11 = (uint64_t)r[REG_R11],
        .r12 = (uint64_t)r[REG_R12],
        .r13 = (uint64_t)r[REG_R13],
        .r14 = (uint64_t)r[REG_R14],
        .r15 = (uint64_t)r[REG_R15],
        .rsp = (uint64_t)r[REG_RSP],
        .rip = (uint64_t)r[REG_RIP],
        .rflags = (uint64_t)r[REG_EFL],
    };
}

/* The interrupted thread goes on at WHERE, in the monitor. */
static void resume_at(greg_t *r, const uint8_t *where)
{
    r[REG_RIP] = (greg_t)(uintptr_t)where;
    r[REG_EFL] &= ~(greg_t)(FL_DF | FL_TF | FL_AC);
}

static void leave(greg_t *r, enum left how)
{
    copy_frame(r);
    if (crossing_at(process_cpu.frame.rip))
        crossing_stop(&process_cpu.frame);
    process_cpu.left = how;
    resume_at(r, process_left);
}

/* ---- Timer and input --------------------------------------------------------- */

static void on_event(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t rip = (uint64_t)r[REG_RIP];
    (void)info;
    if (sig == SIGALRM)
        process_timer_fired();
    if (in_cache(rip) || crossing_at(rip)) {
        leave(r, LEFT_SIGNAL);
        return;
    }
    process_cpu.pending = 1;
    if (rip >= (uint64_t)process_window && rip < (uint64_t)process_window_end)
        resume_at(r, process_not_entered);
}

/* ---- Faults ---------------------------------------------------------------------- */

static void fault(greg_t *r, unsigned vector)
{
    process_cpu.vector = (uint8_t)vector;
    leave(r, LEFT_FAULT);
}

/* A page fault of translated code. One on the way between user code and the kernel sends the
 * instruction the slow way. */
static void page_fault(greg_t *r, uint64_t address)
{
    bool write = (uint64_t)r[REG_ERR] & PF_W;
    uint32_t linear = 0;
    enum window_answer answer = window_fault(address, write, &linear);
    if (answer == WINDOW_MAPPED)
        return;
    if (crossing_at((uint64_t)r[REG_RIP])) {
        copy_frame(r);
        r[REG_RIP] = (greg_t)crossing_slow(&process_cpu.frame);
        return;
    }
    process_cpu.error = write ? PF_W : 0;
    process_cpu.linear = linear;
    process_cpu.outside = answer == WINDOW_OUTSIDE;
    process_cpu.other = answer == WINDOW_OTHER;
    fault(r, VEC_PF);
}

static _Noreturn void our_fault(const greg_t *r, const siginfo_t *info)
{
    panic("signal %d in the monitor at %lx, address %lx", info->si_signo, (uint64_t)r[REG_RIP],
          (uint64_t)(uintptr_t)info->si_addr);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    unsigned vector = (unsigned)r[REG_TRAPNO];
    if (process_cpu.fpu_running) {
        r[REG_RAX] = (greg_t)vector;
        resume_at(r, process_fpu_fault);
    } else if (vector == VEC_PF && sig == SIGBUS) {
        process_give_up("the system has no memory left for the guest: ask for less or free some");
    } else if (!in_cache((uint64_t)r[REG_RIP]) && !crossing_at((uint64_t)r[REG_RIP])) {
        our_fault(r, info);
    } else if (vector == VEC_PF) {
        page_fault(r, (uint64_t)(uintptr_t)info->si_addr);
    } else {
        process_cpu.error = 0;
        process_cpu.outside = process_cpu.other = false;
        fault(r, vector);
    }
}

const char *process_signal_init(void)
{
    static const int events[] = {SIGALRM, SIGIO},
                     faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    stack_t stack = {.ss_size = STACK_BYTES};
    struct sigaction on = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack.ss_sp =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) != 0)
        return "no memory for the stack of signal handlers";
    sigfillset(&on.sa_mask);
    for (unsigned n = 0; n < ARRAY_SIZE(faults); n++)
        sigdelset(&on.sa_mask, faults[n]);
    on.sa_sigaction = on_event;
    for (unsigned n = 0; n < ARRAY_SIZE(events); n++)
        sigaction(events[n], &on, NULL);
    on.sa_sigaction = on_fault;
    for (unsigned n = 0; n < ARRAY_SIZE(faults); n++)
        sigaction(faults[n], &on, NULL);
    return NULL;
}
