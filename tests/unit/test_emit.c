/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The assembler: every function with every register and hard displacements, decoded again by Zydis
 * and compared operand by operand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>
#include <cmocka.h>

#include "bt/emit.h"

static uint8_t buf[64];
static struct code c;
static ZydisDecodedInstruction z;
static ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];

static const int32_t disps[] = {0,   1,    -1,         4,         127,      -128,
                                128, -129, 0x12345678, INT32_MAX, INT32_MIN};

static void start(void)
{
    memset(buf, 0xcc, sizeof buf);
    c = (struct code){.at = buf, .size = sizeof buf};
}

/* What was emitted is one instruction with N operands to be seen, and changes no flag. */
static void decode(ZydisMnemonic m, unsigned n)
{
    ZydisDecoder d;
    ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    assert_true(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&d, buf, sizeof buf, &z, o)));
    assert_int_equal(z.length, c.len);
    assert_int_equal(z.mnemonic, m);
    assert_int_equal(z.operand_count_visible, n);
    if (z.cpu_flags)
        assert_int_equal(z.cpu_flags->modified | z.cpu_flags->set_0 | z.cpu_flags->set_1, 0);
    assert_false(c.overflow);
}

static void is_reg(unsigned n, ZydisRegisterClass class, unsigned r)
{
    assert_int_equal(o[n].type, ZYDIS_OPERAND_TYPE_REGISTER);
    assert_int_equal(ZydisRegisterGetClass(o[n].reg.value), class);
    assert_int_equal(ZydisRegisterGetId(o[n].reg.value), r);
}

static void is_part(ZydisRegister is, unsigned r, bool addr32)
{
    if (r == H_NONE) {
        assert_int_equal(is, ZYDIS_REGISTER_NONE);
        return;
    }
    assert_int_equal(ZydisRegisterGetClass(is),
                     addr32 ? ZYDIS_REGCLASS_GPR32 : ZYDIS_REGCLASS_GPR64);
    assert_int_equal(ZydisRegisterGetId(is), r);
}

static void is_mem(unsigned n, const struct mem_form *m, unsigned bits)
{
    assert_int_equal(o[n].type, ZYDIS_OPERAND_TYPE_MEMORY);
    assert_int_equal(z.address_width, m->addr32 ? 32 : 64);
    is_part(o[n].mem.base, m->base, m->addr32);
    is_part(o[n].mem.index, m->index, m->addr32);
    if (m->index != H_NONE)
        assert_int_equal(o[n].mem.scale, m->scale);
    assert_int_equal((int32_t)o[n].mem.disp.value, m->disp);
    if (bits)
        assert_int_equal(o[n].size, bits);
}

static void is_imm(unsigned n, uint32_t value)
{
    assert_int_equal(o[n].type, ZYDIS_OPERAND_TYPE_IMMEDIATE);
    assert_int_equal((uint32_t)o[n].imm.value.u, value);
}

static void moves(void **state)
{
    (void)state;
    for (unsigned r = 0; r < 16; r++) {
        start();
        emit_mov_imm(&c, r, 0x89abcdef);
        decode(ZYDIS_MNEMONIC_MOV, 2);
        is_reg(0, ZYDIS_REGCLASS_GPR32, r);
        is_imm(1, 0x89abcdef);
        for (unsigned s = 0; s < 16; s++) {
            start();
            emit_mov_reg(&c, r, s);
            decode(ZYDIS_MNEMONIC_MOV, 2);
            is_reg(0, ZYDIS_REGCLASS_GPR32, r);
            is_reg(1, ZYDIS_REGCLASS_GPR32, s);
        }
    }
}

static void vcpu_fields(void **state)
{
    (void)state;
    static const uint32_t offs[] = {0, 40, 127, 128, 16384 + 8};
    for (unsigned n = 0; n < ARRAY_SIZE(offs); n++) {
        struct mem_form m = {.base = H_R15, .index = H_NONE, .scale = 1, .disp = (int32_t)offs[n]};
        for (unsigned r = 0; r < 16; r++) {
            start();
            emit_load_vcpu(&c, r, offs[n]);
            decode(ZYDIS_MNEMONIC_MOV, 2);
            is_reg(0, ZYDIS_REGCLASS_GPR32, r);
            is_mem(1, &m, 32);
            start();
            emit_load_vcpu64(&c, r, offs[n]);
            decode(ZYDIS_MNEMONIC_MOV, 2);
            is_reg(0, ZYDIS_REGCLASS_GPR64, r);
            is_mem(1, &m, 64);
            start();
            emit_store_vcpu64(&c, offs[n], r);
            decode(ZYDIS_MNEMONIC_MOV, 2);
            is_mem(0, &m, 64);
            is_reg(1, ZYDIS_REGCLASS_GPR64, r);
            start();
            emit_load_vcpu8(&c, r, offs[n]);
            decode(ZYDIS_MNEMONIC_MOVZX, 2);
            is_reg(0, ZYDIS_REGCLASS_GPR32, r);
            is_mem(1, &m, 8);
            start();
            emit_load_vcpu16(&c, r, offs[n]);
            decode(ZYDIS_MNEMONIC_MOVZX, 2);
            is_reg(0, ZYDIS_REGCLASS_GPR32, r);
            is_mem(1, &m, 16);
        }
        start();
        emit_store_vcpu8_imm(&c, offs[n], 1);
        decode(ZYDIS_MNEMONIC_MOV, 2);
        is_mem(0, &m, 8);
        is_imm(1, 1);
    }
}

