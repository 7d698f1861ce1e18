/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Code whose rights, frames and addresses change.
 */
#include "tests/jit/jit.h"

#define TURNS 1000u

/* Never writable and executable at once. */
static uint32_t flips(void)
{
    uint8_t *code = map(0, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t bad = 0, result;
    for (uint32_t i = 0; i < TURNS; i++) {
        protect(code, 1, PROT_READ | PROT_WRITE);
        emit_random(code, random32() % 50, i, &result);
        protect(code, 1, PROT_READ | PROT_EXEC);
        bad += wrong(code, i, result);
    }
    unmap(code, 1);
    return bad;
}

/* One frame, written here and executed there. */
static uint32_t two_mappings(void)
{
    long fd = memory_file(2);
    uint8_t *data = map(0, 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *code = map(0, 2, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    uint32_t bad = 0, result;
    for (uint32_t i = 0; i < 5 * TURNS; i++) {
        uint32_t at = random32() % (2 * PAGE - 400);
        emit_random(data + at, random32() % 60, i, &result);
        bad += wrong(code + at, i, result);
    }
    unmap(data, 2);
    unmap(code, 2);
    call3(SYS_CLOSE, fd, 0, 0);
    return bad;
}

/* The code writes itself through the other mapping: MOV [immediate there], EAX. The manual asks for
 * a serialising instruction before it is run; CPUs do without, and so must we. */
static uint32_t own_alias(void)
{
    long fd = memory_file(1);
    uint8_t *data = map(0, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *code = map(0, 1, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    uint32_t bad = 0;
    uint8_t *p = emit32(emit8(data, 0xa3), (uint32_t)data + 256 + 1);
    emit_jump(p, 0xe9, data + 256);
    emit_return(emit_load(data + 256, 0));
    for (uint32_t i = 0; i < TURNS; i++)
        bad += wrong(code, i, i);
    unmap(data, 1);
    unmap(code, 1);
    call3(SYS_CLOSE, fd, 0, 0);
    return bad;
}

/* An address given back and mapped anew, to be filled with other code. */
static uint32_t mapped_anew(void)
{
    uint8_t *code = map_code(2);
    uint32_t bad = 0, result;
    for (uint32_t i = 0; i < TURNS; i++) {
        uint8_t *at = code + PAGE - random32() % 64;
        emit_random(at, random32() % 60, i, &result);
        bad += wrong(at, i, result);
        unmap(code, 2);
        map(code, 2, PROT_ALL, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
    unmap(code, 2);
    return bad;
}

/* Nothing is written: pages of a file take turns at an address, and a caller stays where it is. */
static uint32_t pages_in_turn(void)
{
    enum { PAGES = 8 };
    static uint32_t result[PAGES];
    long fd = memory_file(PAGES);
    uint8_t *data = map(0, PAGES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *code = map_code(2);
    uint32_t bad = 0;
    for (uint32_t k = 0; k < PAGES; k++)
        emit_random(data + k * PAGE, 30, 5, &result[k]);
    emit_return(emit_jump(code, 0xe8, code + PAGE));
    for (uint32_t i = 0; i < TURNS; i++) {
        uint32_t k = random32() % PAGES;
        map(code + PAGE, 1, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, k * PAGE);
        bad += wrong(code, 5, result[k]);
        bad += wrong(code + PAGE, 5, result[k]);
    }
    unmap(data, PAGES);
    unmap(code, 2);
    call3(SYS_CLOSE, fd, 0, 0);
    return bad;
}

/* A file's code, mapped privately: what is written is a copy, and the file keeps its own. */
static uint32_t private_copy(void)
{
    long fd = memory_file(1);
    uint8_t *data = map(0, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *code;
    uint32_t bad = 0;
    for (uint32_t i = 0; i < TURNS / 2; i++) {
        emit_return(emit_load(data, i));
        code = map(0, 1, PROT_ALL, MAP_PRIVATE, fd, 0);
        bad += wrong(code, 0, i);
        emit32(code + 1, ~i);
        bad += wrong(code, 0, ~i);
        unmap(code, 1);
        code = map(0, 1, PROT_ALL, MAP_PRIVATE, fd, 0);
        bad += wrong(code, 0, i);
        unmap(code, 1);
    }
    unmap(data, 1);
    call3(SYS_CLOSE, fd, 0, 0);
    return bad;
}

const struct trial map_trials[] = {
    {"writable and executable in turn", flips},
    {"written by one mapping, run by another", two_mappings},
    {"code writes itself by another mapping", own_alias},
    {"an address mapped anew", mapped_anew},
    {"pages in turn at one address", pages_in_turn},
    {"a private copy of a file's code", private_copy},
    {0},
};
