/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each class by an instruction of it; what is not sensitive counts as nothing else; and every
 * operation that the decoder calls sensitive belongs to a class.
 */
#include "loader/census.h"

#include "bt/decode/insn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t count(const struct census *c, const char *name)
{
    for (unsigned i = 0; i < CENSUS_CLASSES; i++) {
        if (strcmp(census_classes[i].name, name) == 0)
            return c->count[i];
    }
    fail_msg("no class %s", name);
    return 0;
}

static uint64_t sum(const struct census *c)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < CENSUS_CLASSES; i++)
        n += c->count[i];
    return n;
}

static void classes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *name;
    } rows[] = {
        {"\x9d", 1, "POPF"},
        {"\x9c", 1, "PUSHF"},
        {"\xfb", 1, "CLI STI"},
        {"\xcf", 1, "IRET"},
        {"\xcd\x80", 2, "INT INTO"},
        {"\xcc", 1, "INT3"},
        {"\xcb", 1, "far CALL JMP RET"},
        {"\x8e\xd8", 2, "segment loads"},
        {"\x0f\xa1", 2, "segment loads"},
        {"\x8c\xc8", 2, "segment reads"},
        {"\x0f\x02\xc1", 3, "LAR LSL VERR VERW"},
        {"\x0f\x01\x00", 3, "SGDT SIDT SLDT STR SMSW"},
        {"\x0f\xa2", 2, "CPUID"},
        {"\xec", 1, "IN OUT INS OUTS"},
        {"\xf3\x6e", 2, "IN OUT INS OUTS"},
        {"\x0f\x01\x18", 3, "LGDT LIDT LLDT LTR LMSW"},
        {"\x0f\x20\xc0", 3, "MOV CR"},
        {"\x0f\x23\xf8", 3, "MOV DR"},
        {"\x0f\x06", 2, "CLTS"},
        {"\x0f\x01\x38", 3, "INVLPG INVD WBINVD"},
        {"\xf4", 1, "HLT"},
        {"\x0f\x30", 2, "RDMSR WRMSR RDPMC"},
        {"\x0f\x31", 2, "RDTSC"},
        {"\x0f\x34", 2, "SYSENTER SYSEXIT SYSCALL SYSRET RSM"},
        {"\x0f\x01\xc1", 3, "VMCALL VMMCALL"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct census c = {0};
        census_add(&c, (const uint8_t *)rows[i].bytes, rows[i].size);
        if (c.instructions != 1 || count(&c, rows[i].name) != 1 || sum(&c) != 1)
            fail_msg("%s: row %u", rows[i].name, i);
    }
}

static void every_sensitive_operation_has_a_class(void **state)
{
    (void)state;
    uint8_t code[INSN_MAX] = {0};
    for (unsigned i = 0; i < 256 * 256 * 2; i++) {
        struct insn insn;
        struct census c = {0};

        unsigned n = 0;
        if (i >> 16)
            code[n++] = 0x0f;
        code[n++] = (uint8_t)(i >> 8);
        code[n] = (uint8_t)i;
        if (insn_decode(code, sizeof code, true, &insn) != DECODE_OK || insn.op == OP_INVALID ||
            insn.op == OP_UD0 || insn.op == OP_UD1 || insn.op == OP_UD2)
            continue;
        census_add(&c, code, insn.len);
        assert_int_equal(c.instructions, 1);
        if (sum(&c) != ((insn.flags & INSN_SENSITIVE) != 0))
            fail_msg("%s", op_name((enum op)insn.op));
    }
}

static void a_sweep(void **state)
{
    (void)state;
    /* push ebp; mov ebp,esp; cli; pushf; popf; (VEX); nop; half an instruction */
    static const uint8_t code[] = {0x55, 0x89, 0xe5, 0xfa, 0x9c, 0x9d, 0xff, 0xff, 0x90, 0xe9, 1};
    struct census c = {0};
    census_add(&c, code, sizeof code);
    census_add(&c, code, 3);
    census_add(&c, code, 0);
    assert_int_equal(c.bytes, sizeof code + 3);
    assert_int_equal(count(&c, "CLI STI"), 1);
    assert_int_equal(count(&c, "PUSHF"), 1);
    assert_int_equal(count(&c, "POPF"), 1);
    assert_int_equal(sum(&c), 3);
    assert_true(c.undecodable >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes),
        cmocka_unit_test(every_sensitive_operation_has_a_class),
        cmocka_unit_test(a_sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
