/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The image's start (programs.h) and all programs but the generated one: small kernels of the kinds
 * of code that there are, compiled by gcc -m32. Each fills its own memory, so that a second
 * run gives what the first gave.
 */
#include "tests/bench/native/programs.h"

#define NOIPA __attribute__((noipa))

/* ---- SHA-256 (FIPS 180-4) over a text of 64-byte blocks ------------------------------- */

/* The constants are a generator's, so the result is no SHA-256; the work is. */
static uint32_t sha_k[64];

static uint32_t rotr(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static NOIPA void sha_block(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64], s[8];
    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
               (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (unsigned i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (unsigned i = 0; i < 8; i++)
        s[i] = h[i];
    for (unsigned i = 0; i < 64; i++) {
        uint32_t a = s[0], e = s[4];
        uint32_t t1 = s[7] + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & s[5]) ^ (~e & s[6])) +
                      sha_k[i] + w[i];
        uint32_t t2 =
            (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        for (unsigned n = 7; n > 0; n--)
            s[n] = s[n - 1];
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (unsigned i = 0; i < 8; i++)
        h[i] += s[i];
}

static uint32_t lcg(uint32_t *x)
{
    return *x = *x * 1664525u + 1013904223u;
}

static uint8_t text[65536];

static void fill_text(void)
{
    uint32_t x = 1;
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(lcg(&x) >> 24);
}

static uint32_t sha256(uint32_t blocks)
{
    uint32_t x = 7, h[8];
    fill_text();
    for (unsigned i = 0; i < 64; i++)
        sha_k[i] = lcg(&x);
    for (unsigned i = 0; i < 8; i++)
        h[i] = lcg(&x);
    for (uint32_t b = 0; b < blocks; b++)
        sha_block(h, text + b % (sizeof text / 64) * 64);
    return h[0] ^ h[7];
}

/* ---- Quicksort with a comparison function ------------------------------------------------ */

typedef int compare(const uint32_t *a, const uint32_t *b);

static NOIPA int ascending(const uint32_t *a, const uint32_t *b)
{
    return *a < *b ? -1 : *a > *b;
}

static NOIPA void quicksort(uint32_t *v, int n, compare *cmp)
{
    while (n > 1) {
        uint32_t pivot = v[(n - 1) / 2];
        int i = -1, j = n;
        for (;;) {
            while (cmp(&v[++i], &pivot) < 0)
                ;
            while (cmp(&v[--j], &pivot) > 0)
                ;
            if (i >= j)
                break;
            uint32_t t = v[i];
            v[i] = v[j];
            v[j] = t;
        }
        quicksort(v, j + 1, cmp);
        v += j + 1;
        n -= j + 1;
    }
}

static uint32_t numbers[50000];

static uint32_t sort(uint32_t rounds)
{
    uint32_t x = 1, sum = 0;
    const int n = sizeof numbers / sizeof numbers[0];
    while (rounds--) {
        for (int i = 0; i < n; i++)
            numbers[i] = lcg(&x);
        quicksort(numbers, n, ascending);
        for (int i = 0; i < n; i++)
            sum = sum * 31 + numbers[i];
    }
    return sum;
}

/* ---- Fibonacci --------------------------------------------------------------------------- */

static NOIPA uint32_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

/* ---- An interpreter of bytecode: indirect jumps from one place ----------------------------- */

enum { LOAD, ADD, XOR, MUL, SHIFT, DEC, JUMP_NZ, SWAP, STORE, FETCH, STOP };

/* Pairs of operation and argument; eleven of them a turn. */
static uint8_t bytecode[] = {LOAD, 3,   ADD, 17, XOR,  90, SHIFT, 5, STORE,   1, FETCH, 1, SWAP, 0,
                             ADD,  255, MUL, 33, SWAP, 0,  DEC,   0, JUMP_NZ, 2, STOP,  0};

static NOIPA uint32_t interpret(const uint8_t *pc, uint32_t turns)
{
    uint32_t acc = 0, other = 0, memory[16] = {0};
    for (;;) {
        uint8_t op = pc[0], arg = pc[1];
        pc += 2;
        switch (op) {
        case LOAD:
            acc = arg;
            break;
        case ADD:
            acc += arg;
            break;
        case XOR:
            acc ^= arg * 0x01010101u;
            break;
        case MUL:
            acc *= arg;
            break;
        case SHIFT:
            acc = rotr(acc, arg & 31);
            break;
        case DEC:
            turns--;
            break;
        case JUMP_NZ:
            if (turns)
                pc = bytecode + arg;
            break;
        case SWAP: {
            uint32_t t = acc;
            acc = other;
            other = t;
            break;
        }
        case STORE:
            memory[arg & 15] = acc;
            break;
        case FETCH:
            acc += memory[arg & 15];
            break;
        default:
            return acc ^ other;
        }
    }
}

static uint32_t interpreter(uint32_t turns)
{
    return interpret(bytecode, turns);
}

/* ---- CRC-32 by table ----------------------------------------------------------------------- */

static uint32_t crc_table[256];

static NOIPA uint32_t crc_update(uint32_t crc, const uint8_t *p, uint32_t n)
{
    while (n--)
        crc = crc >> 8 ^ crc_table[(crc ^ *p++) & 0xff];
    return crc;
}

static uint32_t crc32(uint32_t rounds)
{
    uint32_t crc = ~0u;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
        crc_table[i] = c;
    }
    fill_text();
    while (rounds--)
        crc = crc_update(crc, text, sizeof text);
    return ~crc;
}

/* ---- memcpy: many short ones, some long ones ------------------------------------------------- */

static NOIPA void copy_words(void *to, const void *from, uint32_t n)
{
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n)::"memory");
}

