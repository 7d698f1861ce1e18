/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * x87, MMX and SSE: availability by CR0 and CR4, the re-encoding for the host, memory operands
 * with their faults and alignment, general registers and flags, exceptions. The instructions
 * run on the real CPU (fake_fpu.c).
 */
#include "tests/unit/interp_run.h"

#include "monitor/interp/fpu_stub.h"
#include "tests/unit/fake_fpu.h"

static int fpu_world(void **state)
{
    world(state);
    v->cr0 |= CR0_NE | CR0_MP;
    v->cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
    v->gpr[R_EBX] = DATA;
    fake_fpu_reset();
    return 0;
}

/* ---- Re-encoding -------------------------------------------------------------------- */

static void expect_stub(const uint8_t *in, size_t in_len, const uint8_t *out, size_t len)
{
    struct insn i;
    uint8_t padded[INSN_MAX] = {0}, code[INSN_MAX];
    memcpy(padded, in, in_len);
    assert_int_equal(insn_decode(padded, sizeof padded, true, &i), DECODE_OK);
    assert_int_equal(i.len, in_len);
    assert_int_equal(fpu_stub_build(code, &i), len);
    assert_memory_equal(code, out, len);
}

#define STUB(in, out) expect_stub(in, out)
#define IN(...)       BYTES(__VA_ARGS__)

static void stubs(void **state)
{
    (void)state;
    /* fld dword [esp+eax*4+12345678h] */
    STUB(IN(0xd9, 0x84, 0x84, 0x78, 0x56, 0x34, 0x12), IN(0x41, 0xd9, 0x07));
    /* movaps xmm3, [fs:ebp-8] */
    STUB(IN(0x64, 0x0f, 0x28, 0x5d, 0xf8), IN(0x41, 0x0f, 0x28, 0x1f));
    /* movsd xmm1, [bx]; 67 is dropped, F2 stays */
    STUB(IN(0x67, 0xf2, 0x0f, 0x10, 0x0f), IN(0xf2, 0x41, 0x0f, 0x10, 0x0f));
    /* cvtsi2ss xmm4, esp: rm is r12, the XMM field stays */
    STUB(IN(0xf3, 0x0f, 0x2a, 0xe4), IN(0xf3, 0x41, 0x0f, 0x2a, 0xe4));
    /* cvttss2si esp, xmm4: reg is r12, the XMM field stays */
    STUB(IN(0xf3, 0x0f, 0x2c, 0xe4), IN(0xf3, 0x44, 0x0f, 0x2c, 0xe4));
    /* movd mm4, esp; movd eax, mm4 */
    STUB(IN(0x0f, 0x6e, 0xe4), IN(0x41, 0x0f, 0x6e, 0xe4));
    STUB(IN(0x0f, 0x7e, 0xe0), IN(0x0f, 0x7e, 0xe0));
    /* pextrw esp, mm4, 3; pinsrw xmm4, esp, 7 */
    STUB(IN(0x0f, 0xc5, 0xe4, 0x03), IN(0x44, 0x0f, 0xc5, 0xe4, 0x03));
    STUB(IN(0x66, 0x0f, 0xc4, 0xe4, 0x07), IN(0x66, 0x41, 0x0f, 0xc4, 0xe4, 0x07));
    /* palignr xmm0, [ecx], 9 with a useless override */
    STUB(IN(0x3e, 0x66, 0x0f, 0x3a, 0x0f, 0x01, 0x09),
         IN(0x66, 0x41, 0x0f, 0x3a, 0x0f, 0x07, 0x09));
    /* fnstsw ax: the field 4 is part of the opcode */
    STUB(IN(0xdf, 0xe0), IN(0xdf, 0xe0));
    /* repeated prefixes collapse; the last of F2 and F3 counts */
    STUB(IN(0x66, 0x66, 0xf2, 0xf3, 0x66, 0x0f, 0x6f, 0xc1), IN(0x66, 0xf3, 0x0f, 0x6f, 0xc1));
    STUB(IN(0x0f, 0x77), IN(0x0f, 0x77));
    /* fnstenv with a 16-bit operand keeps 66; a repeat prefix means nothing to x87 */
    STUB(IN(0xf3, 0x66, 0xd9, 0x33), IN(0x66, 0x41, 0xd9, 0x37));
}

