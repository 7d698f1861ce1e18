/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Code in processes that share it until one writes, and code in which signals come.
 */
#include "tests/jit/jit.h"

#define TURNS 300u

enum { SIGILL = 4, SIGALRM = 14, ITIMER_REAL = 0 };

static _Noreturn void tell(uint32_t bad)
{
    leave(bad > 100 ? 100 : (long)bad);
}

/* What a child has found wrong. */
static uint32_t reap(long child)
{
    int status = 0;
    must(call3(SYS_WAITPID, child, (long)&status, 0), "waitpid");
    return (uint32_t)status;
}

/* ---- Two processes --------------------------------------------------------------------------- */

static int there[2], back[2];

static void pass(int fd)
{
    char c = 'x';
    must(call3(SYS_WRITE, fd, (long)&c, 1), "write to a pipe");
}

static void await(int fd)
{
    char c;
    must(call3(SYS_READ, fd, (long)&c, 1) == 1 ? 0 : -1, "read from a pipe");
}

/* WRITES what it runs each turn, or runs what it had from the beginning. */
static uint32_t one_side(uint8_t *code, bool writes, uint32_t mine, int in, int out)
{
    uint32_t bad = 0;
    for (uint32_t i = 0; i < TURNS; i++) {
        if (writes)
            emit32(code + 1, mine = mine + 2);
        bad += wrong(code, 0, mine);
        pass(out);
        await(in);
        bad += wrong(code, 0, mine);
    }
    return bad;
}

static uint32_t two_processes(bool parent_writes, bool child_writes)
{
    uint8_t *code = map_code(1);
    uint32_t bad;
    must(call3(SYS_PIPE, (long)there, 0, 0), "pipe");
    must(call3(SYS_PIPE, (long)back, 0, 0), "pipe");
    emit_return(emit_load(code, 1000));
    bad = wrong(code, 0, 1000);
    long child = must(call0(SYS_FORK), "fork");
    if (!child)
        tell(one_side(code, child_writes, child_writes ? 1 : 1000, there[0], back[1]));
    bad += one_side(code, parent_writes, parent_writes ? 0 : 1000, back[0], there[1]);
    bad += reap(child);
    for (int k = 0; k < 2; k++) {
        call3(SYS_CLOSE, there[k], 0, 0);
        call3(SYS_CLOSE, back[k], 0, 0);
    }
    unmap(code, 1);
    return bad;
}

static uint32_t both_write(void)
{
    return two_processes(true, true);
}

static uint32_t parent_writes(void)
{
    return two_processes(true, false);
}

static uint32_t child_writes(void)
{
    return two_processes(false, true);
}

/* Processes that inherit code, change it and end, one after the other. */
static uint32_t inherited(void)
{
    uint8_t *code = map_code(1);
    uint32_t bad = 0;
    for (uint32_t i = 0; i < TURNS / 3; i++) {
        emit_return(emit_load(code, i));
        long child = must(call0(SYS_FORK), "fork");
        if (!child) {
            uint32_t found = wrong(code, 0, i);
            emit32(code + 1, ~i);
            tell(found + wrong(code, 0, ~i));
        }
        bad += wrong(code, 0, i) + reap(child) + wrong(code, 0, i);
    }
    unmap(code, 1);
    return bad;
}

/* ---- Signals --------------------------------------------------------------------------------- */

static void on_signal(long signal, const void *handler)
{
    static struct {
        const void *handler;
        uint32_t mask, flags;
        void *restorer;
    } action;
    action.handler = handler;
    must(call3(SYS_SIGACTION, signal, (long)&action, 0), "sigaction");
}

/* The handler itself is written: ADD DWORD [counter], immediate. */
static uint32_t written_handler(void)
{
    static volatile uint32_t counter;
    uint8_t *code = map_code(1);
    long self = call0(SYS_GETPID);
    uint32_t bad = 0;
    emit_return(emit32(emit32(emit8(emit8(code, 0x81), 0x05), (uint32_t)&counter), 0));
    on_signal(SIGUSR1, code);
    for (uint32_t i = 0; i < TURNS; i++) {
        uint32_t before = counter;
        emit32(code + 6, i);
        call3(SYS_KILL, self, SIGUSR1, 0);
        bad += counter - before != i;
    }
    unmap(code, 1);
    return bad;
}

static uint8_t *volatile patched; /* NULL while there is nothing to patch */

static void make_nops(int signal)
{
    (void)signal;
    if (patched)
        emit8(emit8(patched, 0x90), 0x90);
}

/* Code that stops at an undefined instruction, or in a loop without end, until a handler has put
 * NOPs in its place. */
static uint32_t patched_by_handler(uint32_t turns, uint32_t first, uint32_t second)
{
    uint8_t *code = map_code(1);
    uint32_t bad = 0;
    for (uint32_t i = 0; i < turns; i++) {
        uint8_t *p = emit32(emit8(code + i % 64, 0x05), i);                  /* ADD EAX, i */
        emit_return(emit32(emit8(emit8(emit8(p, first), second), 0x35), i)); /* XOR EAX, i */
        patched = p;
        bad += wrong(code + i % 64, 77, (77 + i) ^ i);
        patched = 0;
    }
    unmap(code, 1);
    return bad;
}

static uint32_t undefined(void)
{
    on_signal(SIGILL, (const void *)make_nops);
    return patched_by_handler(TURNS, 0x0f, 0x0b); /* UD2 */
}

static void set_alarms(long us)
{
    const int32_t every[4] = {0, us, 0, us};
    must(call3(SYS_SETITIMER, ITIMER_REAL, (long)every, 0), "setitimer");
}

static uint32_t endless(void)
{
    on_signal(SIGALRM, (const void *)make_nops);
    set_alarms(4000);
    uint32_t bad = patched_by_handler(TURNS / 6, 0xeb, 0xfe); /* JMP to itself */
    set_alarms(0);
    return bad;
}

static void count_alarm(int signal)
{
    (void)signal;
}

/* Random functions are written and called while signals come. */
static uint32_t under_alarms(void)
{
    uint8_t *code = map_code(1);
    uint32_t bad = 0, result;
    on_signal(SIGALRM, (const void *)count_alarm);
    set_alarms(1000);
    for (uint32_t i = 0; i < 20 * TURNS; i++) {
        emit_random(code + i % 512, 100, i, &result);
        bad += wrong(code + i % 512, i, result);
    }
    set_alarms(0);
    unmap(code, 1);
    return bad;
}

const struct trial process_trials[] = {
    {"two processes write one address's code", both_write},
    {"a parent writes, its child keeps", parent_writes},
    {"a child writes, its parent keeps", child_writes},
    {"children inherit code and change it", inherited},
    {"a written signal handler", written_handler},
    {"a handler takes an undefined instruction away", undefined},
    {"a handler ends an endless loop", endless},
    {"functions written while signals come", under_alarms},
    {0},
};