/* Every base, index and scale that exist; RSP is no index. */
static void addresses(void **state)
{
    (void)state;
    for (unsigned base = 0; base <= 16; base++) {
        for (unsigned index = 0; index <= 16; index++) {
            for (unsigned n = 0; n < 4 * ARRAY_SIZE(disps); n++) {
                struct mem_form m = {n & 15,
                                     base == 16 ? H_NONE : base,
                                     index == 16 ? H_NONE : index,
                                     1u << n % 4,
                                     disps[n / 4],
                                     false,
                                     false};
                if (index == H_RSP)
                    continue;
                start();
                emit_lea(&c, m.reg, m.base, m.index, m.scale, m.disp);
                decode(ZYDIS_MNEMONIC_LEA, 2);
                is_reg(0, ZYDIS_REGCLASS_GPR32, m.reg);
                is_mem(1, &m, 0);
            }
        }
    }
}

static void guest_memory(void **state)
{
    (void)state;
    for (unsigned base = 0; base < 16; base++) {
        for (unsigned n = 0; n < ARRAY_SIZE(disps); n++) {
            struct mem_form m = {(base * 7 + n) & 15, base, H_NONE, 1, disps[n], true, true};
            start();
            emit_load_guest(&c, m.reg, base, m.disp);
            decode(ZYDIS_MNEMONIC_MOV, 2);
            is_reg(0, ZYDIS_REGCLASS_GPR32, m.reg);
            is_mem(1, &m, 32);
            start();
            emit_store_guest(&c, base, m.disp, m.reg);
            decode(ZYDIS_MNEMONIC_MOV, 2);
            is_mem(0, &m, 32);
            is_reg(1, ZYDIS_REGCLASS_GPR32, m.reg);
            start();
            emit_store_guest_imm(&c, base, m.disp, 0xfedcba98);
            decode(ZYDIS_MNEMONIC_MOV, 2);
            is_mem(0, &m, 32);
            is_imm(1, 0xfedcba98);
            start();
            emit_lea64(&c, m.reg, base, m.disp);
            decode(ZYDIS_MNEMONIC_LEA, 2);
            m.addr32 = false;
            is_reg(0, ZYDIS_REGCLASS_GPR64, m.reg);
            is_mem(1, &m, 0);
        }
    }
}

static void short_jumps(void **state)
{
    (void)state;
    static const ZydisMnemonic conditions[16] = {
        ZYDIS_MNEMONIC_JO, ZYDIS_MNEMONIC_JNO, ZYDIS_MNEMONIC_JB,  ZYDIS_MNEMONIC_JNB,
        ZYDIS_MNEMONIC_JZ, ZYDIS_MNEMONIC_JNZ, ZYDIS_MNEMONIC_JBE, ZYDIS_MNEMONIC_JNBE,
        ZYDIS_MNEMONIC_JS, ZYDIS_MNEMONIC_JNS, ZYDIS_MNEMONIC_JP,  ZYDIS_MNEMONIC_JNP,
        ZYDIS_MNEMONIC_JL, ZYDIS_MNEMONIC_JNL, ZYDIS_MNEMONIC_JLE, ZYDIS_MNEMONIC_JNLE,
    };
    for (unsigned n = 0; n < 18; n++) {
        start();
        uint32_t at = n < 16 ? emit_jcc8(&c, n) : n == 16 ? emit_jrcxz8(&c) : emit_jmp8(&c);
        decode(n < 16 ? conditions[n] : n == 16 ? ZYDIS_MNEMONIC_JRCXZ : ZYDIS_MNEMONIC_JMP, 1);
        for (unsigned k = 0; k < 10; k++)
            emit8(&c, 0x90);
        emit_patch8(&c, at);
        c.len = 2;
        decode(z.mnemonic, 1);
        assert_int_equal(o[0].imm.value.s, 10);
    }
}

/* Nothing is written behind the end; the length goes on, so that the caller sees by how much. */
static void overflow(void **state)
{
    (void)state;
    start();
    c.size = 6;
    emit32(&c, 0x11111111);
    assert_false(c.overflow);
    emit32(&c, 0x22222222);
    assert_true(c.overflow);
    assert_int_equal(c.len, 8);
    assert_memory_equal(buf, "\x11\x11\x11\x11\x22\x22\xcc\xcc", 8);
    emit_patch8(&c, 7);
    emit_patch8(&c, 1000);
    emit_bytes(&c, buf, 3);
    assert_int_equal(buf[7], 0xcc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves),        cmocka_unit_test(vcpu_fields), cmocka_unit_test(addresses),
        cmocka_unit_test(guest_memory), cmocka_unit_test(short_jumps), cmocka_unit_test(overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
