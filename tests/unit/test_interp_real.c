/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter against the real CPU: random instructions with random operands, each run
 * once natively in 32-bit compatibility mode and once by interp_step, then registers, flags
 * that the manual defines, memory, exception, error code and CR2 compared. Both sides see the
 * same 4 KiB pages: read-write, read-only and absent ones next to each other. Every operation
 * of the table must have been executed. Where CPUs differ, real_probe.h finds out what this
 * one does. REAL_SEED and REAL_CASES in the environment choose others; with REAL_UNDEFINED set,
 * differences in undefined flags are listed.
 */
#define _GNU_SOURCE /* register names of a signal context */
#include "tests/unit/real_order.h"
#include "tests/unit/real_select.h"

/* ---- A random instruction with fitting registers -------------------------------- */

/* Within the test's pages, by flat segments. */
static bool reaches_pages(const struct insn *i)
{
    return !touches_memory(i) || (i->addrsize == 4 && i->mem.seg != S_FS && i->mem.seg != S_GS);
}

static void choose_registers(struct test_case *c)
{
    for (unsigned r = 0; r < 8; r++)
        c->in.gpr[r] = interesting();
    c->in.gpr[R_ESP] = STACK + 0xf00 + rnd_below(0x100) * (rnd_below(4) ? 4 : 1);
    if (c->insn.op == OP_LEAVE || c->insn.op == OP_ENTER)
        c->in.gpr[R_EBP] = STACK + 0x1000 + rnd_below(0x800);
    if (c->insn.flags & INSN_STRING) {
        c->in.gpr[R_ESI] = target();
        c->in.gpr[R_EDI] = rnd_below(4) ? target() : c->in.gpr[R_ESI] + rnd_below(9) - 4;
        c->in.gpr[R_ECX] = rnd_below(200);
    }
    real_flat(&c->in);
    c->in.eip = CODE + 0x800;
    c->in.eflags = rnd() & (FL_ARITH | FL_DF);
    if (rnd_below(16) == 0)
        c->in.eflags |= FL_AC;
}

static bool operand_in_pages(const struct test_case *c)
{
    struct test_case popped = *c;
    if (c->insn.op == OP_POP)
        popped.in.gpr[R_ESP] += c->insn.opsize;
    uint32_t off = offset_of_operand(&popped);
    if (c->insn.op == OP_XLAT)
        off += c->in.gpr[R_EAX] & 0xff;
    return off >= DATA + 0x600 && off < RO + 0x800;
}

/* False: this one cannot be tried. */
static bool make_case(struct test_case *c)
{
    memset(c, 0, sizeof *c);
    put_bytes(c, &flat_prefixes);
    if (insn_decode(c->bytes, sizeof c->bytes, true, &c->insn) != DECODE_OK)
        return false;
    c->row = row_of(c->insn.op);
    if (!c->row || !runs_here(&c->insn) || !reaches_pages(&c->insn))
        return false;
    choose_registers(c);
    uint32_t where = target();
    bool string = c->insn.flags & INSN_STRING;
    if (touches_memory(&c->insn) && !string)
        aim(c, where);
    tame_bit_offset(c);
    make_it_meet(c, where);
    if (touches_memory(&c->insn) && !string && !operand_in_pages(c))
        return false;
    if (!plant_selectors(c))
        return false;
    c->whole = string && (c->insn.flags & (INSN_REP | INSN_REPNE)) && rnd_below(2);
    if (!c->whole)
        c->in.eflags |= FL_TF;
    return true;
}

/* ---- The tests ------------------------------------------------------------------ */

static void every_operation_agrees(void **state)
{
    unsigned cases = (unsigned)from_environment("REAL_CASES", 150000);
    (void)state;
    real_prepare(); /* here, because cmocka sets its own handlers before each test */
    seed = from_environment("REAL_SEED", 0x9e3779b97f4a7c15ul);
    assert_complete();
    make_pattern();
    assert_int_equal(try_cases(make_case, cases), 0);
    if (cases >= 60000)
        assert_executed();
}