static void stubs_of_16_bit_code(void **state)
{
    struct insn i;
    const uint8_t fnsave[INSN_MAX] = {0xdd, 0x37}, movd[INSN_MAX] = {0x66, 0x0f, 0x6e, 0xc0};
    uint8_t code[INSN_MAX];
    (void)state;
    insn_decode(fnsave, sizeof fnsave, false, &i);
    assert_int_equal(fpu_stub_build(code, &i), 4);
    assert_memory_equal(code, ((uint8_t[]){0x66, 0x41, 0xdd, 0x37}), 4);
    insn_decode(movd, sizeof movd, false, &i);
    assert_int_equal(fpu_stub_build(code, &i), 4);
    assert_memory_equal(code, movd, 4);
}

/* ---- Availability -------------------------------------------------------------------- */

#define FLD1    0xd9, 0xe8
#define EMMS    0x0f, 0x77
#define XORPS   0x0f, 0x57, 0xc0
#define FXSAVE  0x0f, 0xae, 0x03
#define LDMXCSR 0x0f, 0xae, 0x13
#define NM      E(VEC_NM, -1)

static void task_switched(void **state)
{
    (void)state;
    poke(vm, DATA, 0x1f80);
    v->cr0 |= CR0_TS;
    FAULTS(NM, FLD1);
    FAULTS(NM, EMMS);
    FAULTS(NM, XORPS);
    FAULTS(NM, FXSAVE);
    FAULTS(NM, LDMXCSR);
    FAULTS(NM, 0x9b);
    v->cr0 &= ~(uint32_t)CR0_MP;
    OK(0x9b); /* WAIT needs MP as well */
    v->cr0 &= ~(uint32_t)CR0_TS;
    OK(FLD1);
    OK(0x9b);
    OK(EMMS);
    OK(XORPS);
    OK(LDMXCSR);
}

static void emulation(void **state)
{
    (void)state;
    v->cr0 |= CR0_EM;
    FAULTS(NM, FLD1);
    FAULTS(UD, EMMS);
    FAULTS(UD, XORPS);
    FAULTS(NM, FXSAVE);
    FAULTS(UD, LDMXCSR);
    OK(0x9b);
    v->cr0 |= CR0_TS;
    FAULTS(UD, XORPS);
}

static void without_osfxsr(void **state)
{
    (void)state;
    v->cr4 &= ~(uint32_t)CR4_OSFXSR;
    OK(FLD1);
    OK(EMMS);
    OK(FXSAVE);
    FAULTS(UD, XORPS);
    FAULTS(UD, LDMXCSR);
    FAULTS(UD, 0x66, 0x0f, 0x6f, 0xc1); /* movdqa */
    OK(0x0f, 0x6f, 0xc1);               /* movq mm0, mm1 */
    OK(0x0f, 0xae, 0xe8);               /* lfence needs nothing */
    OK(0x0f, 0xc3, 0x03);               /* movnti neither */
}

/* ---- Operands ------------------------------------------------------------------------ */

static void x87_loads_and_stores(void **state)
{
    (void)state;
    poke(vm, DATA, 0x40490fdb); /* pi as a float */
    OK(0xd9, 0x03);             /* fld dword [ebx] */
    OK(0xd8, 0xc0);             /* fadd st, st */
    OK(0xdd, 0x5b, 0x08);       /* fstp qword [ebx+8] */
    double d;
    guest_read(vm, gpa(DATA + 8), &d, 8);
    assert_true(d > 6.2831853 && d < 6.2831855);
    poke(vm, DATA, 1234567);
    OK(0xdb, 0x03);       /* fild dword */
    OK(0xdf, 0x73, 0x10); /* fbstp [ebx+10h] */
    assert_int_equal(peek(vm, DATA + 0x10), 0x01234567);
    assert_int_equal(peek(vm, DATA + 0x18) & 0xffff, 0);
    OK(FLD1);
    OK(0xdb, 0x7b, 0x20); /* fstp tword */
    assert_int_equal(peek(vm, DATA + 0x24), 0x80000000);
    assert_int_equal(peek(vm, DATA + 0x28), 0x3fff);
    OK(0xd9, 0x7b, 0x30); /* fnstcw */
    assert_int_equal(peek(vm, DATA + 0x30), 0x37f);
    v->gpr[R_EAX] = 0x1111ffff;
    OK(0xdf, 0xe0); /* fnstsw ax */
    assert_int_equal(v->gpr[R_EAX], 0x11110000);
}

