/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Code that is written anew where it stands, by others and by itself.
 */
#include "tests/jit/jit.h"

#define TURNS 5000u

/* ---- By others ------------------------------------------------------------------------------- */

static uint32_t immediate(void)
{
    uint8_t *code = map_code(1);
    uint32_t bad = 0;
    emit_return(emit_load(code, 0));
    for (uint32_t i = 0; i < TURNS; i++) {
        uint32_t k = random32();
        emit32(code + 1, k);
        bad += wrong(code, i, k);
        emit8(code + 1 + i % 4, ~k >> i % 4 * 8);
        bad += wrong(code, i, k ^ 0xffu << i % 4 * 8);
    }
    unmap(code, 1);
    return bad;
}

/* ADD, SUB and XOR EAX, 12345 differ in one byte. */
static uint32_t opcode(void)
{
    static const uint8_t op[3] = {0x05, 0x2d, 0x35};
    uint8_t *code = map_code(1);
    uint32_t bad = 0;
    emit_return(emit32(code + 1, 12345));
    for (uint32_t i = 0; i < TURNS; i++) {
        const uint32_t wanted[3] = {i + 12345, i - 12345, i ^ 12345};
        emit8(code, op[i % 3]);
        bad += wrong(code, i, wanted[i % 3]);
    }
    unmap(code, 1);
    return bad;
}

static uint32_t whole_function(void)
{
    uint8_t *code = map_code(1);
    uint32_t bad = 0, result;
    for (uint32_t i = 0; i < TURNS; i++) {
        uint8_t *at = code + random32() % 1024;
        emit_random(at, random32() % 60, i, &result);
        bad += wrong(at, i, result);
        bad += wrong(at, i, result);
    }
    unmap(code, 1);
    return bad;
}

/* Many functions in a page; one is written, all are called. */
static uint32_t neighbours(void)
{
    static uint32_t result[32];
    uint8_t *code = map_code(1);
    uint32_t bad = 0;
    for (uint32_t k = 0; k < 32; k++)
        emit_random(code + k * 128, 20, 7, &result[k]);
    for (uint32_t i = 0; i < TURNS / 8; i++) {
        uint32_t changed = random32() % 32;
        emit_random(code + changed * 128, random32() % 21, 7, &result[changed]);
        for (uint32_t k = 0; k < 32; k++)
            bad += wrong(code + k * 128, 7, result[k]);
    }
    unmap(code, 1);
    return bad;
}

/* A call that is led to one of two functions on other pages, which change, too. */
static uint32_t calls(void)
{
    uint8_t *code = map_code(3);
    uint32_t bad = 0, result[2] = {1, 2};
    emit_return(emit_load(code + PAGE, 1));
    emit_return(emit_load(code + 2 * PAGE, 2));
    for (uint32_t i = 0; i < TURNS; i++) {
        uint32_t k = random32() % 2;
        emit_return(emit_jump(code + 100, 0xe8, code + (k + 1) * PAGE));
        bad += wrong(code + 100, i, result[k]);
        if (i % 3 == 0)
            emit32(code + (k + 1) * PAGE + 1, result[k] = random32());
        bad += wrong(code + 100, i, result[k]);
    }
    unmap(code, 3);
    return bad;
}

/* Every place of a function over the end of a page; its first or its second half changes. */
static uint32_t two_pages(void)
{
    uint8_t *code = map_code(2);
    uint32_t bad = 0;
    for (uint32_t i = 0; i < TURNS; i++) {
        uint8_t *at = code + PAGE - i % 16;
        uint32_t k = random32();
        emit_return(emit32(emit8(emit_load(at, k), 0x05), i)); /* ADD EAX, i */
        bad += wrong(at, 0, k + i);
        emit8(code + PAGE - 1, code[PAGE - 1]);
        emit8(code + PAGE, code[PAGE]);
        emit32(at + 1, k + 1);
        bad += wrong(at, 0, k + 1 + i);
        emit32(at + 6, i + 1);
        bad += wrong(at, 0, k + i + 2);
    }
    unmap(code, 2);
    return bad;
}

/* ---- By itself ------------------------------------------------------------------------------- */

