/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Registers that nobody may change: not an interrupt, not a fault, not a system call.
 */
#include "tests/soak/soak.h"

struct image {
    uint32_t gpr[5]; /* EBX, ECX, EDX, ESI, EDI */
    uint32_t flags;
};

/* CF, PF, AF, ZF, SF, DF, OF. */
#define FLAGS_SEEN 0xcd5u

static struct image filled(uint32_t seed)
{
    struct image m;
    for (unsigned i = 0; i < 5; i++)
        m.gpr[i] = seed = seed * 1664525u + 1013904223u;
    m.flags = (seed >> 7 & FLAGS_SEEN) | 2;
    return m;
}

static bool same(const struct image *a, const struct image *b)
{
    for (unsigned i = 0; i < 5; i++) {
        if (a->gpr[i] != b->gpr[i])
            return false;
    }
    return !((a->flags ^ b->flags) & FLAGS_SEEN);
}

/* EAX counts down to 0 by LEA and JECXZ's kin, which leave the flags alone. */
static struct image run_loop(struct image m, uint32_t turns)
{
    __asm__ volatile("push %%ebp\n\t"
                     "push %%esi\n\t"
                     "mov %%eax, %%ebp\n\t"
                     "pushl 20(%%esi)\n\t"
                     "mov (%%esi), %%ebx\n\t"
                     "mov 8(%%esi), %%edx\n\t"
                     "mov 16(%%esi), %%edi\n\t"
                     "mov 4(%%esi), %%eax\n\t"
                     "mov 12(%%esi), %%esi\n\t"
                     "popf\n\t"
                     "1: mov %%ebp, %%ecx\n\t"
                     "lea -1(%%ebp), %%ebp\n\t"
                     "jecxz 2f\n\t"
                     "jmp 1b\n\t"
                     "2: mov %%esi, %%ecx\n\t"
                     "mov (%%esp), %%esi\n\t"
                     "mov %%ecx, 12(%%esi)\n\t"
                     "mov %%ebx, (%%esi)\n\t"
                     "mov %%eax, 4(%%esi)\n\t"
                     "mov %%edx, 8(%%esi)\n\t"
                     "mov %%edi, 16(%%esi)\n\t"
                     "pushf\n\t"
                     "cld\n\t"
                     "popl 20(%%esi)\n\t"
                     "pop %%esi\n\t"
                     "pop %%ebp"
                     : "+a"(turns)
                     : "S"(&m)
                     : "ebx", "ecx", "edx", "edi", "memory", "cc");
    return m;
}

/* The same sums each time, in x87 and SSE registers: any lost bit shows. */
static uint64_t sums(uint32_t turns)
{
    long double x = 0.5L;
    double y = 0.5;
    for (uint32_t i = 0; i < turns; i++) {
        x = 3.75L * x * (1.0L - x);
        y = 3.75 * y * (1.0 - y);
    }
    union {
        double d;
        uint64_t bits;
    } a = {.d = (double)x}, b = {.d = y};
    return a.bits * 31 + b.bits;
}

bool registers_kept(uint32_t seed, uint32_t turns)
{
    static uint64_t expected;
    struct image want = filled(seed), got = run_loop(want, turns);
    uint64_t sum = sums(turns);
    if (!expected)
        expected = sum;
    return same(&want, &got) && sum == expected;
}

bool call_keeps_registers(uint32_t seed)
{
    struct image want = filled(seed), got = want;
    __asm__ volatile("push %%ebp\n\t"
                     "mov %%ebx, %%ebp\n\t"
                     "int $0x80\n\t"
                     "xor %%ebp, %%ebx\n\t"
                     "pop %%ebp"
                     : "+b"(got.gpr[0]), "+c"(got.gpr[1]), "+d"(got.gpr[2]), "+S"(got.gpr[3]),
                       "+D"(got.gpr[4])
                     : "a"(SYS_GETPPID)
                     : "memory", "cc");
    got.gpr[0] ^= want.gpr[0];
    return same(&want, &got);
}