static void environments(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 128; n += 4)
        poke(vm, DATA + n, 0xeeeeeeee);
    OK(0xd9, 0x33); /* fnstenv: 28 bytes */
    assert_int_equal(peek(vm, DATA), 0xffff037f);
    assert_int_equal(peek(vm, DATA + 8), 0xffffffff);
    assert_int_equal(peek(vm, DATA + 28), 0xeeeeeeee);
    OK(FLD1);
    OK(0xdd, 0x33); /* fnsave: 108 bytes, and FNINIT */
    assert_int_equal(peek(vm, DATA + 32), 0x80000000);
    assert_int_equal(peek16(DATA + 36), 0x3fff);
    assert_int_equal(peek(vm, DATA + 108), 0xeeeeeeee);
    OK(0xdd, 0x23); /* frstor */
    OK(0xdd, 0x5b, 0x40);
    assert_int_equal(peek(vm, DATA + 0x44), 0x3ff00000);
    poke(vm, DATA + 14, 0xeeeeeeee);
    OK(0x66, 0xd9, 0x33); /* the 14-byte form */
    assert_int_equal(peek16(DATA), 0x37f);
    assert_int_equal(peek(vm, DATA + 14), 0xeeeeeeee);
}

static void general_registers_and_flags(void **state)
{
    (void)state;
    v->gpr[R_ESP] = 0x12345678;
    OK(0x66, 0x0f, 0x6e, 0xe4); /* movd xmm4, esp */
    OK(0x66, 0x0f, 0x7e, 0xe0); /* movd eax, xmm4 */
    assert_int_equal(v->gpr[R_EAX], 0x12345678);
    v->gpr[R_EAX] = 7;
    OK(0xf3, 0x0f, 0x2a, 0xc0); /* cvtsi2ss xmm0, eax */
    OK(0xf3, 0x0f, 0x2c, 0xe0); /* cvttss2si esp, xmm0 */
    assert_int_equal(v->gpr[R_ESP], 7);
    v->eflags |= FL_OF | FL_AF | FL_SF | FL_DF;
    OK(0x0f, 0x2f, 0xc4); /* comiss xmm0, xmm4: 7 > tiny */
    assert_int_equal(v->eflags & (FL_ARITH | FL_DF), FL_DF);
    OK(0x0f, 0x2f, 0xc0);
    assert_int_equal(v->eflags & FL_ARITH, FL_ZF);
    OK(FLD1);
    OK(0xd9, 0xee); /* fldz */
    OK(0xdb, 0xf1); /* fcomi st, st1: less */
    assert_int_equal(v->eflags & FL_ARITH, FL_CF);
    OK(0xda, 0xc1); /* fcmovb st, st1: reads CF */
    OK(0xdb, 0xf1);
    assert_int_equal(v->eflags & FL_ARITH, FL_ZF);
    v->gpr[R_ESP] = STACK;
}

static void faults_before_the_host_runs(void **state)
{
    (void)state;
    map_all();
    go_user();
    map_page(DATA, PTE_P | PTE_U);
    OK(FLD1);
    FAULTS(E(VEC_PF, PF_P | PF_W | PF_U), 0xdd, 0x1b); /* fstp: not popped */
    OK(0x66, 0x0f, 0xef, 0xc0);
    FAULTS(E(VEC_PF, PF_P | PF_W | PF_U), 0x0f, 0x29, 0x03); /* movaps [ebx], xmm0 */
    FAULTS(E(VEC_PF, PF_P | PF_W | PF_U), FXSAVE);
    FAULTS(E(VEC_PF, PF_P | PF_W | PF_U), 0xdd, 0x33); /* fnsave: no FNINIT */
    map_page(DATA, PTE_P | PTE_U | PTE_W);
    OK(0xdd, 0x1b);
    assert_int_equal(peek(vm, DATA + 4), 0x3ff00000);
    map_page(DATA + 0x1000, 0);
    v->gpr[R_EBX] = DATA + 0x1000 - 4;
    FAULTS(E(VEC_PF, PF_U), 0xdd, 0x03);
    v->seg[S_DS].limit = DATA + 0x10;
    v->gpr[R_EBX] = DATA + 10;
    FAULTS(GP0, 0xdd, 0x03);
}

