/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The works themselves. Results are the same with every compiler that keeps to IEEE doubles.
 */
#include "tests/bench/compute/work.h"

/* ---- Integers: remainders, conditions that nobody can guess ---------------------------------- */

static uint32_t gcd(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* How long the sequence of halves and threefolds is that begins at N. */
static uint32_t steps(uint64_t n)
{
    uint32_t count = 0;
    for (; n != 1; count++)
        n = n & 1 ? 3 * n + 1 : n / 2;
    return count;
}

static uint32_t integer(uint32_t size)
{
    uint32_t sum = 0;
    for (uint32_t i = 1; i <= size; i++)
        sum = sum * 31 + gcd(i * 2654435761u, 3 * 5 * 7 * 11 * 13 * 17u) + steps(i);
    return sum;
}

/* ---- Bytes: the sieve, over 4 MiB ------------------------------------------------------------ */

#define SIEVE (4u << 20)

static uint32_t sieve(uint32_t rounds)
{
    static uint8_t composite[SIEVE];
    uint32_t primes = 0;
    while (rounds--) {
        for (uint32_t i = 0; i < SIEVE; i++)
            composite[i] = 0;
        for (uint32_t p = 2; p < SIEVE; p++) {
            if (composite[p])
                continue;
            primes++;
            for (uint32_t m = 2 * p; m < SIEVE; m += p)
                composite[m] = 1;
        }
    }
    return primes;
}

/* ---- Copies of 16 MiB: by REP MOVS, and word by word backwards ------------------------------- */

#define WORDS (4u << 20)

static uint32_t from[WORDS], to[WORDS];

static uint32_t copy(uint32_t rounds)
{
    for (uint32_t i = 0; i < WORDS; i++)
        from[i] = i * 2654435761u;
    uint32_t sum = 0;
    for (uint32_t r = 0; r < rounds; r++) {
        const void *s = from;
        void *d = to;
        uint32_t n = WORDS;
        __asm__ volatile("rep movsl" : "+D"(d), "+S"(s), "+c"(n)::"memory");
        sum = sum * 31 + to[r * 7919 % WORDS];
        for (uint32_t i = WORDS; i-- > 0;)
            from[i] = to[WORDS - 1 - i] + r;
    }
    return sum;
}

/* ---- Doubles: products of matrices ----------------------------------------------------------- */

#define SIDE 256u

static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];

static void multiply(void)
{
    for (uint32_t i = 0; i < SIDE; i++) {
        for (uint32_t k = 0; k < SIDE; k++)
            c[i][k] = 0;
        for (uint32_t j = 0; j < SIDE; j++) {
            for (uint32_t k = 0; k < SIDE; k++)
                c[i][k] += a[i][j] * b[j][k];
        }
    }
}

static uint32_t matrix(uint32_t rounds)
{
    for (uint32_t i = 0; i < SIDE * SIDE; i++) {
        a[i / SIDE][i % SIDE] = (i % 17) / 64.0;
        b[i / SIDE][i % SIDE] = (i % 23) / 128.0;
    }
    double sum = 0;
    while (rounds--) {
        multiply();
        a[rounds % SIDE][0] = c[rounds % SIDE][1] / 4096.0;
        sum += c[rounds % SIDE][rounds * 7 % SIDE];
    }
    return (uint32_t)(sum * 1024.0);
}

const struct work works[] = {
    {"integer", integer, 6000000},
    {"sieve", sieve, 75},
    {"copy-large", copy, 500},
    {"matrix", matrix, 350},
    {0},
};
