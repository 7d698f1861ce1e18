/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The real CPU as a function: registers in, one 32- or 16-bit instruction executed at CPL 3 in
 * compatibility mode, registers and the exception out. It is entered by returning from a
 * signal handler into a code segment that is not the process's own, and left by the signal that
 * the single-step trap or a fault raises. Segments and memory below 4 GiB are the caller's to
 * make. For one file of a test.
 *
 * What the kernel does to 16-bit code on the way: a selector from 1 to 3 in DS, ES, FS or GS comes
 * back as 0, since an IRET outwards clears it; the upper half of ESP survives a 16-bit stack, as
 * Linux's IRET to a stack segment of the LDT goes by way of a stack whose address has the same bits
 * 16 to 31 (espfix64).
 */
#ifndef RING1_REAL_CPU_H
#define RING1_REAL_CPU_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "monitor/x86.h"

struct real_state {
    uint32_t gpr[8]; /* in enum gpr's order */
    uint32_t eip, eflags;
    uint16_t sel[S_COUNT]; /* in: they can be loaded */
    uint8_t *fpu;          /* in and out: the first FPU_BYTES of an FXSAVE image, or NULL */
    int vector;            /* out: 1 after a single step, 3 after INT3, else the exception */
    uint32_t error, cr2;
};

/* What is behind in a signal frame is the kernel's; the word at XSTATE_BV says what is valid. */
enum { FPU_BYTES = 416, XSTATE_BV = 512, XSTATE_X87_SSE = 3 };
enum { REAL_CS = 0x23, REAL_DS = 0x2b, REAL_CS64 = 0x33, REAL_TF = 0x100 };

static struct {
    struct real_state *now;
    gregset_t back;
    uint8_t fpu_back[FPU_BYTES];
    bool running;
} real;

static const int real_greg[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX,
                                 REG_RSP, REG_RBP, REG_RSI, REG_RDI};

/* Linux's flat segments. */
static inline void real_flat(struct real_state *s)
{
    static const uint16_t flat[S_COUNT] = {REAL_DS, REAL_CS, REAL_DS, REAL_DS};
    memcpy(s->sel, flat, sizeof flat);
}

/* ---- The way in and out ----------------------------------------------------------- */

/*
 * A signal's frame has no data segments, so they are loaded last before the frame is, and saved
 * first. FS is the C library's in between, and a compiler may use it in any function.
 */
static uint16_t real_sel[S_COUNT] __attribute__((used));
static uint64_t real_fs_base __attribute__((used));
void real_enter_signal(int sig, siginfo_t *info, void *context);
void real_leave_signal(int sig, siginfo_t *info, void *context);

__asm__(".text\n"
        "real_enter_signal:\n\t"
        "sub $8, %rsp\n\t"
        "call real_enter\n\t"
        "add $8, %rsp\n\t"
        "mov real_sel(%rip), %es\n\t"
        "mov real_sel+6(%rip), %ds\n\t"
        "mov real_sel+8(%rip), %fs\n\t"
        "mov real_sel+10(%rip), %gs\n\t"
        "ret\n"
        "real_leave_signal:\n\t"
        "mov %es, real_sel(%rip)\n\t"
        "mov %ds, real_sel+6(%rip)\n\t"
        "mov %fs, real_sel+8(%rip)\n\t"
        "mov %gs, real_sel+10(%rip)\n\t"
        "push %rdi\n\t"
        "push %rsi\n\t"
        "push %rdx\n\t"
        "mov $158, %eax\n\t" /* arch_prctl(ARCH_SET_FS, ...) */
        "mov $0x1002, %edi\n\t"
        "mov real_fs_base(%rip), %rsi\n\t"
        "syscall\n\t"
        "pop %rdx\n\t"
        "pop %rsi\n\t"
        "pop %rdi\n\t"
        "jmp real_leave\n");

