/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The switch into translated code and out of it by two signals (bt_run.h): INT3 in tc_go traps,
 * its handler keeps the whole context and puts the guest's in its place; the next trap in
 * translated code does the opposite.
 */
#define _GNU_SOURCE
#include "tests/unit/bt_run.h"

#include <asm/prctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/unit/bt_world.h"
#include "tests/unit/fake_fpu.h"

#define TC_FLAGS     (FL_ARITH | FL_DF)
#define STACK_BYTES  65536u
#define FXSAVE_BYTES 512u

static struct tc_state *current; /* not NULL: the next INT3 is tc_go's, or its code runs */
static bool running, stepping;
static gregset_t saved;
static uint8_t saved_fpu[FXSAVE_BYTES];
static uint8_t signal_stack[STACK_BYTES] __attribute__((aligned(64)));

/* Host register numbers as ucontext calls them. */
static const int where[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                              REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                              REG_R12, REG_R13, REG_R14, REG_R15};

static void put_in(ucontext_t *uc)
{
    greg_t *r = uc->uc_mcontext.gregs;
    memcpy(saved, r, sizeof saved);
    memcpy(saved_fpu, uc->uc_mcontext.fpregs, FXSAVE_BYTES);
    memcpy(uc->uc_mcontext.fpregs, fake_fpu_state, 416); /* what is behind is the kernel's */
    for (unsigned n = 0; n < 16; n++)
        r[where[n]] = (greg_t)current->gpr[n];
    r[REG_RIP] = (greg_t)current->rip;
    r[REG_EFL] = (greg_t)(current->rflags | (stepping ? FL_TF : 0));
    running = true;
}

static void put_back(ucontext_t *uc)
{
    greg_t *r = uc->uc_mcontext.gregs;
    memcpy(fake_fpu_state, uc->uc_mcontext.fpregs, 416);
    for (unsigned n = 0; n < 16; n++)
        current->gpr[n] = (uint64_t)r[where[n]];
    current->rip = (uint64_t)r[REG_RIP];
    current->rflags = (uint64_t)r[REG_EFL] & ~(uint64_t)FL_TF;
    current->trap = (unsigned)r[REG_TRAPNO];
    current->error = (uint64_t)r[REG_ERR];
    current->cr2 = (uint64_t)r[REG_CR2];
    memcpy(r, saved, sizeof saved);
    memcpy(uc->uc_mcontext.fpregs, saved_fpu, 416);
    running = false;
    current = NULL;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    (void)info;
    if (current && !running)
        put_in(uc);
    else if (running)
        put_back(uc);
    else
        signal(sig, SIG_DFL); /* not ours: the next attempt ends the test */
}

