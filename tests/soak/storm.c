/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Storms: page faults, forks, signals and new code, as many as there can be, each with a result
 * that is known beforehand.
 */
#include "tests/soak/soak.h"

#define PAGE  4096u
#define WORDS (PAGE / 4)
#define AREA  32u /* pages */

enum { SIGSEGV = 11, PROT_NONE = 0, PROT_READ = 1, PROT_READ_WRITE = 3, PROT_READ_EXEC = 5 };

static uint32_t random_of(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void protect(void *at, uint32_t pages, long how)
{
    must(call3(SYS_MPROTECT, (long)at, pages * PAGE, how), "mprotect");
}

/* ---- Page faults ------------------------------------------------------------------------------
 */

static uint32_t *area;
static volatile uint32_t faults;

/* What Linux puts on the handler's stack behind SIGNAL: struct sigcontext, its last word is CR2. */
struct context {
    uint32_t others[21], cr2;
};

/* The page may be used from now on, and it is one of the area's. */
static void on_fault(int signal, struct context c)
{
    (void)signal;
    uint32_t page = (c.cr2 - (uint32_t)area) / PAGE;
    expect(page < AREA, "a fault's address");
    protect(area + page * WORDS, 1, PROT_READ_WRITE);
    faults++;
}

void prepare_faults(void)
{
    handle(SIGSEGV, (void (*)(int))(void (*)(void))on_fault);
}

/* Touches page P, by a write if WRITE, and finds what is to be there. */
static void touch(uint32_t p, uint32_t seed, bool write)
{
    volatile uint32_t *at = area + p * WORDS + p * 7 % WORDS;
    if (write)
        *at = p ^ seed;
    expect(*at == (p ^ seed), "a page behind a fault");
}

/* Fresh pages; then, again and again, rights are taken from one and it is touched: it is to fault
 * just where it must. In the end the middle is given back, and new there. */
void storm_of_faults(uint32_t n)
{
    uint32_t seed = n, *middle;
    area = map_pages(AREA);
    for (uint32_t p = 0; p < AREA; p++)
        touch(p, n, true);
    for (uint32_t i = 0; i < 4 * AREA; i++) {
        uint32_t p = random_of(&seed) % AREA, before = faults;
        bool write = random_of(&seed) % 2, none = random_of(&seed) % 2;
        protect(area + p * WORDS, 1, none ? PROT_NONE : PROT_READ);
        touch(p, n, write);
        expect(faults - before == (write || none), "the number of faults");
    }
    protect(area, AREA, PROT_READ_WRITE);
    for (uint32_t p = 0; p < AREA; p++)
        touch(p, n, false);
    middle = area + AREA / 4 * WORDS;
    must(call3(SYS_MUNMAP, (long)middle, AREA / 2 * PAGE, 0), "munmap");
    long args[6] = {(long)middle, AREA / 2 * PAGE, PROT_READ_WRITE, 0x32, -1, 0}; /* fixed */
    expect(call3(SYS_MMAP, (long)args, 0, 0) == (long)middle, "mmap in a hole");
    for (uint32_t i = 0; i < AREA / 2 * WORDS; i += 61)
        expect(middle[i] == 0, "a page that was given back and is new");
    must(call3(SYS_MUNMAP, (long)area, AREA * PAGE, 0), "munmap");
}

/* ---- Forks ------------------------------------------------------------------------------------
 */

static uint32_t mark[2 * WORDS]; /* two pages that every process writes */

/* As many processes as have LEVELS below them, two each; their number is the status. */
static uint32_t family(uint32_t levels, uint32_t n)
{
    long child[2];
    uint32_t count = 1;
    mark[levels] = mark[WORDS + levels] = n;
    for (uint32_t k = 0; levels && k < 2; k++) {
        child[k] = must(call0(SYS_FORK), "fork");
        if (!child[k])
            leave(family(levels - 1, n + k));
    }
    for (uint32_t k = 0; levels && k < 2; k++) {
        reap(child[k], (2 << (levels - 1)) - 1);
        count += (2u << (levels - 1)) - 1;
    }
    expect(mark[levels] == n && mark[WORDS + levels] == n, "a page that a relative wrote");
    return count;
}

void storm_of_forks(uint32_t n)
{
    expect(family(4, n) == 31, "the number of processes");
}

/* ---- Signals ----------------------------------------------------------------------------------
 */

static volatile uint32_t signals;

static void on_signal(int signal)
{
    (void)signal;
    signals++;
}

void prepare_signals(void)
{
    handle(SIGUSR1, on_signal);
}

/* To itself: each has come when the call is back. */
void storm_of_signals(uint32_t n)
{
    long self = call0(SYS_GETPID);
    (void)n;
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t before = signals;
        must(call3(SYS_KILL, self, SIGUSR1, 0), "kill");
        expect(signals == before + 1, "the number of signals");
    }
}

/* ---- New code ---------------------------------------------------------------------------------
 */

/* Writes a function at AT, EAX = OPERATIONS of EAX with constants, and returns what it makes of X.
 */
static uint32_t compile(uint8_t *at, uint32_t *seed, uint32_t operations, uint32_t x)
{
    static const uint8_t opcodes[] = {0x05, 0x2d, 0x35}; /* ADD, SUB, XOR EAX, imm32 */
    *at++ = 0x8b, *at++ = 0x44, *at++ = 0x24, *at++ = 4; /* MOV EAX, [ESP + 4] */
    for (uint32_t i = 0; i < operations; i++) {
        uint32_t what = random_of(seed) % 3, k = random_of(seed) * 257;
        *at++ = opcodes[what];
        for (unsigned b = 0; b < 4; b++)
            *at++ = (uint8_t)(k >> 8 * b);
        x = what == 0 ? x + k : what == 1 ? x - k : x ^ k;
    }
    *at = 0xc3; /* RET */
    return x;
}

/* Code where there was other code: written and protected as a just-in-time compiler does. */
void storm_of_code(uint32_t n)
{
    uint32_t seed = n, *memory = map_pages(2);
    for (uint32_t i = 0; i < 50; i++) {
        uint8_t *at = (uint8_t *)memory + random_of(&seed) % PAGE;
        uint32_t want = compile(at, &seed, 1 + i, i);
        protect(memory, 2, PROT_READ_EXEC);
        for (uint32_t k = 0; k < 20; k++)
            expect(((uint32_t(*)(uint32_t))at)(i) == want, "code that was just written");
        protect(memory, 2, PROT_READ_WRITE);
    }
    must(call3(SYS_MUNMAP, (long)memory, 2 * PAGE, 0), "munmap");
}
