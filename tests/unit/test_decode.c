/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The decoder against hand-picked encodings: one field of struct insn at a time, prefixes,
 * the 15-byte limit, and every truncation of every sample. test_decode_golden.c has the
 * breadth, test_decode_oracle.c the other decoders.
 */
#include "tests/unit/decode_helpers.h"

static void addresses(const struct insn *i, enum sreg seg, unsigned base, unsigned index,
                      unsigned scale, int32_t disp)
{
    assert_int_equal(i->mem.seg, seg);
    assert_int_equal(i->mem.base, base);
    assert_int_equal(i->mem.index, index);
    assert_int_equal(i->mem.scale, scale);
    assert_int_equal(i->mem.disp, disp);
}

static void memory_32(void **state)
{
    (void)state;
    is(d32("8b 45 08"), OP_MOV, 2);
    has(&insn, 0, OPD_GPR, R_EAX, 4, ACC_WRITE);
    has(&insn, 1, OPD_MEM, 0, 4, ACC_READ);
    addresses(&insn, S_SS, R_EBP, R_NONE, 1, 8);
    assert_int_equal(insn.disp_offset, 2);
    assert_int_equal(insn.disp_size, 1);
    assert_int_equal(insn.modrm_offset, 1);
    addresses(d32("8b 00"), S_DS, R_EAX, R_NONE, 1, 0);
    assert_int_equal(insn.disp_size, 0);
    addresses(d32("8b 05 f0 ff ff ff"), S_DS, R_NONE, R_NONE, 1, -16);
    addresses(d32("8b 84 88 00 00 00 80"), S_DS, R_EAX, R_ECX, 4, INT32_MIN);
    assert_int_equal(insn.disp_offset, 3);
    assert_int_equal(insn.disp_size, 4);
    addresses(d32("8b 04 24"), S_SS, R_ESP, R_NONE, 1, 0);
    addresses(d32("8b 44 24 fc"), S_SS, R_ESP, R_NONE, 1, -4);
    addresses(d32("8b 04 c5 44 33 22 11"), S_DS, R_NONE, R_EAX, 8, 0x11223344);
    addresses(d32("8b 44 2d 00"), S_SS, R_EBP, R_EBP, 1, 0);
    addresses(d32("8b 04 6b"), S_DS, R_EBX, R_EBP, 2, 0);
    addresses(d32("67 8b 42 f0"), S_SS, R_EBP, R_ESI, 1, -16);
    assert_int_equal(insn.addrsize, 2);
}

static void memory_16(void **state)
{
    (void)state;
    addresses(d16("8b 00"), S_DS, R_EBX, R_ESI, 1, 0);
    addresses(d16("8b 01"), S_DS, R_EBX, R_EDI, 1, 0);
    addresses(d16("8b 02"), S_SS, R_EBP, R_ESI, 1, 0);
    addresses(d16("8b 03"), S_SS, R_EBP, R_EDI, 1, 0);
    addresses(d16("8b 04"), S_DS, R_ESI, R_NONE, 1, 0);
    addresses(d16("8b 05"), S_DS, R_EDI, R_NONE, 1, 0);
    addresses(d16("8b 06 34 f2"), S_DS, R_NONE, R_NONE, 1, -0xdcc);
    assert_int_equal(insn.disp_size, 2);
    addresses(d16("8b 07"), S_DS, R_EBX, R_NONE, 1, 0);
    addresses(d16("8b 46 80"), S_SS, R_EBP, R_NONE, 1, -128);
    addresses(d16("8b 87 00 80"), S_DS, R_EBX, R_NONE, 1, -32768);
    has(&insn, 0, OPD_GPR, R_EAX, 2, ACC_WRITE);
    addresses(d16("67 8b 04 24"), S_SS, R_ESP, R_NONE, 1, 0);
    has(d16("66 8b 07"), 0, OPD_GPR, R_EAX, 4, ACC_WRITE);
    assert_int_equal(insn.opsize, 4);
}

