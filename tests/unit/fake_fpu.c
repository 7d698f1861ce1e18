/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * host_fpu_run for a test process: the instruction is copied behind a page of its own and
 * called with the guest's registers and FPU state loaded. A fault lands in a signal handler,
 * which notes the vector and moves RIP to the way out.
 */
#define _GNU_SOURCE
#include "tests/unit/fake_fpu.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "monitor/host.h"
#include "monitor/vcpu.h"

uint8_t fake_fpu_state[512] __attribute__((aligned(64)));

/* What the assembler below knows by its offsets. */
static struct frame {
    uint64_t gpr[8];                                /* 0 */
    uint64_t flags;                                 /* 64 */
    void *mem;                                      /* 72 */
    void *code;                                     /* 80 */
    uint64_t rsp;                                   /* 88 */
    uint8_t host[512] __attribute__((aligned(64))); /* 128 */
} frame;
_Static_assert(offsetof(struct frame, host) == 128, "fake_fpu_call knows it");

static volatile int vector;
static uint8_t *code_page;

/* Its state is memory. */
void host_fpu_exchange(void *image)
{
    uint8_t before[512];
    memcpy(before, fake_fpu_state, sizeof before);
    memcpy(fake_fpu_state, image, sizeof before);
    memcpy(image, before, sizeof before);
}

void fake_fpu_call(struct frame *f, uint8_t *guest_state);
extern const char fake_fpu_out[];

/*
 * RDI = frame, RSI = the guest's FXSAVE image. r14 = frame and r13 = image while the
 * instruction runs; the handler continues at fake_fpu_out with RSP as it was.
 */
__asm__(".text\n"
        "fake_fpu_call:\n"
        "  push %rbx\n  push %rbp\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n"
        "  mov %rdi, %r14\n  mov %rsi, %r13\n"
        "  mov %rsp, 88(%r14)\n"
        "  fxsave64 128(%r14)\n  fxrstor64 (%r13)\n"
        "  mov 72(%r14), %r15\n  mov 32(%r14), %r12\n"
        "  mov 8(%r14), %rcx\n  mov 16(%r14), %rdx\n  mov 24(%r14), %rbx\n"
        "  mov 40(%r14), %rbp\n  mov 48(%r14), %rsi\n  mov 56(%r14), %rdi\n"
        "  push 64(%r14)\n  popfq\n"
        "  mov 0(%r14), %rax\n"
        "  call *80(%r14)\n"
        "  pushfq\n  pop 64(%r14)\n"
        "  mov %rax, 0(%r14)\n  mov %rcx, 8(%r14)\n  mov %rdx, 16(%r14)\n"
        "  mov %rbx, 24(%r14)\n  mov %r12, 32(%r14)\n  mov %rbp, 40(%r14)\n"
        "  mov %rsi, 48(%r14)\n  mov %rdi, 56(%r14)\n"
        "fake_fpu_out:\n"
        "  mov 88(%r14), %rsp\n"
        "  fxsave64 (%r13)\n  fxrstor64 128(%r14)\n"
        "  cld\n"
        "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbp\n  pop %rbx\n"
        "  ret\n");

void fake_fpu_reset(void)
{
    static const uint8_t initial[32] = {[0] = 0x7f, [1] = 0x03, [24] = 0x80, [25] = 0x1f};
    memset(fake_fpu_state, 0, sizeof fake_fpu_state);
    memcpy(fake_fpu_state, initial, sizeof initial);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    greg_t *r = uc->uc_mcontext.gregs;
    (void)info;
    if ((uint64_t)r[REG_RIP] - (uint64_t)code_page >= 32) {
        signal(sig, SIG_DFL); /* not ours: the next attempt ends the test */
        return;
    }
    vector = (int)r[REG_TRAPNO];
    r[REG_RIP] = (greg_t)(uintptr_t)fake_fpu_out;
}

/* cmocka sets handlers of its own before each test: so the handlers are set at every call. */
static void set_handlers(void)
{
    static const int signals[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS};
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    for (size_t n = 0; n < sizeof signals / sizeof signals[0]; n++)
        sigaction(signals[n], &sa, NULL);
}

static void prepare(void)
{
    code_page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code_page == MAP_FAILED)
        abort();
    if (!fake_fpu_state[25]) /* no MXCSR: not reset yet */
        fake_fpu_reset();
}

int host_fpu_run(struct vcpu *v, const uint8_t *code, unsigned len, void *mem)
{
    if (!code_page)
        prepare();
    set_handlers();
    if (len > 15 || ((uintptr_t)mem & 63)) {
        fprintf(stderr, "fake FPU: caller's error: %u bytes, memory at %p\n", len, mem);
        abort();
    }
    memcpy(code_page, code, len);
    code_page[len] = 0xc3;
    for (unsigned n = 0; n < 8; n++)
        frame.gpr[n] = v->gpr[n];
    frame.flags = (v->eflags & FL_ARITH) | FL_ONE;
    frame.mem = mem;
    frame.code = code_page;
    vector = -1;
    fake_fpu_call(&frame, fake_fpu_state);
    if (vector >= 0)
        return vector;
    for (unsigned n = 0; n < 8; n++)
        v->gpr[n] = (uint32_t)frame.gpr[n];
    v->eflags = (v->eflags & ~(uint32_t)FL_ARITH) | ((uint32_t)frame.flags & FL_ARITH);
    return -1;
}
