/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's benchmark of user code: a static 32-bit Linux program without a C library. Each loop
 * prints "bench NAME NANOSECONDS", the least of five runs. It makes system calls only to read the
 * clock and to print.
 */
#include <stdint.h>

#define SYS_EXIT          1
#define SYS_WRITE         4
#define SYS_CLOCK_GETTIME 265
#define CLOCK_MONOTONIC   1
#define RUNS              5

static long call3(long n, long a, long b, long c)
{
    long r;
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
    return r;
}

static uint64_t now_ns(void)
{
    struct {
        int32_t s, ns;
    } t;
    call3(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)&t, 0);
    return (uint64_t)(uint32_t)t.s * 1000000000u + (uint32_t)t.ns;
}

/* Decimal, without the 64-bit division that would need a library: by 32-bit halves. */
static unsigned print_number(char *out, uint64_t n)
{
    char digits[20];
    unsigned count = 0, len = 0;
    do {
        uint32_t hi = (uint32_t)(n >> 32), rem = hi % 10, lo = (uint32_t)n, q = 0;
        for (int bit = 31; bit >= 0; bit--) {
            rem = rem << 1 | (lo >> bit & 1);
            q = q << 1 | (rem >= 10);
            rem -= rem >= 10 ? 10 : 0;
        }
        n = (uint64_t)(hi / 10) << 32 | q;
        digits[count++] = (char)('0' + rem);
    } while (n);
    while (count)
        out[len++] = digits[--count];
    return len;
}

static volatile uint32_t sink;
static uint32_t table[4096];

static void integer_loop(void)
{
    uint32_t x = 12345;
    for (uint32_t i = 0; i < 20000000; i++)
        x = x * 1664525u + 1013904223u + (x >> 7);
    sink = x;
}

static void memory_loop(void)
{
    uint32_t sum = 0;
    for (uint32_t pass = 0; pass < 2000; pass++) {
        for (uint32_t i = 0; i < 4096; i++) {
            table[i] += i ^ sum;
            sum += table[i];
        }
    }
    sink = sum;
}

static uint32_t __attribute__((noinline)) fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void call_loop(void)
{
    sink = fib(29);
}

static void float_loop(void)
{
    double x = 1.0;
    for (uint32_t i = 0; i < 3000000; i++)
        x = x * 1.0000001 + 0.5 / x;
    sink = (uint32_t)x;
}

static void run(const char *name, void (*loop)(void))
{
    char line[80] = "bench ";
    unsigned len = 6;
    uint64_t best = ~0ull;
    for (unsigned i = 0; i < RUNS; i++) {
        uint64_t start = now_ns();
        loop();
        uint64_t took = now_ns() - start;
        best = took < best ? took : best;
    }
    while (*name)
        line[len++] = *name++;
    line[len++] = ' ';
    len += print_number(line + len, best);
    line[len++] = '\n';
    call3(SYS_WRITE, 1, (long)line, (long)len);
}

void _start(void)
{
    run("integer", integer_loop);
    run("memory", memory_loop);
    run("calls", call_loop);
    run("float", float_loop);
    call3(SYS_EXIT, 0, 0, 0);
}