static void segment_overrides(void **state)
{
    static const char *const samples[S_COUNT] = {"26 8b 45 00", "2e 8b 45 00", "36 8b 45 00",
                                                 "3e 8b 45 00", "64 8b 45 00", "65 8b 45 00"};
    (void)state;
    for (unsigned s = 0; s < S_COUNT; s++) {
        addresses(d32(samples[s]), (enum sreg)s, R_EBP, R_NONE, 1, 0);
        assert_true(insn.flags & INSN_SEG_OVERRIDE);
    }
    assert_int_equal(d32("8b 45 00")->flags & INSN_SEG_OVERRIDE, 0);
    addresses(d32("65 2e 64 8b 00"), S_FS, R_EAX, R_NONE, 1, 0); /* the last one counts */
    addresses(d32("64 a1 10 00 00 00"), S_FS, R_NONE, R_NONE, 1, 16);
    assert_int_equal(d32("26 90")->flags & INSN_SEG_OVERRIDE, 0);
    assert_int_equal(d32("64 8e c0")->flags & INSN_SEG_OVERRIDE, 0);
}

static void registers(void **state)
{
    (void)state;
    is(d32("00 e1"), OP_ADD, 2);
    has(&insn, 0, OPD_GPR, R_ECX, 1, ACC_RW);
    has(&insn, 1, OPD_GPR, 4, 1, ACC_READ); /* AH */
    assert_int_equal(insn.opd[0].field, FIELD_RM);
    assert_int_equal(insn.opd[1].field, FIELD_REG);
    is(d32("66 03 c7"), OP_ADD, 2);
    has(&insn, 0, OPD_GPR, R_EAX, 2, ACC_RW);
    has(&insn, 1, OPD_GPR, R_EDI, 2, ACC_READ);
    assert_int_equal(insn.opd[0].field, FIELD_REG);
    is(d32("4d"), OP_DEC, 1);
    has(&insn, 0, OPD_GPR, R_EBP, 4, ACC_RW);
    assert_int_equal(insn.opd[0].field, FIELD_OPCODE);
    is(d32("93"), OP_XCHG, 2);
    has(&insn, 0, OPD_GPR, R_EBX, 4, ACC_RW);
    has(&insn, 1, OPD_GPR, R_EAX, 4, ACC_RW);
    assert_int_equal(insn.opd[0].field, FIELD_OPCODE);
    assert_int_equal(insn.opd[1].field, FIELD_NONE);
    is(d32("0f ce"), OP_BSWAP, 1);
    has(&insn, 0, OPD_GPR, R_ESI, 4, ACC_RW);
    is(d32("b7 12"), OP_MOV, 2);
    has(&insn, 0, OPD_GPR, 7, 1, ACC_WRITE);
    is(d32("0f b6 c4"), OP_MOVZX, 2);
    has(&insn, 0, OPD_GPR, R_EAX, 4, ACC_WRITE);
    has(&insn, 1, OPD_GPR, 4, 1, ACC_READ);
    is(d32("66 0f bf c8"), OP_MOVSX, 2);
    has(&insn, 0, OPD_GPR, R_ECX, 2, ACC_WRITE);
    has(&insn, 1, OPD_GPR, R_EAX, 2, ACC_READ);
}