/* ---- Chosen operands -------------------------------------------------------------- */

static void chosen(const uint8_t *bytes, size_t len, uint32_t eax, uint32_t edx, uint32_t ecx,
                   uint32_t eflags)
{
    struct test_case c;
    memset(&c, 0, sizeof c);
    memcpy(c.bytes, bytes, len);
    assert_int_equal(insn_decode(c.bytes, sizeof c.bytes, true, &c.insn), DECODE_OK);
    c.row = row_of(c.insn.op);
    c.in.gpr[R_EAX] = eax;
    c.in.gpr[R_EDX] = edx;
    c.in.gpr[R_ECX] = ecx;
    c.in.gpr[R_ESP] = STACK + 0x1000;
    real_flat(&c.in);
    c.in.eip = CODE + 0x800;
    c.in.eflags = eflags | FL_TF;
    assert_true(try_case(&c, 0));
}

/* Every AL with every CF and AF. */
static void decimal_adjustments(void **state)
{
    static const uint8_t adjust[4] = {0x27, 0x2f, 0x37, 0x3f};
    (void)state;
    real_prepare();
    for (unsigned n = 0; n < 4 * 256 * 4; n++) {
        uint32_t flags = (n & 1 ? FL_CF : 0u) | (n & 2 ? FL_AF : 0u);
        chosen(&adjust[n >> 10], 1, 0x1100 * (n & 3) + (n >> 2 & 0xff), 0, 0, flags);
    }
    for (unsigned al = 0; al < 256; al++) {
        const uint8_t aam[2] = {0xd4, (uint8_t)(al * 7)}, aad[2] = {0xd5, (uint8_t)(al * 11)};
        chosen(aam, 2, 0x1200 + al, 0, 0, 0);
        chosen(aad, 2, 0x9900 + al, 0, 0, 0);
    }
}

/* Dividends around Q * D for the quotients at the ends of the range, signed and unsigned. */
static void divide_around(unsigned size, int64_t q, int64_t d)
{
    static const uint8_t opcode[5] = {0, 0xf6, 0xf7, 0, 0xf7};
    for (int64_t off = -2; off <= 2; off++) {
        uint64_t a = (uint64_t)(q * d + off * (d ? d : 1) / 2 + off);
        uint32_t eax = size == 1 ? (uint32_t)a & 0xffff : (uint32_t)a;
        uint32_t edx = (uint32_t)(a >> (size == 2 ? 16 : 32));
        for (unsigned reg = 0xf1; reg <= 0xf9; reg += 8) /* div ecx, idiv ecx */
            chosen((const uint8_t[]){size == 2 ? 0x66 : 0x3e, opcode[size], (uint8_t)reg}, 3, eax,
                   edx, (uint32_t)d, 0);
    }
}

static void divisions_at_the_edge(void **state)
{
    static const int64_t divisors[] = {0, 1, -1, 2, -2, 3, -3, 7, -7, 127, -127, -128, 100};
    (void)state;
    real_prepare();
    for (unsigned size = 1; size <= 4; size *= 2) {
        int64_t half = 1ll << (8 * size - 1);
        const int64_t quotients[] = {0, 1, -1, half, -half, half - 1, half * 2, half * 2 - 1};
        for (size_t q = 0; q < ARRAY_SIZE(quotients); q++)
            for (size_t d = 0; d < ARRAY_SIZE(divisors); d++)
                divide_around(size, quotients[q], divisors[d]);
        for (size_t d = 0; d < ARRAY_SIZE(divisors); d++)
            chosen((const uint8_t[]){size == 2 ? 0x66 : 0x3e, size == 1 ? 0xf6 : 0xf7, 0xf9}, 3, 0,
                   0x80000000, (uint32_t)divisors[d], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_agrees),
        cmocka_unit_test(decimal_adjustments),
        cmocka_unit_test(divisions_at_the_edge),
    };
    return cmocka_run_group_tests(tests, build_machines_and_probe, NULL);
}
