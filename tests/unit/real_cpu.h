/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The real CPU as a function: registers in, one 32-bit instruction executed at CPL 3 in
 * compatibility mode, registers and the exception out. It is entered by returning from a
 * signal handler into a 32-bit code segment, and left by the signal that the single-step
 * trap or a fault raises. Memory below 4 GiB is the caller's to map. For one file of a test.
 */
#ifndef RING1_REAL_CPU_H
#define RING1_REAL_CPU_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

struct real_state {
    uint32_t gpr[8]; /* in enum gpr's order */
    uint32_t eip, eflags;
    uint8_t *fpu; /* in and out: the first FPU_BYTES of an FXSAVE image, or NULL */
    int vector;   /* out: 1 after a single step, 3 after INT3, else the exception */
    uint32_t error, cr2;
};

/* What is behind in a signal frame is the kernel's; the word at XSTATE_BV says what is valid. */
enum { FPU_BYTES = 416, XSTATE_BV = 512, XSTATE_X87_SSE = 3 };
enum { REAL_CS = 0x23, REAL_DS = 0x2b, REAL_TF = 0x100 };

static struct {
    struct real_state *now;
    gregset_t back;
    uint8_t fpu_back[FPU_BYTES];
    bool running;
} real;

static const int real_greg[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX,
                                 REG_RSP, REG_RBP, REG_RSI, REG_RDI};

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

static void real_enter(int sig, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)sig;
    (void)info;
    memcpy(real.back, r, sizeof real.back);
    for (unsigned n = 0; n < 8; n++)
        r[real_greg[n]] = real.now->gpr[n];
    r[REG_RIP] = real.now->eip;
    r[REG_EFL] = (r[REG_EFL] & ~0x40dd5ll) | real.now->eflags;
    r[REG_CSGSFS] = (r[REG_CSGSFS] & ~0xffffll) | REAL_CS;
    real_enter_fpu((uint8_t *)((ucontext_t *)context)->uc_mcontext.fpregs);
    real.running = true;
}

static void real_leave(int sig, siginfo_t *info, void *context)
{
    real_clear_flags();
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)info;
    if (!real.running || (r[REG_CSGSFS] & 0xffff) != REAL_CS) {
        signal(sig, SIG_DFL); /* not ours */
        return;
    }
    real.running = false;
    for (unsigned n = 0; n < 8; n++)
        real.now->gpr[n] = (uint32_t)r[real_greg[n]];
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
    sa.sa_sigaction = real_enter;
    sigaction(SIGUSR1, &sa, NULL);
    sa.sa_sigaction = real_leave;
    for (size_t n = 0; n < sizeof signals / sizeof signals[0]; n++)
        sigaction(signals[n], &sa, NULL);
}

/* Runs from S->eip to the first trap or fault: with REAL_TF in S->eflags, one instruction. DS and
 * ES do not matter to 64-bit code and stay loaded. */
static inline void real_run(struct real_state *s)
{
    real.now = s;
    __asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" ::"r"(REAL_DS));
    raise(SIGUSR1);
}

#endif