static void immediates(void **state)
{
    (void)state;
    assert_int_equal(d32("83 c0 80")->imm, 0xffffff80);
    has(&insn, 1, OPD_IMM, 0, 4, ACC_READ);
    assert_int_equal(insn.imm_size, 1);
    assert_int_equal(insn.imm_offset, 2);
    assert_int_equal(d32("80 c0 80")->imm, 0x80);
    assert_int_equal(d32("82 c0 80")->op, OP_ADD);
    assert_int_equal(d32("81 c0 78 56 34 82")->imm, 0x82345678);
    assert_int_equal(d32("66 81 c0 34 82")->imm, 0x8234);
    has(&insn, 1, OPD_IMM, 0, 2, ACC_READ);
    assert_int_equal(d32("6a ff")->imm, 0xffffffff);
    is(d32("68 01 02 03 04"), OP_PUSH, 1);
    assert_int_equal(insn.imm, 0x04030201);
    is(d32("c7 05 11 22 33 44 55 66 77 88"), OP_MOV, 2);
    assert_int_equal(insn.mem.disp, 0x44332211);
    assert_int_equal(insn.imm, 0x88776655);
    assert_int_equal(insn.imm_offset, 6);
    is(d32("c8 34 12 1f"), OP_ENTER, 2);
    assert_int_equal(insn.imm, 0x1234);
    assert_int_equal(insn.imm2, 0x1f);
    has(&insn, 1, OPD_IMM2, 0, 1, ACC_READ);
    assert_int_equal(d32("c2 fe ff")->imm, 0xfffe);
    assert_int_equal(d32("cd 80")->imm, 0x80);
    is(d32("d4 0a"), OP_AAM, 1);
}

static void one_op_many_forms(void **state)
{
    (void)state;
    is(d32("f7 e9"), OP_IMUL, 1);
    has(&insn, 0, OPD_GPR, R_ECX, 4, ACC_READ);
    is(d32("0f af c1"), OP_IMUL, 2);
    has(&insn, 0, OPD_GPR, R_EAX, 4, ACC_RW);
    is(d32("69 c1 00 01 00 00"), OP_IMUL, 3);
    has(&insn, 0, OPD_GPR, R_EAX, 4, ACC_WRITE);
    has(&insn, 2, OPD_IMM, 0, 4, ACC_READ);
    assert_int_equal(d32("6b c1 fe")->imm, 0xfffffffe);
    is(d32("f6 c8 01"), OP_TEST, 2); /* the aliases */
    is(d32("f7 c8 01 02 03 04"), OP_TEST, 2);
    is(d32("c0 f0 03"), OP_SHL, 2);
    is(d32("d3 f0"), OP_SHL, 2);
    has(&insn, 1, OPD_GPR, R_ECX, 1, ACC_READ);
    is(d32("d1 f8"), OP_SAR, 2);
    has(&insn, 1, OPD_IMM, 0, 1, ACC_READ);
    assert_int_equal(insn.imm, 1);
    assert_int_equal(insn.imm_size, 0);
    is(d32("0f a4 d8 05"), OP_SHLD, 3);
    is(d32("0f ad d8"), OP_SHRD, 3);
    has(&insn, 2, OPD_GPR, R_ECX, 1, ACC_READ);
    is(d32("8f 00"), OP_POP, 1);
    has(&insn, 0, OPD_MEM, 0, 4, ACC_WRITE);
    is(d32("ff 30"), OP_PUSH, 1);
    is(d32("0f ba 28 1f"), OP_BTS, 2);
    has(&insn, 0, OPD_MEM, 0, 4, ACC_RW);
}

static void branches(void **state)
{
    (void)state;
    is(d32("e8 fb ff ff ff"), OP_CALL, 1);
    has(&insn, 0, OPD_REL, 0, 4, ACC_READ);
    assert_int_equal(insn.imm, 0xfffffffb);
    assert_true(insn.flags & INSN_BRANCH);
    is(d32("66 e9 fe ff"), OP_JMP, 1);
    assert_int_equal(insn.opsize, 2);
    assert_int_equal(insn.imm, 0xfffffffe);
    is(d32("7f 80"), OP_JCC, 1);
    assert_int_equal(insn.cond, 15);
    assert_int_equal(insn.imm, 0xffffff80);
    assert_int_equal(d32("0f 82 00 00 00 00")->cond, 2);
    is(d32("67 e3 00"), OP_JCXZ, 1);
    assert_int_equal(insn.addrsize, 2);
    is(d32("e0 00"), OP_LOOPNE, 1);
    is(d32("e1 00"), OP_LOOPE, 1);
    is(d32("ff 20"), OP_JMP_IND, 1);
    has(&insn, 0, OPD_MEM, 0, 4, ACC_READ);
    is(d32("ff d0"), OP_CALL_IND, 1);
    is(d32("c3"), OP_RET, 0);
    is(d32("f2 c3"), OP_RET, 0);
    assert_int_equal(d32("40")->flags & INSN_BRANCH, 0);
}

