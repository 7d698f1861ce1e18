/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * User code that makes no system call: an operation is some microseconds of it.
 */
#include "tests/bench/guest/sys.h"

static volatile uint32_t sink;
static uint32_t table[4096];

static void integer_loop(void)
{
    uint32_t x = sink;
    for (uint32_t i = 0; i < 1000; i++)
        x = x * 1664525u + 1013904223u + (x >> 7);
    sink = x;
}

static void memory_loop(void)
{
    uint32_t sum = sink;
    for (uint32_t i = 0; i < 4096; i++) {
        table[i] += i ^ sum;
        sum += table[i];
    }
    sink = sum;
}

static uint32_t __attribute__((noipa)) fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void call_loop(void)
{
    sink = fib(12);
}

static void float_loop(void)
{
    double x = 1.0;
    for (uint32_t i = 0; i < 1000; i++)
        x = x * 1.0000001 + 0.5 / x;
    sink = (uint32_t)x;
}

static uint64_t repeat(void (*loop)(void), uint32_t n)
{
    uint64_t start = now_ns();
    while (n--)
        loop();
    return now_ns() - start;
}

static uint64_t integer(uint32_t n)
{
    return repeat(integer_loop, n);
}

static uint64_t memory(uint32_t n)
{
    return repeat(memory_loop, n);
}

static uint64_t calls(uint32_t n)
{
    return repeat(call_loop, n);
}

static uint64_t floating(uint32_t n)
{
    return repeat(float_loop, n);
}

const struct test loop_tests[] = {
    {"integer", 50000, integer, 0},
    {"memory", 5000, memory, 0},
    {"calls", 15000, calls, 0},
    {"float", 3000, floating, 0},
    {0},
};