static void alignment_of_16_bytes(void **state)
{
    (void)state;
    v->gpr[R_EBX] = DATA + 8;
    FAULTS(GP0, 0x0f, 0x28, 0x03); /* movaps */
    FAULTS(GP0, 0x0f, 0x29, 0x03);
    FAULTS(GP0, 0x0f, 0x58, 0x03);       /* addps */
    FAULTS(GP0, 0x66, 0x0f, 0x6f, 0x03); /* movdqa */
    FAULTS(GP0, 0x66, 0x0f, 0xef, 0x03); /* pxor */
    FAULTS(GP0, 0x66, 0x0f, 0xe7, 0x03); /* movntdq */
    FAULTS(GP0, FXSAVE);
    FAULTS(GP0, 0x0f, 0xae, 0x0b); /* fxrstor */
    OK(0x0f, 0x10, 0x03);          /* movups */
    OK(0x0f, 0x11, 0x03);
    OK(0x66, 0x0f, 0x10, 0x03); /* movupd */
    OK(0xf3, 0x0f, 0x6f, 0x03); /* movdqu */
    OK(0xf3, 0x0f, 0x7f, 0x03);
    OK(0xf2, 0x0f, 0xf0, 0x03);             /* lddqu */
    OK(0x66, 0x0f, 0x3a, 0x63, 0x03, 0x00); /* pcmpistri */
    OK(0xf3, 0x0f, 0x58, 0x03);             /* addss */
    OK(0x0f, 0x12, 0x03);                   /* movlps */
    v->seg[S_DS].base = 8;                  /* the linear address counts */
    OK(0x0f, 0x28, 0x03);
}

static void masked_stores(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 16; n += 4)
        poke(vm, DATA + n, 0x80ff7f00u);
    OK(0x0f, 0x6f, 0x0b); /* movq mm1, [ebx]: the mask */
    OK(0x66, 0x0f, 0x6f, 0x0b);
    for (uint32_t n = 0; n < 16; n += 4)
        poke(vm, DATA + n, 0x44332211);
    OK(0x0f, 0x6f, 0x03);
    OK(0x66, 0x0f, 0x6f, 0x03);
    v->gpr[R_EDI] = DATA + 0x101;
    OK(0x0f, 0xf7, 0xc1); /* maskmovq mm0, mm1 */
    assert_int_equal(peek(vm, DATA + 0x101), 0x44330000);
    assert_int_equal(peek(vm, DATA + 0x105), 0x44330000);
    assert_int_equal(peek(vm, DATA + 0x109), 0);
    v->gpr[R_EDI] = DATA + 0x201;
    OK(0x66, 0x0f, 0xf7, 0xc1);
    assert_int_equal(peek(vm, DATA + 0x20d), 0x44330000);
    v->seg[S_ES].base = 0x1000;
    v->gpr[R_EDI] = DATA;
    OK(0x26, 0x0f, 0xf7, 0xc1); /* the segment can be overridden */
    assert_int_equal(peek(vm, DATA + 0x1000), 0x44330000);
    map_all();
    map_page(DATA, PTE_P);
    v->cr0 |= CR0_WP;
    FAULTS(E(VEC_PF, PF_P | PF_W), 0x0f, 0xf7, 0xc1);
    OK(0x0f, 0xef, 0xc9); /* pxor mm1, mm1 */
    OK(0x0f, 0xf7, 0xc1); /* a mask of zero touches nothing */
}

static void images_leave_xmm8_out(void **state)
{
    (void)state;
    OK(FLD1);
    v->gpr[R_EAX] = 0x11223344;
    OK(0x66, 0x0f, 0x6e, 0xf8); /* movd xmm7, eax */
    for (uint32_t n = 0; n < 512; n += 4)
        poke(vm, DATA + n, 0xeeeeeeee);
    OK(FXSAVE);
    assert_int_equal(peek16(DATA), 0x37f);
    assert_int_equal(peek(vm, DATA + 24), 0x1f80);
    assert_int_equal(peek(vm, DATA + 36), 0x80000000);
    assert_int_equal(peek(vm, DATA + 160 + 7 * 16), 0x11223344);
    for (uint32_t n = 288; n < 512; n += 4)
        assert_int_equal(peek(vm, DATA + n), 0xeeeeeeee);
    OK(0x0f, 0xef, 0xc0);       /* pxor mm0, mm0 */
    OK(0x66, 0x0f, 0xef, 0xff); /* pxor xmm7, xmm7 */
    OK(0x0f, 0xae, 0x0b);       /* fxrstor */
    OK(0x66, 0x0f, 0x7e, 0xf8); /* movd eax, xmm7 */
    assert_int_equal(v->gpr[R_EAX], 0x11223344);
    assert_memory_equal(fake_fpu_state + 288, ((uint8_t[128]){0}), 128);
    poke(vm, DATA + 24, 0x80000000); /* a reserved bit of MXCSR */
    FAULTS(GP0, 0x0f, 0xae, 0x0b);
}