static void far_transfers(void **state)
{
    (void)state;
    is(d32("9a 44 33 22 11 08 00"), OP_CALL_FAR, 2);
    has(&insn, 0, OPD_IMM2, 0, 2, ACC_READ);
    has(&insn, 1, OPD_IMM, 0, 4, ACC_READ);
    assert_int_equal(insn.imm, 0x11223344);
    assert_int_equal(insn.imm2, 8);
    assert_int_equal(insn.imm_offset, 1);
    assert_int_equal(insn.imm_size, 4);
    is(d16("ea 22 11 00 f0"), OP_JMP_FAR, 2);
    assert_int_equal(insn.imm, 0x1122);
    assert_int_equal(insn.imm2, 0xf000);
    is(d32("ff 28"), OP_JMP_FAR_IND, 1);
    has(&insn, 0, OPD_MEM, 0, 6, ACC_READ);
    is(d16("ff 18"), OP_CALL_FAR_IND, 1);
    has(&insn, 0, OPD_MEM, 0, 4, ACC_READ);
    invalid(d32("ff e8"));
    invalid(d32("ff d8"));
    invalid(d32("ff f8"));
    is(d32("ca 04 00"), OP_RET_FAR, 1);
    is(d32("0f b2 00"), OP_LSS, 2);
    has(&insn, 1, OPD_MEM, 0, 6, ACC_READ);
    is(d32("66 c5 00"), OP_LDS, 2);
    has(&insn, 0, OPD_GPR, R_EAX, 2, ACC_WRITE);
    has(&insn, 1, OPD_MEM, 0, 4, ACC_READ);
}

static void segments(void **state)
{
    (void)state;
    is(d32("8c d8"), OP_MOV_FROM_SREG, 2);
    has(&insn, 0, OPD_GPR, R_EAX, 4, ACC_WRITE);
    has(&insn, 1, OPD_SREG, S_DS, 2, ACC_READ);
    is(d32("8c 18"), OP_MOV_FROM_SREG, 2);
    has(&insn, 0, OPD_MEM, 0, 2, ACC_WRITE);
    is(d32("8e d0"), OP_MOV_TO_SREG, 2);
    has(&insn, 0, OPD_SREG, S_SS, 2, ACC_WRITE);
    has(&insn, 1, OPD_GPR, R_EAX, 2, ACC_READ);
    invalid(d32("8e c8"));
    invalid(d32("8e f0"));
    invalid(d32("8c f8"));
    is(d32("0e"), OP_PUSH_SREG, 1);
    has(&insn, 0, OPD_SREG, S_CS, 4, ACC_READ);
    is(d32("66 0f a1"), OP_POP_SREG, 1);
    has(&insn, 0, OPD_SREG, S_FS, 2, ACC_WRITE);
    is(d32("0f a8"), OP_PUSH_SREG, 1);
    has(&insn, 0, OPD_SREG, S_GS, 4, ACC_READ);
    is(d32("63 c8"), OP_ARPL, 2);
    assert_int_equal(insn.flags & INSN_SENSITIVE, 0);
    is(d32("0f 00 c0"), OP_SLDT, 1);
    has(&insn, 0, OPD_GPR, R_EAX, 4, ACC_WRITE);
    is(d32("0f 00 08"), OP_STR, 1);
    has(&insn, 0, OPD_MEM, 0, 2, ACC_WRITE);
    is(d32("0f 01 08"), OP_SIDT, 1);
    has(&insn, 0, OPD_MEM, 0, 6, ACC_WRITE);
}

