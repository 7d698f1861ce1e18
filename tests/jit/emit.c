/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Code and what it must give.
 */
#include "tests/jit/jit.h"

uint32_t random32(void)
{
    static uint32_t x = 1;
    x ^= x << 13;
    x ^= x >> 17;
    return x ^= x << 5;
}

/* Volatile, so that no compiler takes two writes for one. */
uint8_t *emit8(uint8_t *p, uint32_t byte)
{
    *(volatile uint8_t *)p = (uint8_t)byte;
    return p + 1;
}

uint8_t *emit32(uint8_t *p, uint32_t word)
{
    *(volatile uint32_t *)p = word;
    return p + 4;
}

uint8_t *emit_load(uint8_t *p, uint32_t value)
{
    return emit32(emit8(p, 0xb8), value);
}

uint8_t *emit_jump(uint8_t *p, uint32_t opcode, const uint8_t *to)
{
    return emit32(emit8(p, opcode), (uint32_t)to - (uint32_t)(p + 5));
}

uint8_t *emit_return(uint8_t *p)
{
    return emit8(p, 0xc3);
}

static uint32_t rotated(uint32_t x, unsigned n)
{
    return n ? x << n | x >> (32 - n) : x;
}

/* One operation on EAX. */
static uint8_t *emit_operation(uint8_t *p, uint32_t *x)
{
    uint32_t k = random32();
    switch (random32() % 7) {
    case 0:
        *x += k;
        return emit32(emit8(p, 0x05), k);
    case 1:
        *x -= k;
        return emit32(emit8(p, 0x2d), k);
    case 2:
        *x ^= k;
        return emit32(emit8(p, 0x35), k);
    case 3:
        *x *= k;
        return emit32(emit8(emit8(p, 0x69), 0xc0), k);
    case 4:
        *x = rotated(*x, k % 32);
        return emit8(emit8(emit8(p, 0xc1), 0xc0), k % 32);
    case 5:
        *x = ~*x;
        return emit8(emit8(p, 0xf7), 0xd0);
    default:
        *x = __builtin_bswap32(*x);
        return emit8(emit8(p, 0x0f), 0xc8);
    }
}

uint8_t *emit_random(uint8_t *p, uint32_t count, uint32_t argument, uint32_t *result)
{
    *result = argument;
    while (count--)
        p = emit_operation(p, result);
    return emit_return(p);
}

uint32_t wrong(const uint8_t *p, uint32_t argument, uint32_t wanted)
{
    return ((function *)(uint32_t)p)(argument) != wanted;
}
