/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Lines on standard output, errors and the clock, for programs without a C library.
 */
#include "tests/bench/guest/sys.h"

static struct {
    char text[240];
    unsigned len;
} line;

void put(char c)
{
    if (line.len < sizeof line.text)
        line.text[line.len++] = c;
}

void put_text(const char *s)
{
    while (*s)
        put(*s++);
}

void put_number(uint32_t n)
{
    char digits[10];
    unsigned count = 0;
    do
        digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count)
        put(digits[--count]);
}

void end_line(void)
{
    put('\n');
    call3(SYS_WRITE, 1, (long)line.text, (long)line.len);
    line.len = 0;
}

/* The call with 64-bit seconds: User-Mode Linux has no other. */
uint64_t now_ns(void)
{
    struct {
        int32_t s, high_s, ns, high_ns;
    } t;
    must(call3(SYS_CLOCK_GETTIME64, CLOCK_MONOTONIC, (long)&t, 0), "clock_gettime64");
    return (uint64_t)(uint32_t)t.s * 1000000000u + (uint32_t)t.ns;
}

long must(long r, const char *what)
{
    if (r >= 0)
        return r;
    put_text(program);
    put_text(": failed: ");
    put_text(what);
    put_text(": error ");
    put_number((uint32_t)-r);
    end_line();
    leave(1);
}