static void system_instructions(void **state)
{
    (void)state;
    is(d32("0f 20 d8"), OP_MOV_FROM_CR, 2);
    has(&insn, 0, OPD_GPR, R_EAX, 4, ACC_WRITE);
    has(&insn, 1, OPD_CR, 3, 4, ACC_READ);
    is(d16("0f 22 05"), OP_MOV_TO_CR, 2); /* mod is ignored */
    has(&insn, 0, OPD_CR, 0, 4, ACC_WRITE);
    has(&insn, 1, OPD_GPR, R_EBP, 4, ACC_READ);
    invalid(d32("0f 22 c8"));
    invalid(d32("0f 20 f8"));
    is(d32("0f 23 7c"), OP_MOV_TO_DR, 2);
    has(&insn, 0, OPD_DR, 7, 4, ACC_WRITE);
    is(d32("0f 01 38"), OP_INVLPG, 1);
    has(&insn, 0, OPD_MEM, 0, 0, 0);
    invalid(d32("0f 01 f8")); /* SWAPGS */
    is(d32("0f 01 c1"), OP_VMCALL, 0);
    is(d32("0f 01 d9"), OP_VMMCALL, 0);
    invalid(d32("0f 01 c8"));
    invalid(d32("0f 01 c0"));
    is(d32("0f 01 e0"), OP_SMSW, 1);
    is(d32("0f 01 30"), OP_LMSW, 1);
    is(d32("e4 60"), OP_IN, 2);
    has(&insn, 0, OPD_GPR, R_EAX, 1, ACC_WRITE);
    has(&insn, 1, OPD_IMM, 0, 1, ACC_READ);
    is(d32("66 ef"), OP_OUT, 2);
    has(&insn, 0, OPD_GPR, R_EDX, 2, ACC_READ);
    has(&insn, 1, OPD_GPR, R_EAX, 2, ACC_READ);
    is(d32("0f 0b"), OP_UD2, 0);
    is(d32("0f b9 04 24"), OP_UD1, 2);
    is(d32("0f ff 45 00"), OP_UD0, 2);
    invalid(d32("0f 04"));
    invalid(d32("c5 c0"));
    invalid(d32("c4 c0"));
    invalid(d32("62 c0"));
    invalid(d32("8d c0"));
}

static void strings(void **state)
{
    (void)state;
    is(d32("f3 a5"), OP_MOVS, 0);
    assert_int_equal(insn.opd[0].size, 4);
    assert_int_equal(insn.opd[0].kind, OPD_NONE);
    assert_int_equal(insn.mem.seg, S_DS);
    assert_true(insn.flags & INSN_STRING);
    assert_int_equal(insn.flags & (INSN_REP | INSN_REPNE), INSN_REP);
    is(d32("64 66 a5"), OP_MOVS, 0);
    assert_int_equal(insn.opd[0].size, 2);
    assert_int_equal(insn.mem.seg, S_FS);
    assert_int_equal(d32("64 aa")->mem.seg, S_ES); /* the destination has no override */
    assert_int_equal(insn.flags & INSN_SEG_OVERRIDE, 0);
    assert_int_equal(d32("f2 ae")->flags & (INSN_REP | INSN_REPNE), INSN_REPNE);
    assert_int_equal(d32("f3 f2 a6")->flags & (INSN_REP | INSN_REPNE), INSN_REPNE);
    assert_int_equal(d32("f2 f3 a6")->flags & (INSN_REP | INSN_REPNE), INSN_REP);
    assert_int_equal(d32("f3 40")->flags & (INSN_REP | INSN_F3), INSN_F3);
    is(d32("f3 6c"), OP_INS, 0);
    assert_true(insn.flags & INSN_SENSITIVE);
    is(d32("2e 6f"), OP_OUTS, 0);
    assert_int_equal(insn.mem.seg, S_CS);
}