/* The kernel leaves AC as the 32-bit code had it, which handlers and libc are not made for; and
 * NT and ID, which would be found set by the next run. */
static inline void real_clear_flags(void)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tandl $~0x244000, (%%rsp)\n\t"
                     "popfq\n\tlea 128(%%rsp), %%rsp" ::
                         : "memory", "cc");
}

static inline void real_enter_fpu(uint8_t *frame)
{
    memcpy(real.fpu_back, frame, FPU_BYTES);
    if (!real.now->fpu)
        return;
    memcpy(frame, real.now->fpu, FPU_BYTES);
    frame[XSTATE_BV] |= XSTATE_X87_SSE;
}

static inline void real_leave_fpu(uint8_t *frame)
{
    if (real.now->fpu)
        memcpy(real.now->fpu, frame, FPU_BYTES);
    memcpy(frame, real.fpu_back, FPU_BYTES);
    frame[XSTATE_BV] |= XSTATE_X87_SSE;
}

static void __attribute__((used)) real_enter(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)sig;
    (void)info;
    memcpy(real.back, r, sizeof real.back);
    for (unsigned n = 0; n < 8; n++)
        r[real_greg[n]] = real.now->gpr[n];
    r[REG_RIP] = real.now->eip;
    r[REG_EFL] = (r[REG_EFL] & ~0x40dd5ll) | real.now->eflags;
    r[REG_CSGSFS] = real.now->sel[S_CS] | (greg_t)((uint64_t)real.now->sel[S_SS] << 48);
    memcpy(real_sel, real.now->sel, sizeof real_sel);
    real_enter_fpu((uint8_t *)((ucontext_t *)context)->uc_mcontext.fpregs);
    real.running = true;
}

static void __attribute__((used)) real_leave(int sig, siginfo_t *info, void *context)
{
    real_clear_flags();
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)info;
    if (!real.running || (r[REG_CSGSFS] & 0xffff) == REAL_CS64) {
        signal(sig, SIG_DFL); /* not ours */
        return;
    }
    real.running = false;
    for (unsigned n = 0; n < 8; n++)
        real.now->gpr[n] = (uint32_t)r[real_greg[n]];
    memcpy(real.now->sel, real_sel, sizeof real_sel);
    real.now->sel[S_CS] = (uint16_t)r[REG_CSGSFS];
    real.now->sel[S_SS] = (uint16_t)((uint64_t)r[REG_CSGSFS] >> 48);
    real.now->eip = (uint32_t)r[REG_RIP];
    real.now->eflags = (uint32_t)r[REG_EFL];
    real.now->vector = (int)r[REG_TRAPNO];
    real.now->error = (uint32_t)r[REG_ERR];
    real.now->cr2 = (uint32_t)r[REG_CR2];
    memcpy(r, real.back, sizeof real.back);
    real_leave_fpu((uint8_t *)((ucontext_t *)context)->uc_mcontext.fpregs);
}

/* Once, before the first run. */
static inline void real_prepare(void)
{
    static const int signals[] = {SIGTRAP, SIGFPE, SIGSEGV, SIGBUS, SIGILL};
    static uint8_t room[1u << 16];
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
    struct sigaction sa = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&stack, NULL);
    syscall(SYS_arch_prctl, 0x1003, &real_fs_base); /* ARCH_GET_FS */
    sa.sa_sigaction = real_enter_signal;
    sigaction(SIGUSR1, &sa, NULL);
    sa.sa_sigaction = real_leave_signal;
    for (size_t n = 0; n < sizeof signals / sizeof signals[0]; n++)
        sigaction(signals[n], &sa, NULL);
}

/* Runs from S->eip to the first trap or fault: with REAL_TF in S->eflags, one instruction. DS, ES
 * and GS do not matter to 64-bit code and stay as they are. */
static inline void real_run(struct real_state *s)
{
    real.now = s;
    raise(SIGUSR1);
}

#endif
