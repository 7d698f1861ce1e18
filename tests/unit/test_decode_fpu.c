/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the decoder says of instructions that the host CPU runs for the guest (x87, MMX, SSE):
 * which memory, how much of it, and which field names a general register. And the use
 * of EFLAGS, on which the translator's proofs that flags are dead rest.
 */
#include <stdio.h>

#include "tests/unit/decode_helpers.h"

/* The memory operand has SIZE bytes and is read or written. */
static void moves(const char *hex, enum op op, unsigned size, unsigned access)
{
    d32(hex);
    is(&insn, op, insn.nopd);
    assert_true(insn.flags & INSN_FPU);
    for (unsigned n = 0; n < insn.nopd; n++) {
        if (insn.opd[n].kind == OPD_MEM) {
            assert_int_equal(insn.opd[n].size, size);
            assert_int_equal(insn.opd[n].access, access);
            return;
        }
    }
    fail_msg("%s has no memory operand", hex);
}

static void x87_memory(void **state)
{
    const unsigned R = ACC_READ, W = ACC_WRITE;

    (void)state;
    moves("d8 00", OP_X87, 4, R);
    moves("d9 00", OP_X87, 4, R);
    moves("d9 18", OP_X87, 4, W);
    moves("d9 20", OP_X87, 28, R);
    moves("66 d9 20", OP_X87, 14, R);
    moves("d9 30", OP_X87, 28, W);
    moves("66 d9 30", OP_X87, 14, W);
    moves("d9 28", OP_X87, 2, R);
    moves("d9 38", OP_X87, 2, W);
    moves("db 28", OP_X87, 10, R);
    moves("db 38", OP_X87, 10, W);
    moves("dc 00", OP_X87, 8, R);
    moves("dd 18", OP_X87, 8, W);
    moves("dd 20", OP_X87, 108, R);
    moves("dd 30", OP_X87, 108, W);
    moves("66 dd 30", OP_X87, 94, W);
    moves("dd 38", OP_X87, 2, W);
    moves("dd 08", OP_X87, 8, W);
    moves("de 00", OP_X87, 2, R);
    moves("df 20", OP_X87, 10, R);
    moves("df 30", OP_X87, 10, W);
    moves("df 28", OP_X87, 8, R);
    moves("df 38", OP_X87, 8, W);
    invalid(d32("d9 08"));
    invalid(d32("db 20"));
    invalid(d32("dd 28"));
}

static void x87_registers(void **state)
{
    (void)state;
    is(d32("d8 c3"), OP_X87, 2);
    has(&insn, 0, OPD_ST, 0, 10, ACC_RW);
    has(&insn, 1, OPD_ST, 3, 10, ACC_READ);
    is(d32("de c1"), OP_X87, 2);
    has(&insn, 0, OPD_ST, 1, 10, ACC_RW);
    is(d32("d9 c7"), OP_X87, 1);
    is(d32("d9 e8"), OP_X87, 0);
    is(d32("db e3"), OP_X87, 0);
    is(d32("df e0"), OP_X87, 1);
    has(&insn, 0, OPD_GPR, R_EAX, 2, ACC_WRITE);
    assert_int_equal(insn.opd[0].field, FIELD_NONE);
    is(d32("9b"), OP_WAIT, 0);
    invalid(d32("d9 d1"));
    invalid(d32("d9 ef"));
    invalid(d32("da e8"));
    is(d32("da e9"), OP_X87, 0);
    invalid(d32("df e1"));
    invalid(d32("de d8"));
}

static void mmx(void **state)
{
    (void)state;
    moves("0f 6f 07", OP_MMX, 8, ACC_READ);
    moves("0f 7f 07", OP_MMX, 8, ACC_WRITE);
    moves("0f 60 07", OP_MMX, 4, ACC_READ);
    moves("0f e7 07", OP_MMX, 8, ACC_WRITE);
    moves("0f 6e 07", OP_MMX, 4, ACC_READ);
    is(d32("0f 6e c4"), OP_MMX, 2);
    has(&insn, 0, OPD_MM, 0, 8, ACC_RW);
    has(&insn, 1, OPD_GPR, R_ESP, 4, ACC_READ);
    assert_int_equal(insn.opd[1].field, FIELD_RM);
    is(d32("0f 7e c4"), OP_MMX, 2);
    has(&insn, 0, OPD_GPR, R_ESP, 4, ACC_WRITE);
    is(d32("0f d7 e0"), OP_MMX, 2);
    has(&insn, 0, OPD_GPR, R_ESP, 4, ACC_WRITE);
    assert_int_equal(insn.opd[0].field, FIELD_REG);
    is(d32("0f 71 d0 05"), OP_MMX, 2);
    is(d32("0f 77"), OP_MMX, 0);
    invalid(d32("0f 71 10 05"));
    invalid(d32("0f 73 d8 05"));
    invalid(d32("f3 0f fc"));
    invalid(d32("0f d7 00"));
}