/* ---- Exceptions ---------------------------------------------------------------------- */

static void x87_exceptions_are_reported_late(void **state)
{
    (void)state;
    poke(vm, DATA, 0x37e); /* invalid operation unmasked */
    OK(0xd9, 0x2b);        /* fldcw */
    OK(0xd9, 0xee);
    poke(vm, DATA, 0x7fc00001);
    poke(vm, DATA + 4, 0xeeeeeeee);
    OK(0xd9, 0x03);       /* fld of a quiet NaN */
    OK(0xdb, 0x53, 0x04); /* fist [ebx+4]: invalid, nothing is stored */
    assert_int_equal(peek(vm, DATA + 4), 0xeeeeeeee);
    FAULTS(E(VEC_MF, -1), 0xd9, 0xe8);
    FAULTS(E(VEC_MF, -1), 0x9b);
    FAULTS(E(VEC_MF, -1), EMMS);
    OK(0xdb, 0xe2); /* fnclex does not wait */
    OK(0x9b);
}

/* It stays at the instruction, and an STI before holds nothing off: what it waits for may come. */
static void without_ne_it_waits(void **state)
{
    (void)state;
    v->cr0 &= ~(uint32_t)CR0_NE;
    poke(vm, DATA, 0x37b);
    OK(0xd9, 0x2b); /* fldcw: division by zero unmasked */
    OK(0xd9, 0xe8);
    OK(0xd9, 0xee);
    OK(0xde, 0xf9); /* fdivp */
    v->inhibit = INHIBIT_STI;
    uint32_t start = v->eip;
    for (unsigned n = 1; n < 4; n++) {
        RUN(0xd9, 0xe8);
        assert_int_equal(v->eip, start);
        assert_int_equal(told.fpu_errors, n);
        assert_int_equal(v->inhibit, INHIBIT_NONE);
    }
    OK(0xdb, 0xe2); /* fnclex */
    OK(0xd9, 0xe8);
    assert_int_equal(told.fpu_errors, 3);
}

static void simd_exceptions(void **state)
{
    (void)state;
    poke(vm, DATA, 0x1d80); /* divide by zero unmasked */
    OK(LDMXCSR);
    v->gpr[R_EAX] = 1;
    OK(0xf3, 0x0f, 0x2a, 0xc8);
    OK(XORPS);
    FAULTS(E(VEC_XM, -1), 0xf3, 0x0f, 0x5e, 0xc8); /* divss xmm1, xmm0 */
    OK(0x0f, 0xae, 0x5b, 0x08);                    /* stmxcsr [ebx+8] */
    assert_int_equal(peek(vm, DATA + 8), 0x1d84);
    poke(vm, DATA, 0xffff0000);
    FAULTS(GP0, LDMXCSR);
}

static void lock_is_undefined(void **state)
{
    (void)state;
    FAULTS(UD, 0xf0, 0xd9, 0x03);
    FAULTS(UD, 0xf0, 0x0f, 0x28, 0x03);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stubs),
        cmocka_unit_test(stubs_of_16_bit_code),
        cmocka_unit_test_setup(task_switched, fpu_world),
        cmocka_unit_test_setup(emulation, fpu_world),
        cmocka_unit_test_setup(without_osfxsr, fpu_world),
        cmocka_unit_test_setup(x87_loads_and_stores, fpu_world),
        cmocka_unit_test_setup(environments, fpu_world),
        cmocka_unit_test_setup(general_registers_and_flags, fpu_world),
        cmocka_unit_test_setup(faults_before_the_host_runs, fpu_world),
        cmocka_unit_test_setup(alignment_of_16_bytes, fpu_world),
        cmocka_unit_test_setup(masked_stores, fpu_world),
        cmocka_unit_test_setup(images_leave_xmm8_out, fpu_world),
        cmocka_unit_test_setup(x87_exceptions_are_reported_late, fpu_world),
        cmocka_unit_test_setup(without_ne_it_waits, fpu_world),
        cmocka_unit_test_setup(simd_exceptions, fpu_world),
        cmocka_unit_test_setup(lock_is_undefined, fpu_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
