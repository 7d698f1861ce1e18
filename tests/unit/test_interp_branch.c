/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Control transfers: targets by operand size, the code segment's limit, what a fault leaves
 * alone, far transfers and interrupts as far as the interpreter has a part in them.
 */
#include "tests/unit/interp_run.h"

static void relative_targets(void **state)
{
    (void)state;
    RUN(0xeb, 0x10);
    assert_int_equal(v->eip, CODE + 0x12);
    RUN(0xe9, 0xe9, 0xff, 0xff, 0xff);
    assert_int_equal(v->eip, CODE);
    RUN(0x66, 0xeb, 0x10); /* the target is cut to 16 bits */
    assert_int_equal(v->eip, (CODE + 0x13) & 0xffff);
    v->eip = CODE;
    RUN(0x66, 0xe8, 0x00, 0x01);
    assert_int_equal(v->eip, (CODE + 0x104) & 0xffff);
    assert_int_equal(peek16(STACK - 2), (CODE + 4) & 0xffff);
    assert_int_equal(v->gpr[R_ESP], STACK - 2);
}

static void targets_beyond_the_limit(void **state)
{
    (void)state;
    v->seg[S_CS].limit = CODE + 0xff;
    v->gpr[R_EAX] = CODE + 0x100;
    v->gpr[R_ECX] = 2;
    v->gpr[R_EBX] = DATA;
    poke(vm, DATA, CODE + 0x100);
    poke(vm, STACK, CODE + 0x100);
    poke(vm, STACK - 4, 0x5555);
    FAULTS(GP0, 0xe9, 0xfb, 0x00, 0x00, 0x00);
    FAULTS(GP0, 0x0f, 0x85, 0xfa, 0x00, 0x00, 0x00); /* jnz */
    FAULTS(GP0, 0xff, 0xe0);
    FAULTS(GP0, 0xff, 0x23); /* jmp [ebx] */
    FAULTS(GP0, 0xff, 0xd0);
    FAULTS(GP0, 0xe8, 0xfb, 0x00, 0x00, 0x00);
    assert_int_equal(peek(vm, STACK - 4), 0x5555); /* no return address */
    FAULTS(GP0, 0xc3);
    FAULTS(GP0, 0xc2, 0x08, 0x00);
    v->seg[S_CS].limit = CODE + 0x10;
    FAULTS(GP0, 0xe2, 0x7f); /* loop: ECX stays 2 */
    FAULTS(GP0, 0xeb, 0x0f);
    RUN(0xeb, 0x0e);
    assert_int_equal(v->eip, CODE + 0x10);
}

static void untaken_branches_check_nothing(void **state)
{
    (void)state;
    v->seg[S_CS].limit = CODE + 0x10;
    v->gpr[R_ECX] = 1;
    OK(0x74, 0x70);
    OK(0xe2, 0x70);
    assert_int_equal(v->gpr[R_ECX], 0);
}

static void jcxz_and_loop_by_address_size(void **state)
{
    (void)state;
    v->gpr[R_ECX] = 0x10000;
    RUN(0x67, 0xe3, 0x10);
    assert_int_equal(v->eip, CODE + 0x13);
    OK(0xe3, 0x10);
    v->gpr[R_ECX] = 0x10001;
    OK(0x67, 0xe2, 0x10);
    assert_int_equal(v->gpr[R_ECX], 0x10000);
    uint32_t at = v->eip;
    RUN(0x67, 0xe2, 0x10); /* CX goes from 0 to ffffh */
    assert_int_equal(v->gpr[R_ECX], 0x1ffff);
    assert_int_equal(v->eip, at + 0x13);
}

static void returns_pop(void **state)
{
    (void)state;
    poke(vm, STACK, CODE + 0x40);
    RUN(0xc2, 0x10, 0x80);
    assert_int_equal(v->eip, CODE + 0x40);
    assert_int_equal(v->gpr[R_ESP], STACK + 4 + 0x8010);
    v->gpr[R_ESP] = STACK;
    RUN(0x66, 0xc3);
    assert_int_equal(v->eip, 0x40);
    assert_int_equal(v->gpr[R_ESP], STACK + 2);
    v->eip = CODE;
    use_stack16();
    v->gpr[R_ESP] = 0x1234fffe;
    poke16(0x5fffe, 0x100);
    RUN(0x66, 0xc2, 0x06, 0x00);
    assert_int_equal(v->gpr[R_ESP], 0x12340006);
}

static void sixteen_bit_code(void **state)
{
    (void)state;
    v->seg[S_CS] = hidden(C16, 0x70000, 0xffff, SA_P | SA_S | SA_CODE | SA_RW | SA_ACCESSED);
    v->eip = 0xfff0;
    RUN(0xeb, 0x20); /* wraps */
    assert_int_equal(v->eip, 0x12);
    RUN(0xe8, 0x00, 0x10);
    assert_int_equal(v->eip, 0x1015);
    assert_int_equal(peek16(STACK - 2), 0x15);
    OK(0xb8, 0x34, 0x12);
    assert_int_equal(v->gpr[R_EAX], 0x1234);
    OK(0x66, 0xb8, 1, 2, 3, 4);
    assert_int_equal(v->gpr[R_EAX], 0x04030201);
}