static void sse(void **state)
{
    const unsigned R = ACC_READ, W = ACC_WRITE;

    (void)state;
    moves("0f 28 07", OP_SSE, 16, R);
    assert_true(insn.flags & INSN_ALIGN16);
    moves("0f 29 07", OP_SSE, 16, W);
    moves("0f 10 07", OP_SSE, 16, R);
    assert_int_equal(insn.flags & INSN_ALIGN16, 0);
    moves("f3 0f 10 07", OP_SSE, 4, R);
    moves("f2 0f 11 07", OP_SSE, 8, W);
    moves("66 f2 0f 11 07", OP_SSE, 8, W); /* F2 goes before 66 */
    moves("f3 f2 0f 11 07", OP_SSE, 8, W); /* the last one counts */
    moves("0f 16 07", OP_SSE, 8, R);
    moves("66 0f d6 07", OP_SSE, 8, W);
    moves("f3 0f 7e 07", OP_SSE, 8, R);
    moves("66 0f 6f 07", OP_SSE, 16, R);
    assert_true(insn.flags & INSN_ALIGN16);
    moves("f3 0f 6f 07", OP_SSE, 16, R);
    assert_int_equal(insn.flags & INSN_ALIGN16, 0);
    moves("66 0f 38 22 07", OP_SSE, 2, R);
    moves("66 0f 3a 14 07 00", OP_SSE, 1, W);
    moves("66 0f 3a 61 07 00", OP_SSE, 16, R);
    assert_int_equal(insn.flags & INSN_ALIGN16, 0);
    moves("0f ae 07", OP_FXSAVE, 512, W);
    assert_true(insn.flags & INSN_ALIGN16);
    moves("0f ae 0f", OP_FXRSTOR, 512, R);
    moves("0f ae 17", OP_LDMXCSR, 4, R);
    moves("0f ae 1f", OP_STMXCSR, 4, W);
    is(d32("66 0f 73 d8 05"), OP_SSE, 2);
    is(d32("f3 0f 2d e1"), OP_SSE, 2);
    has(&insn, 0, OPD_GPR, R_ESP, 4, W);
    has(&insn, 1, OPD_XMM, 1, 16, R);
    invalid(d32("0f 13 c0"));
    invalid(d32("66 0f 12 c0"));
    invalid(d32("0f 38 10"));
    invalid(d32("f3 0f ae"));
}

static void stores_through_edi(void **state)
{
    (void)state;
    moves("0f f7 c1", OP_MMX, 8, ACC_WRITE);
    assert_true(insn.flags & INSN_IMPLICIT_MEM);
    assert_int_equal(insn.mem.base, R_EDI);
    assert_int_equal(insn.mem.seg, S_DS);
    assert_int_equal(insn.nopd, 3);
    moves("64 66 0f f7 c1", OP_SSE, 16, ACC_WRITE);
    assert_int_equal(insn.mem.seg, S_FS);
    assert_true(insn.flags & INSN_IMPLICIT_MEM);
    is(d32("65 d7"), OP_XLAT, 1);
    has(&insn, 0, OPD_MEM, 0, 1, ACC_READ);
    assert_int_equal(insn.mem.base, R_EBX);
    assert_int_equal(insn.mem.seg, S_GS);
    assert_true(insn.flags & INSN_IMPLICIT_MEM);
    assert_int_equal(d32("8b 00")->flags & INSN_IMPLICIT_MEM, 0);
}

static void integer_with_sse_prefixes(void **state)
{
    (void)state;
    is(d32("f3 0f b8 c1"), OP_POPCNT, 2);
    invalid(d32("0f b8"));
    is(d32("f3 0f bc c1"), OP_BSF, 2);
    is(d32("f3 0f bd c1"), OP_BSR, 2);
    is(d32("0f 38 f0 07"), OP_MOVBE, 2);
    has(&insn, 1, OPD_MEM, 0, 4, ACC_READ);
    is(d32("66 0f 38 f1 07"), OP_MOVBE, 2);
    has(&insn, 0, OPD_MEM, 0, 2, ACC_WRITE);
    is(d32("f2 0f 38 f0 c4"), OP_CRC32, 2);
    has(&insn, 1, OPD_GPR, 4, 1, ACC_READ);
    is(d32("66 f2 0f 38 f1 c1"), OP_CRC32, 2);
    has(&insn, 0, OPD_GPR, R_EAX, 4, ACC_RW);
    has(&insn, 1, OPD_GPR, R_ECX, 2, ACC_READ);
    is(d32("0f c3 07"), OP_MOVNTI, 2);
    assert_int_equal(insn.flags & INSN_FPU, 0);
    invalid(d32("0f c3 c0"));
    is(d32("66 0f c7 0f"), OP_CMPXCHG8B, 1);
    has(&insn, 0, OPD_MEM, 0, 8, ACC_RW);
}

