/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The workers themselves.
 */
#include "tests/soak/soak.h"

#define PAGE  4096u
#define PAGES 256u

enum { MAP_PRIVATE_ANONYMOUS = 0x22, PROT_READ_WRITE = 3, SIGALRM = 14, ITIMER_REAL = 0 };

void expect(bool ok, const char *what)
{
    must(ok ? 0 : -1, what);
}

void reap(long child, int status)
{
    int got = -1;
    must(call3(SYS_WAITPID, child, (long)&got, 0), "waitpid");
    expect(got == status << 8, "a child's status");
}

/* ---- Registers ------------------------------------------------------------------------------- */

static void keep_registers(uint32_t n)
{
    expect(registers_kept(n, 20000), "registers have changed in a loop");
}

static void keep_in_calls(uint32_t n)
{
    for (uint32_t i = 0; i < 1000; i++)
        expect(call_keeps_registers(n * 1000 + i), "registers have changed in a system call");
}

static volatile uint32_t alarms;

static void on_alarm(int signal)
{
    (void)signal;
    alarms++;
}

void handle(int signal, void (*handler)(int))
{
    struct {
        void (*handler)(int);
        uint32_t mask, flags;
        void *restorer;
    } action = {.handler = handler};
    must(call3(SYS_SIGACTION, signal, (long)&action, 0), "sigaction");
}

/* A signal every two milliseconds, whenever that is. */
static void set_alarms(void)
{
    static const int32_t every[4] = {0, 2000, 0, 2000};
    handle(SIGALRM, on_alarm);
    must(call3(SYS_SETITIMER, ITIMER_REAL, (long)every, 0), "setitimer");
}

static void keep_under_signals(uint32_t n)
{
    uint32_t before = alarms;
    for (uint32_t i = 0; i < 100000 && alarms == before; i++)
        expect(registers_kept(n, 20000), "registers have changed by a signal");
    expect(alarms != before, "no signal came");
}

/* ---- Memory ---------------------------------------------------------------------------------- */

uint32_t *map_pages(uint32_t pages)
{
    long args[6] = {0, (long)(pages * PAGE), PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0};
    long r = call3(SYS_MMAP, (long)args, 0, 0);
    must(r > -4096 && r < 0 ? r : 0, "mmap");
    return (uint32_t *)r;
}

static uint32_t word(uint32_t page, uint32_t n)
{
    return (page * 2654435761u) ^ (n * 40503u);
}

static void fill(uint32_t *at, uint32_t n)
{
    for (uint32_t p = 0; p < PAGES; p++) {
        at[p * PAGE / 4] = word(p, n);
        at[p * PAGE / 4 + (p * 13 + n) % (PAGE / 4 - 1) + 1] = ~word(p, n);
    }
}

static bool holds(const volatile uint32_t *at, uint32_t n)
{
    for (uint32_t p = 0; p < PAGES; p++) {
        if (at[p * PAGE / 4] != word(p, n) ||
            at[p * PAGE / 4 + (p * 13 + n) % (PAGE / 4 - 1) + 1] != ~word(p, n))
            return false;
    }
    return true;
}

static bool is_clear(const volatile uint32_t *at)
{
    uint32_t any = 0;
    for (uint32_t i = 0; i < PAGES * PAGE / 4; i += 7)
        any |= at[i];
    return any == 0;
}

/* Fresh pages; a child that sees them, and writes to its copy; the parent's are as before. */
static void copy_on_write(uint32_t n)
{
    uint32_t *at = map_pages(PAGES);
    expect(is_clear(at), "fresh pages are not clear");
    fill(at, n);
    long child = must(call0(SYS_FORK), "fork");
    if (!child) {
        expect(holds(at, n), "a child does not see its parent's pages");
        for (uint32_t i = 0; i < PAGES * PAGE / 4; i += 512)
            at[i] = at[i + 1] = 0;
        fill(at, n + 1);
        expect(holds(at, n + 1), "a child does not see what it wrote");
        leave(7);
    }
    expect(holds(at, n), "pages have changed while a child wrote to its own");
    reap(child, 7);
    expect(holds(at, n), "a child's writes are in its parent");
    must(call3(SYS_MUNMAP, (long)at, PAGES * PAGE, 0), "munmap");
}

/* ---- Processes ------------------------------------------------------------------------------- */

static void execute(uint32_t n)
{
    static char path[] = "/bin/ring1-soak";
    char status[2] = {(char)('a' + n % 16), 0};
    char *argv[] = {path, status, 0}, *envp[] = {0};
    long child = must(call0(SYS_FORK), "fork");
    if (!child) {
        call3(SYS_EXECVE, (long)path, (long)argv, (long)envp);
        leave(100);
    }
    reap(child, (int)(n % 16));
}

static int there[2], back[2];

/* A child that answers each number with the next, for as long as its parent lives. */
static void start_partner(void)
{
    uint32_t n;
    must(call3(SYS_PIPE, (long)there, 0, 0), "pipe");
    must(call3(SYS_PIPE, (long)back, 0, 0), "pipe");
    if (must(call0(SYS_FORK), "fork"))
        return;
    call3(SYS_CLOSE, there[1], 0, 0);
    while (call3(SYS_READ, there[0], (long)&n, sizeof n) == sizeof n) {
        n++;
        call3(SYS_WRITE, back[1], (long)&n, sizeof n);
    }
    leave(0);
}

static void talk(uint32_t n)
{
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t ask = n * 100 + i, answer = 0;
        must(call3(SYS_WRITE, there[1], (long)&ask, sizeof ask), "write to a pipe");
        must(call3(SYS_READ, back[0], (long)&answer, sizeof answer), "read from a pipe");
        expect(answer == ask + 1, "a number from a pipe");
    }
}

/* ---- Files ----------------------------------------------------------------------------------- */

static uint32_t piece[16384];

static void file(uint32_t n)
{
    static const char name[] = "/tmp/soak";
    long fd = must(call3(SYS_OPEN, (long)name, O_WRONLY | O_CREAT | O_TRUNC, 0600), "open");
    for (uint32_t k = 0; k < 8; k++) {
        for (uint32_t i = 0; i < 16384; i++)
            piece[i] = word(i, n + k);
        expect(call3(SYS_WRITE, fd, (long)piece, sizeof piece) == sizeof piece, "write a file");
    }
    call3(SYS_CLOSE, fd, 0, 0);
    fd = must(call3(SYS_OPEN, (long)name, O_RDONLY, 0), "open");
    for (uint32_t k = 0; k < 8; k++) {
        expect(call3(SYS_READ, fd, (long)piece, sizeof piece) == sizeof piece, "read a file");
        for (uint32_t i = 0; i < 16384; i++)
            expect(piece[i] == word(i, n + k), "a file's contents");
    }
    call3(SYS_CLOSE, fd, 0, 0);
    must(call3(SYS_UNLINK, (long)name, 0, 0), "unlink");
}

const struct worker workers[] = {
    {"registers", keep_registers, 0},
    {"calls", keep_in_calls, 0},
    {"signals", keep_under_signals, set_alarms},
    {"memory", copy_on_write, 0},
    {"memory2", copy_on_write, 0},
    {"exec", execute, 0},
    {"pipes", talk, start_partner},
    {"file", file, 0},
    {"faults", storm_of_faults, prepare_faults},
    {"forks", storm_of_forks, 0},
    {"kills", storm_of_signals, prepare_signals},
    {"code", storm_of_code, 0},
    {0},
};