static void far_jumps_and_calls(void **state)
{
    (void)state;
    RUN(0xea, 0x00, 0x10, 0x04, 0x00, C0, 0x00);
    assert_int_equal(v->eip, 0x41000);
    RUN(0x9a, 0x00, 0x20, 0x04, 0x00, C0, 0x00);
    assert_int_equal(v->eip, 0x42000);
    assert_int_equal(peek(vm, STACK - 4) & 0xffff, C0);
    assert_int_equal(peek(vm, STACK - 8), 0x41007); /* behind the call */
    RUN(0xcb);
    assert_int_equal(v->eip, 0x41007);
    assert_int_equal(v->gpr[R_ESP], STACK);
    v->gpr[R_EBX] = DATA;
    poke(vm, DATA, CODE);
    poke16(DATA + 4, C0);
    RUN(0xff, 0x2b); /* jmp far [ebx] */
    assert_int_equal(v->eip, CODE);
    RUN(0xff, 0x1b);
    assert_int_equal(peek(vm, STACK - 8), CODE + 2);
    RUN(0xca, 0x10, 0x00);
    assert_int_equal(v->gpr[R_ESP], STACK + 0x10);
    RUN(0x66, 0xea, 0x00, 0x10, C16, 0x00);
    assert_int_equal(v->eip, 0x1000);
    assert_int_equal(v->seg[S_CS].base, 0x70000);
}

static void far_faults_restore_eip(void **state)
{
    (void)state;
    FAULTS(E(VEC_GP, D0), 0xea, 0, 0, 0, 0, D0, 0); /* not code */
    FAULTS(E(VEC_GP, 0x1000), 0x9a, 0, 0, 0, 0, 0, 0x10);
    poke(vm, STACK, CODE);
    poke(vm, STACK + 4, 0);
    FAULTS(GP0, 0xcb);
    FAULTS(GP0, 0xcf);
    v->gpr[R_EBX] = DATA;
    poke16(DATA + 4, D0);
    FAULTS(E(VEC_GP, D0), 0xff, 0x2b);
}

static void software_interrupts(void **state)
{
    (void)state;
    idt_set(VEC_BP, 3);
    idt_set(VEC_OF, 3);
    idt_set(0x80, 3);
    idt_set(0x81, 0);
    RUN(0xcc);
    assert_int_equal(v->eip, HANDLER);
    assert_int_equal(peek(vm, STACK - 12), CODE + 1);
    v->eip = CODE;
    v->gpr[R_ESP] = STACK;
    OK(0xce);
    v->eflags |= FL_OF;
    RUN(0xce);
    assert_int_equal(peek(vm, STACK - 12), CODE + 2);
    v->eip = CODE;
    v->gpr[R_ESP] = STACK;
    go_user();
    FAULTS(E(VEC_GP, 0x81 * 8 + 2), 0xcd, 0x81);
    RUN(0xcd, 0x80);
    assert_int_equal(v->cpl, 0);
    assert_int_equal(v->gpr[R_ESP], STACK + 0x1000 - 20);
    assert_int_equal(peek(vm, STACK + 0x1000 - 20), CODE + 2);
    RUN(0xcf);
    assert_int_equal(v->cpl, 3);
    assert_int_equal(v->eip, CODE + 2);
    assert_int_equal(v->gpr[R_ESP], STACK);
}

static void bound(void **state)
{
    (void)state;
    v->gpr[R_EBX] = DATA;
    poke(vm, DATA, 0xfffffffe); /* -2 */
    poke(vm, DATA + 4, 5);
    static const uint32_t inside[] = {0xfffffffe, 0, 5}, outside[] = {0xfffffffd, 6, 0x80000000};
    for (size_t n = 0; n < 3; n++) {
        v->gpr[R_EAX] = inside[n];
        OK(0x62, 0x03);
        v->gpr[R_EAX] = outside[n];
        FAULTS(E(VEC_BR, -1), 0x62, 0x03);
    }
    poke(vm, DATA, 0x0003fffe); /* words: -2 and 3 */
    v->gpr[R_EAX] = 0x99990003;
    OK(0x66, 0x62, 0x03);
    v->gpr[R_EAX] = 4;
    FAULTS(E(VEC_BR, -1), 0x66, 0x62, 0x03);
    FAULTS(UD, 0x62, 0xc0); /* no register form */
}

static void real_mode_interrupts(void **state)
{
    (void)state;
    go_real();
    v->idtr = (struct table_reg){0, 0x3ff};
    poke(vm, 0x21 * 4, 0x30000040);
    RUN(0xcd, 0x21);
    assert_int_equal(v->seg[S_CS].base, 0x30000);
    assert_int_equal(v->eip, 0x40);
    assert_int_equal(peek16(0x20000 + 0x7fa), 0x102);
    RUN(0xcf);
    assert_int_equal(v->eip, 0x102);
    assert_int_equal(v->seg[S_CS].base, 0x10000);
    assert_int_equal(v->gpr[R_ESP], 0x800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(relative_targets, world),
        cmocka_unit_test_setup(targets_beyond_the_limit, world),
        cmocka_unit_test_setup(untaken_branches_check_nothing, world),
        cmocka_unit_test_setup(jcxz_and_loop_by_address_size, world),
        cmocka_unit_test_setup(returns_pop, world),
        cmocka_unit_test_setup(sixteen_bit_code, world),
        cmocka_unit_test_setup(far_jumps_and_calls, world),
        cmocka_unit_test_setup(far_faults_restore_eip, world),
        cmocka_unit_test_setup(software_interrupts, world),
        cmocka_unit_test_setup(bound, world),
        cmocka_unit_test_setup(real_mode_interrupts, world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