/* cmocka and fake_fpu.c set handlers of their own from time to time. */
static void claim_signals(void)
{
    static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    stack_t st = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    struct sigaction sa = {.sa_sigaction = on_signal,
                           .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    struct sigaction trap, fault;
    sigaction(SIGTRAP, NULL, &trap);
    sigaction(SIGSEGV, NULL, &fault);
    if (trap.sa_sigaction == on_signal && fault.sa_sigaction == on_signal)
        return;
    sigaltstack(&st, NULL);
    for (unsigned n = 0; n < ARRAY_SIZE(signals); n++)
        sigaction(signals[n], &sa, NULL);
}

/* The C library does not use GS. */
static void load_windows(struct tc_state *s, struct vcpu *v)
{
    v->windows.kernel = BT_KERNEL_WINDOW;
    v->windows.user = BT_USER_WINDOW;
    s->gpr[12] = BT_USER_WINDOW;
    syscall(SYS_arch_prctl, ARCH_SET_GS, v->cpl == 3 ? BT_USER_WINDOW : BT_KERNEL_WINDOW);
}

void tc_load(struct tc_state *s, struct vcpu *v, uint64_t entry)
{
    memset(s, 0, sizeof *s);
    for (unsigned n = 0; n < 8; n++)
        s->gpr[n] = v->gpr[n];
    s->gpr[4] = v->tc_rsp;
    for (unsigned n = 8; n < 14; n++)
        s->gpr[n] = 0xdead0000dead0000u + n; /* scratch holds nothing */
    s->gpr[12] = 0;
    if (v->vm->user_code)
        load_windows(s, v);
    s->base = s->gpr[12];
    s->gpr[14] = v->gpr[R_ESP];
    s->gpr[15] = (uint64_t)(uintptr_t)v;
    s->rip = entry;
    s->rflags = (v->eflags & TC_FLAGS) | FL_ONE | FL_IF;
    v->eflags &= ~(uint32_t)(TC_FLAGS | FL_RF);
}

void tc_go(struct tc_state *s, bool step)
{
    bool pushes_flags = step && *(const uint8_t *)(uintptr_t)s->rip == 0x9c;
    claim_signals();
    stepping = step;
    current = s;
    __asm__ volatile("int3" ::: "memory", "cc");
    if (pushes_flags) /* that the code is being stepped is not its business */
        *(uint64_t *)(uintptr_t)s->gpr[4] &= ~(uint64_t)FL_TF;
}

/* String operations have host addresses in RSI and RDI. */
static bool in_window(const struct tc_state *s, unsigned n)
{
    uint64_t base = s->gpr[n] & ~0xffffffffull;
    return s->base && (n == R_ESI || n == R_EDI) &&
           (base == BT_KERNEL_WINDOW || base == BT_USER_WINDOW);
}

static void check_registers(const struct tc_state *s)
{
    for (unsigned n = 0; n < 15; n++) {
        /* RCX serves for 64-bit comparisons while the guest's ECX waits elsewhere. */
        bool guest = n < 8 ? n != 4 && n != R_ECX : n == 14;
        if (guest && s->gpr[n] >> 32 && !in_window(s, n)) {
            fprintf(stderr, "host register %u is %lx at %lx\n", n, s->gpr[n], s->rip);
            abort();
        }
    }
    if (s->gpr[12] != s->base) {
        fprintf(stderr, "r12 changed at %lx\n", s->rip);
        abort();
    }
}

/* INT n or CALL [r15 + disp8], near or far: all fault here. Returns the length, 0 if it is neither.
 */
static unsigned gate_at(const struct tc_state *s, unsigned *code)
{
    static const uint8_t far[] = {0x41, 0xff, 0x5f}, near[] = {0x41, 0xff, 0x57};
    const uint8_t *b = (const uint8_t *)(uintptr_t)s->rip;
    if (s->trap != VEC_GP)
        return 0;
    bool is_int = b[0] == 0xcd;
    if (!is_int && memcmp(b, far, sizeof far) && memcmp(b, near, sizeof near))
        return 0;
    size_t field = b[3] - offsetof(struct vcpu, gate);
    *code = is_int ? (unsigned)b[1] - TC_GATE_VECTOR : (unsigned)(field / sizeof(union tc_gate));
    return *code >= TC_CODES ? 0 : is_int ? 2 : 4;
}

static bool outside(const struct tc_state *s)
{
    uint64_t base = s->cr2 & ~0xffffffffull;
    return s->base ? base != BT_KERNEL_WINDOW && base != BT_USER_WINDOW : base != 0;
}

static void fill_exit(const struct tc_state *s, struct host_exit *x)
{
    unsigned code, gate = gate_at(s, &code);
    memset(x, 0, sizeof *x);
    x->rip = s->rip;
    if (gate) {
        x->kind = HX_TC;
        x->code = (uint8_t)code;
        x->rip += gate;
    } else if (s->trap == VEC_DB) {
        x->kind = HX_INTERRUPT;
    } else {
        x->kind = HX_EXCEPTION;
        x->vector = (uint8_t)s->trap;
        x->error = (uint32_t)s->error;
        x->cr2 = (uint32_t)s->cr2;
        x->cr2_outside = s->trap == VEC_PF && outside(s);
    }
}

void tc_store(const struct tc_state *s, struct vcpu *v, struct host_exit *x)
{
    check_registers(s);
    fill_exit(s, x);
    for (unsigned n = 0; n < 8; n++)
        v->gpr[n] = (uint32_t)s->gpr[n == 4 ? 14 : n];
    v->eflags |= (uint32_t)s->rflags & TC_FLAGS;
    for (unsigned n = 0; n < 4; n++)
        x->scratch[n] = s->gpr[8 + n];
    x->scratch[SCR_R13] = s->gpr[13];
    x->scratch[SCR_RSP] = s->gpr[4];
    x->rflags = s->rflags;
}

void host_run_tc(struct vcpu *v, uint64_t entry, struct host_exit *x)
{
    struct tc_state s;
    tc_load(&s, v, entry);
    tc_go(&s, false);
    tc_store(&s, v, x);
}