static void uses(const char *hex, uint32_t read, uint32_t written)
{
    d32(hex);
    assert_int_equal(insn.flags_read, read);
    assert_int_equal(insn.flags_written, written);
}

static void eflags(void **state)
{
    const uint32_t all = FL_ARITH, saved = FL_ARITH | FL_DF;

    (void)state;
    uses("01 c0", 0, all);
    uses("11 c0", FL_CF, all);
    uses("40", 0, all & ~(uint32_t)FL_CF);
    uses("f7 d0", 0, 0);
    uses("0f a3 c0", 0, all & ~(uint32_t)FL_ZF);
    uses("9c", saved, 0);
    uses("9d", 0, saved);
    uses("f5", FL_CF, FL_CF);
    uses("fc", 0, FL_DF);
    uses("9e", 0, all & ~(uint32_t)FL_OF);
    uses("27", FL_CF | FL_AF, all);
    uses("0f c7 08", 0, FL_ZF);
    uses("0f 2e c1", 0, all);
    uses("66 0f 38 17 c1", 0, all);
    uses("66 0f 3a 63 c1 00", 0, all);
    uses("db f1", 0, FL_ZF | FL_PF | FL_CF);
    uses("da c1", FL_CF, 0);
    uses("e1 00", FL_ZF, 0);
    uses("cd 80", saved, 0);
    uses("cf", saved, saved);
}

/* A count of zero writes nothing, so only a count that is known may be said to write. */
static void eflags_of_shifts_and_strings(void **state)
{
    (void)state;
    uses("d1 e0", 0, FL_ARITH);
    uses("c1 e0 04", 0, FL_ARITH);
    uses("c1 e0 10", 0, FL_ARITH);
    uses("c1 e0 20", 0, 0);
    uses("d3 e0", 0, 0);
    uses("d3 d0", FL_CF, 0);
    uses("c1 c0 01", 0, FL_CF | FL_OF);
    uses("c1 c0 00", 0, 0);
    uses("c0 d0 e0", FL_CF, 0);
    uses("0f a4 c0 00", 0, 0);
    uses("0f a4 c0 1f", 0, FL_ARITH);
    uses("0f a5 c0", 0, 0);
    uses("a6", FL_DF, FL_ARITH);
    uses("f3 a6", FL_DF, 0);
    uses("f2 ae", FL_DF, 0);
    uses("f3 a4", FL_DF, 0);
}

static void eflags_of_conditions(void **state)
{
    static const uint32_t reads[16] = {FL_OF,
                                       FL_OF,
                                       FL_CF,
                                       FL_CF,
                                       FL_ZF,
                                       FL_ZF,
                                       FL_CF | FL_ZF,
                                       FL_CF | FL_ZF,
                                       FL_SF,
                                       FL_SF,
                                       FL_PF,
                                       FL_PF,
                                       FL_SF | FL_OF,
                                       FL_SF | FL_OF,
                                       FL_SF | FL_OF | FL_ZF,
                                       FL_SF | FL_OF | FL_ZF};
    static const char *const forms[] = {"7%x 00", "0f 8%x 00 00 00 00", "0f 9%x c0", "0f 4%x c1"};

    (void)state;
    for (unsigned cond = 0; cond < 16; cond++) {
        for (unsigned f = 0; f < ARRAY_SIZE(forms); f++) {
            char hex[32];
            snprintf(hex, sizeof hex, forms[f], cond);
            uses(hex, reads[cond], 0);
            assert_int_equal(insn.cond, cond);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x87_memory),
        cmocka_unit_test(x87_registers),
        cmocka_unit_test(mmx),
        cmocka_unit_test(sse),
        cmocka_unit_test(stores_through_edi),
        cmocka_unit_test(integer_with_sse_prefixes),
        cmocka_unit_test(eflags),
        cmocka_unit_test(eflags_of_shifts_and_strings),
        cmocka_unit_test(eflags_of_conditions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