/* MOV [the next instruction's immediate], EAX; MOV EAX, immediate. */
static uint32_t own_immediate(void)
{
    uint8_t *code = map_code(2);
    uint32_t bad = 0;
    for (uint32_t i = 0; i < TURNS; i++) {
        uint8_t *at = code + PAGE - i % 20, *next = at + 5;
        emit32(emit8(at, 0xa3), (uint32_t)next + 1);
        emit_return(emit_load(next, ~i));
        bad += wrong(at, i, i);
        bad += wrong(at, i + 1, i + 1);
    }
    unmap(code, 2);
    return bad;
}

/* MOV BYTE [next], an opcode of one byte; it stands before a NOP at first. */
static uint32_t own_opcode(void)
{
    static const uint8_t op[3] = {0x40, 0x48, 0x90}; /* INC EAX, DEC EAX, NOP */
    uint8_t *code = map_code(1);
    uint32_t bad = 0;
    for (uint32_t i = 0; i < TURNS; i++) {
        const uint32_t wanted[3] = {i + 1, i - 1, i};
        uint8_t *next = code + 7;
        emit8(emit32(emit8(emit8(code, 0xc6), 0x05), (uint32_t)next), op[i % 3]);
        if (i % 5 == 0)
            emit_return(emit8(next, 0x90));
        bad += wrong(code, i, wanted[i % 3]);
    }
    unmap(code, 1);
    return bad;
}

/* A loop that makes its own instruction another in each turn: XOR BYTE [next], 8 between INC and
 * DEC EAX. An odd number of turns, and the first turn's is DEC: one less. */
static uint32_t own_loop(void)
{
    uint8_t *code = map_code(1), *next = code + 13, *p;
    uint32_t bad = 0;
    p = emit8(code, 0x51);                                             /* PUSH ECX */
    p = emit32(emit8(p, 0xb9), 101);                                   /* MOV ECX, 101 */
    p = emit8(emit32(emit8(emit8(p, 0x80), 0x35), (uint32_t)next), 8); /* XOR BYTE [next], 8 */
    p = emit8(p, 0x40);                                                /* next: INC EAX */
    p = emit8(p, 0x49);                                                /* DEC ECX */
    p = emit8(emit8(p, 0x75), 0xf5);                                   /* JNZ to XOR */
    emit_return(emit8(p, 0x59));                                       /* POP ECX */
    for (uint32_t i = 0; i < TURNS / 50; i++) {
        emit8(next, 0x40);
        bad += wrong(code, i, i - 1);
    }
    unmap(code, 1);
    return bad;
}

/* REP STOSB writes INC EAX over the NOPs behind itself. */
static uint32_t own_string(void)
{
    uint8_t *code = map_code(1), *p, *next = code + 14;
    uint32_t bad = 0;
    for (uint32_t i = 0; i < TURNS / 5; i++) {
        uint32_t n = i % 64;
        p = emit8(emit8(code, 0x57), 0x51);         /* PUSH EDI, ECX */
        p = emit32(emit8(p, 0xbf), (uint32_t)next); /* MOV EDI, next */
        p = emit32(emit8(p, 0xb9), n);              /* MOV ECX, n */
        p = emit8(emit8(p, 0xf3), 0xaa);            /* REP STOSB */
        for (uint32_t k = 0; k < 64; k++)
            p = emit8(p, 0x90);
        emit_return(emit8(emit8(p, 0x59), 0x5f)); /* POP ECX, EDI */
        bad += wrong(code, 0x40, 0x40 + n);
    }
    unmap(code, 1);
    return bad;
}

const struct trial rewrite_trials[] = {
    {"an immediate is written", immediate},
    {"an opcode is written", opcode},
    {"a whole function is written", whole_function},
    {"one of many functions in a page is written", neighbours},
    {"a call is led elsewhere", calls},
    {"code over two pages is written in either half", two_pages},
    {"code writes its next instruction's immediate", own_immediate},
    {"code writes its next instruction's opcode", own_opcode},
    {"a loop writes its own instruction", own_loop},
    {"a string operation writes what follows it", own_string},
    {0},
};