static void nops(void **state)
{
    (void)state;
    is(d32("90"), OP_NOP, 0);
    is(d32("66 90"), OP_NOP, 0);
    is(d32("f3 90"), OP_PAUSE, 0);
    is(d32("f2 90"), OP_NOP, 0);
    is(d32("0f 1f 44 00 00"), OP_NOP, 1);
    has(&insn, 0, OPD_MEM, 0, 4, 0);
    is(d32("f3 0f 1e fb"), OP_NOP, 1); /* ENDBR32 */
    is(d32("0f 18 c8"), OP_NOP, 1);
    is(d32("0f 18 08"), OP_PREFETCH, 1);
    has(&insn, 0, OPD_MEM, 0, 1, 0);
    is(d32("0f 0d 08"), OP_PREFETCH, 1);
    is(d32("0f ae e8"), OP_LFENCE, 0);
    is(d32("0f ae f7"), OP_MFENCE, 0);
    is(d32("0f ae f8"), OP_SFENCE, 0);
    is(d32("0f ae 38"), OP_CLFLUSH, 1);
    invalid(d32("66 0f ae"));
}

static void locks(void **state)
{
    static const char *const good[] = {"f0 01 00", "f0 0f b0 08",    "f0 0f c7 08",
                                       "f0 87 00", "f0 0f ba 28 00", "f0 ff 08",
                                       "f0 f7 10", "f0 0f c1 18"};
    static const char *const bad[] = {"f0 01 c0",       "f0 03 00",    "f0 8b 00", "f0 39 00",
                                      "f0 0f ba 20 00", "f0 0f a3 00", "f0 90",    "f0 c1 20 01",
                                      "f0 d9 00",       "f0 0f 6f 00", "f0 8f 00", "f0 0f 0b"};
    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(good); n++)
        assert_int_equal(d32(good[n])->flags & (INSN_LOCK | INSN_BAD_LOCK), INSN_LOCK);
    for (unsigned n = 0; n < ARRAY_SIZE(bad); n++)
        assert_true(d32(bad[n])->flags & INSN_BAD_LOCK);
    assert_int_equal(d32("01 00")->flags & (INSN_LOCK | INSN_BAD_LOCK), 0);
}

static void privilege(void **state)
{
    static const char *const privileged[] = {
        "f4",       "0f 06",    "0f 08",    "0f 09",    "0f 30", "0f 32",   "0f 22 c0",
        "0f 01 10", "0f 01 38", "0f 00 d0", "0f 01 f0", "0f 35", "0f 23 c0"};
    static const char *const sensitive[] = {
        "9c",       "9d",       "fa",       "fb",       "cf",       "cc",       "cd 80",
        "ec",       "6e",       "0f a2",    "0f 31",    "8c c8",    "8e d8",    "06",
        "07",       "0f 01 00", "0f 00 00", "0f 01 20", "0f 02 c0", "0f 03 c0", "cb",
        "0f 00 e0", "0f 34",    "0f 01 c1", "ff 28",    "c4 00",    "0f 33"};
    static const char *const harmless[] = {"90",       "8b 00", "e8 00 00 00 00", "c3", "9b",
                                           "0f 0d 00", "f3 a4", "0f ae e8",       "60", "c9",
                                           "9e",       "62 00"};
    const unsigned both = INSN_PRIVILEGED | INSN_SENSITIVE;

    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(privileged); n++)
        assert_int_equal(d32(privileged[n])->flags & both, both);
    for (unsigned n = 0; n < ARRAY_SIZE(sensitive); n++)
        assert_int_equal(d32(sensitive[n])->flags & both, INSN_SENSITIVE);
    for (unsigned n = 0; n < ARRAY_SIZE(harmless); n++)
        assert_int_equal(d32(harmless[n])->flags & both, 0);
}

static void undefined_opcodes_have_their_length(void **state)
{
    (void)state;
    invalid(d32("0f 01 ea"));
    invalid(d32("fe 50 00"));
    invalid(d32("c6 48 01 02"));
    invalid(d32("0f c7 b4 24 01 02 03 04"));
    invalid(d32("8f c8"));
    invalid(d32("0f 38 ff"));
    invalid(d32("0f 3a 00"));
    invalid(d32("f3 0f 38 f0"));
    invalid(d32("64 fe 10"));
}