static NOIPA void copy_short(uint32_t *to, const uint32_t *from, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        to[i] = from[i];
}

static uint32_t copy(uint32_t rounds)
{
    static uint8_t to[sizeof text];
    uint32_t sum = 0;
    fill_text();
    while (rounds--) {
        copy_words(to, text, sizeof text / 4);
        for (uint32_t i = 0; i < 400; i++)
            copy_short((uint32_t *)to + i * 3, (const uint32_t *)text + i * 5 + rounds % 64, 12);
        sum = sum * 31 + to[rounds % sizeof to] + ((uint32_t *)to)[100];
    }
    return sum;
}

/* ---- Floating point: the same loop for the x87 and for SSE2 ------------------------------------
 */

#define FLOAT_LOOP(name, how)                                                                      \
    static __attribute__((noipa, target(how))) uint32_t name(uint32_t rounds)                      \
    {                                                                                              \
        static double v[64];                                                                       \
        double sum = 0;                                                                            \
        for (int i = 0; i < 64; i++)                                                               \
            v[i] = 1.0 + i * 0.125;                                                                \
        while (rounds--) {                                                                         \
            for (int i = 0; i < 64; i++) {                                                         \
                v[i] = v[i] * 1.0000001 + 0.5 / v[i];                                              \
                sum += v[i] > 3.0 ? v[i] : -v[i] * 0.25;                                           \
            }                                                                                      \
        }                                                                                          \
        union {                                                                                    \
            double d;                                                                              \
            uint32_t u[2];                                                                         \
        } bits = {sum};                                                                            \
        return bits.u[0] ^ bits.u[1];                                                              \
    }
FLOAT_LOOP(float_x87, "fpmath=387")
FLOAT_LOOP(float_sse2, "sse2,fpmath=sse")

/* ---- The image's start
 * --------------------------------------------------------------------------- */

uint32_t calls(uint32_t rounds); /* generated by gen-calls.sh */

void programs_start(void);
__asm__(".globl programs_start\n"
        "programs_start: push %edx\n"
        "  call *%eax\n"
        "  hlt\n");

/* clang-format off */
const struct programs_header programs_header __attribute__((section(".header"))) = {
    PROGRAMS_MAGIC, (uint32_t)programs_start,
    {
        {"sha256",      (uint32_t)sha256,      40,    60000},
        {"quicksort",   (uint32_t)sort,        1,     8},
        {"fibonacci",   (uint32_t)fib,         15,    35},
        {"bytecode",    (uint32_t)interpreter, 300,   1500000},
        {"crc32",       (uint32_t)crc32,       1,     350},
        {"memcpy",      (uint32_t)copy,        3,     6000},
        {"float x87",   (uint32_t)float_x87,   100,   150000},
        {"float sse2",  (uint32_t)float_sse2,  100,   150000},
        {"call-rich",   (uint32_t)calls,       20,    2000},
    },
};
/* clang-format on */