static void the_limit_of_15_bytes(void **state)
{
    uint8_t bytes[32];

    (void)state;
    for (unsigned nop = 0; nop < sizeof bytes; nop++) {
        memset(bytes, 0x66, sizeof bytes);
        bytes[nop] = 0x90;
        enum decode_result r = insn_decode(bytes, sizeof bytes, true, &insn);
        assert_int_equal(r, nop < INSN_MAX ? DECODE_OK : DECODE_TOO_LONG);
        if (nop < INSN_MAX)
            assert_int_equal(insn.len, nop + 1);
    }
    assert_int_equal(insn_decode(bytes, 14, true, &insn), DECODE_SHORT);
    assert_int_equal(insn_decode(bytes, 15, true, &insn), DECODE_TOO_LONG);
    assert_int_equal(insn_decode(bytes, 0, true, &insn), DECODE_SHORT);
    /* 15 bytes fit, a 16th does not, whatever it is part of. */
    d32("66 66 66 66 65 65 65 65 c7 00 44 33");
    d32("65 65 65 65 c7 84 88 11 22 33 44 55 66 77 88");
    parse("65 65 65 65 65 c7 84 88 11 22 33 44 55 66 77 88", bytes, sizeof bytes);
    assert_int_equal(insn_decode(bytes, 16, true, &insn), DECODE_TOO_LONG);
}

static void prefixes_are_recorded(void **state)
{
    (void)state;
    d32("66 67 f2 f3 65 0f af 07");
    assert_int_equal(insn.prefix_len, 5);
    assert_int_equal(insn.opcode_offset, 6);
    assert_int_equal(insn.modrm_offset, 7);
    assert_int_equal(insn.map, 1);
    assert_int_equal(insn.opcode, 0xaf);
    assert_int_equal(insn.modrm, 7);
    const unsigned all = INSN_66 | INSN_67 | INSN_F2 | INSN_F3;
    assert_int_equal(insn.flags & all, all);
    assert_true(insn.flags & INSN_MODRM);
    assert_int_equal(insn.opsize, 2);
    assert_int_equal(insn.addrsize, 2);
    d32("66 66 40");
    assert_int_equal(insn.opsize, 2);
    d16("66 40");
    assert_int_equal(insn.opsize, 4);
    assert_int_equal(d32("66 0f 3a 0f c1 04")->opcode_offset, 3);
    assert_int_equal(insn.map, 3);
    assert_int_equal(d32("0f 38 00 c1")->map, 2);
}

/* Every byte string has an answer, and nothing else than its own bytes counts. */
static void random_bytes(void **state)
{
    uint8_t bytes[INSN_MAX];
    uint32_t seed = 1;

    (void)state;
    for (unsigned round = 0; round < 200000; round++) {
        for (unsigned n = 0; n < sizeof bytes; n++)
            bytes[n] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
        struct insn again;
        bool code32 = round & 1;
        if (insn_decode(bytes, sizeof bytes, code32, &insn) != DECODE_OK)
            continue;
        assert_in_range(insn.len, 1, INSN_MAX);
        assert_true(insn.nopd <= 3 && insn.op < OP_COUNT);
        assert_int_equal(insn_decode(bytes, insn.len, code32, &again), DECODE_OK);
        assert_memory_equal(&insn, &again, sizeof insn);
        assert_int_equal(insn_decode(bytes, insn.len - 1u, code32, &again), DECODE_SHORT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_32),
        cmocka_unit_test(memory_16),
        cmocka_unit_test(segment_overrides),
        cmocka_unit_test(registers),
        cmocka_unit_test(immediates),
        cmocka_unit_test(one_op_many_forms),
        cmocka_unit_test(branches),
        cmocka_unit_test(far_transfers),
        cmocka_unit_test(segments),
        cmocka_unit_test(system_instructions),
        cmocka_unit_test(strings),
        cmocka_unit_test(nops),
        cmocka_unit_test(locks),
        cmocka_unit_test(privilege),
        cmocka_unit_test(undefined_opcodes_have_their_length),
        cmocka_unit_test(the_limit_of_15_bytes),
        cmocka_unit_test(prefixes_are_recorded),
        cmocka_unit_test(random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
