/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The stack: both widths of SS.B and of operands, frames, faults half-way, and the flags
 * that PUSHF shows, POPF may change, CLI and STI guard.
 */
#include "tests/unit/interp_run.h"

static void pushes_by_size(void **state)
{
    (void)state;
    v->gpr[R_EAX] = 0x11223344;
    OK(0x50);
    assert_int_equal(v->gpr[R_ESP], STACK - 4);
    assert_int_equal(peek(vm, STACK - 4), 0x11223344);
    OK(0x66, 0x50);
    assert_int_equal(v->gpr[R_ESP], STACK - 6);
    assert_int_equal(peek16(STACK - 6), 0x3344);
    OK(0x6a, 0xff); /* push -1 */
    assert_int_equal(peek(vm, STACK - 10), 0xffffffff);
    OK(0x66, 0x6a, 0x80);
    assert_int_equal(peek16(STACK - 12), 0xff80);
    assert_int_equal(v->gpr[R_ESP], STACK - 12);
    OK(0x54); /* push esp: the old value */
    assert_int_equal(peek(vm, STACK - 16), STACK - 12);
    OK(0x5c); /* pop esp: the value, not moved */
    assert_int_equal(v->gpr[R_ESP], STACK - 12);
    OK(0x0f, 0xa0); /* push fs: zero-extended */
    assert_int_equal(peek(vm, STACK - 16), 0x10);
    OK(0x66, 0x1e);
    assert_int_equal(v->gpr[R_ESP], STACK - 18);
}

static void pop_memory_uses_the_new_esp(void **state)
{
    (void)state;
    poke(vm, STACK, 0xabcdef01);
    OK(0x8f, 0x44, 0x24, 0x04); /* pop [esp+4] */
    assert_int_equal(v->gpr[R_ESP], STACK + 4);
    assert_int_equal(peek(vm, STACK + 8), 0xabcdef01);
    OK(0xff, 0x74, 0x24, 0x04); /* push [esp+4]: the old one */
    assert_int_equal(peek(vm, STACK), 0xabcdef01);
}

static void a_16_bit_stack_wraps(void **state)
{
    (void)state;
    use_stack16();
    v->gpr[R_ESP] = 0x77770002;
    v->gpr[R_EAX] = 0x11223344;
    OK(0x66, 0x50);
    assert_int_equal(v->gpr[R_ESP], 0x77770000);
    assert_int_equal(peek16(0x50000), 0x3344);
    OK(0x50); /* from 0 to fffch */
    assert_int_equal(v->gpr[R_ESP], 0x7777fffc);
    assert_int_equal(peek(vm, 0x5fffc), 0x11223344);
    OK(0x59);
    assert_int_equal(v->gpr[R_ESP], 0x77770000);
    assert_int_equal(v->gpr[R_ECX], 0x11223344);
    v->gpr[R_ESP] = 0x77770001;
    FAULTS(SS0, 0x66, 0x50); /* ffffh sticks out of the segment */
    v->gpr[R_ESP] = 0x7777fffe;
    FAULTS(SS0, 0x58);
    OK(0x66, 0x58);
    assert_int_equal(v->gpr[R_ESP], 0x77770000);
}

static void all_registers(void **state)
{
    (void)state;
    for (uint32_t r = 0; r < 8; r++)
        v->gpr[r] = r == R_ESP ? STACK : 0x1111 * r;
    OK(0x60);
    for (uint32_t r = 0; r < 8; r++)
        assert_int_equal(peek(vm, STACK - 4 - 4 * r), r == R_ESP ? STACK : 0x1111 * r);
    assert_int_equal(v->gpr[R_ESP], STACK - 32);
    for (uint32_t r = 0; r < 8; r++)
        v->gpr[r] = r == R_ESP ? STACK - 32 : 0xffffffff;
    OK(0x66, 0x61); /* popa: the low halves only */
    assert_int_equal(v->gpr[R_ESP], STACK - 16);
    assert_int_equal(v->gpr[R_EDI], 0xffff0000 | 0x7777);
    assert_int_equal(v->gpr[R_EAX], 0xffff0000 | STACK >> 16); /* half of the slot of ESP */
    v->gpr[R_ESP] = STACK - 32;
    OK(0x61);
    for (uint32_t r = 0; r < 8; r++)
        assert_int_equal(v->gpr[r], r == R_ESP ? STACK : 0x1111 * r);
}

static void all_registers_across_the_wrap(void **state)
{
    (void)state;
    use_stack16();
    for (uint32_t r = 0; r < 8; r++)
        v->gpr[r] = 0x100 + r;
    v->gpr[R_ESP] = 0x55550008;
    OK(0x60);
    assert_int_equal(v->gpr[R_ESP], 0x5555ffe8);
    assert_int_equal(peek(vm, 0x50004), 0x100);
    assert_int_equal(peek(vm, 0x50000), 0x101);
    assert_int_equal(peek(vm, 0x5fffc), 0x102);
    assert_int_equal(peek(vm, 0x5ffe8), 0x107);
    v->gpr[R_EAX] = v->gpr[R_EDI] = 0;
    OK(0x61);
    assert_int_equal(v->gpr[R_EAX], 0x100);
    assert_int_equal(v->gpr[R_EDI], 0x107);
    assert_int_equal(v->gpr[R_ESP], 0x55550008);
    v->gpr[R_ESP] = 6; /* a slot would straddle the end */
    poke(vm, 0x50000, 0);
    FAULTS(SS0, 0x60);
    assert_int_equal(peek(vm, 0x50000), 0);
    v->gpr[R_ESP] = 0xfffa;
    FAULTS(SS0, 0x61);
}

static void stack_page_faults_change_nothing(void **state)
{
    (void)state;
    map_all();
    go_user();
    map_page(STACK - 0x1000, 0);
    v->gpr[R_ESP] = STACK + 0x10;
    poke(vm, STACK, 0);
    FAULTS(E(VEC_PF, PF_W | PF_U), 0x60); /* pusha: its lower half is absent */
    assert_int_equal(v->exc.cr2, STACK + 0x10 - 32);
    assert_int_equal(peek(vm, STACK), 0);
    v->gpr[R_ESP] = STACK;
    FAULTS(E(VEC_PF, PF_W | PF_U), 0x50);
    FAULTS(E(VEC_PF, PF_W | PF_U), 0xe8, 0, 0, 0, 0);
    FAULTS(E(VEC_PF, PF_W | PF_U), 0x9c);
    FAULTS(E(VEC_PF, PF_W | PF_U), 0xc8, 0, 0, 0);
    v->gpr[R_ESP] = STACK - 4;
    FAULTS(E(VEC_PF, PF_U), 0x58);
    FAULTS(E(VEC_PF, PF_U), 0x61);
    FAULTS(E(VEC_PF, PF_U), 0xc3);
    FAULTS(E(VEC_PF, PF_U), 0x9d);
    v->gpr[R_ESP] = STACK;
    v->gpr[R_EBP] = STACK - 4;
    FAULTS(E(VEC_PF, PF_U), 0xc9);
    v->gpr[R_EBX] = DATA;
    map_page(DATA, PTE_P | PTE_U);
    FAULTS(E(VEC_PF, PF_P | PF_W | PF_U), 0x8f, 0x03); /* pop [ebx]: ESP too is as before */
}

static void frames(void **state)
{
    (void)state;
    v->gpr[R_EBP] = 0xaaaa0000;
    OK(0xc8, 0x10, 0, 0); /* enter 16, 0 */
    assert_int_equal(v->gpr[R_EBP], STACK - 4);
    assert_int_equal(v->gpr[R_ESP], STACK - 20);
    assert_int_equal(peek(vm, STACK - 4), 0xaaaa0000);
    OK(0xc9);
    assert_int_equal(v->gpr[R_EBP], 0xaaaa0000);
    assert_int_equal(v->gpr[R_ESP], STACK);
    v->gpr[R_EBP] = DATA + 0x100;
    poke(vm, DATA + 0xfc, 0x111);
    poke(vm, DATA + 0xf8, 0x222);
    OK(0xc8, 0, 0, 0x23); /* level 35 & 31 = 3 */
    assert_int_equal(peek(vm, STACK - 4), DATA + 0x100);
    assert_int_equal(peek(vm, STACK - 8), 0x111);
    assert_int_equal(peek(vm, STACK - 12), 0x222);
    assert_int_equal(peek(vm, STACK - 16), STACK - 4);
    assert_int_equal(v->gpr[R_EBP], STACK - 4);
    assert_int_equal(v->gpr[R_ESP], STACK - 16);
    v->gpr[R_ESP] = STACK;
    OK(0x66, 0xc8, 2, 0, 1); /* 16-bit operands on a 32-bit stack */
    assert_int_equal(v->gpr[R_ESP], STACK - 6);
    assert_int_equal(v->gpr[R_EBP], (STACK & 0xffff0000) - 0x10000 + 0xfffe);
}

static void enter_touches_the_end(void **state)
{
    (void)state;
    map_all();
    map_page(STACK - 0x2000, 0);
    FAULTS(E(VEC_PF, PF_W), 0xc8, 0x04, 0x10, 0); /* the final ESP lies in an absent page */
    OK(0xc8, 0xf0, 0x0f, 0);
}

static void pop_segment(void **state)
{
    (void)state;
    poke(vm, STACK, 0x99990000 | SMALL);
    OK(0x07);
    assert_int_equal(v->seg[S_ES].sel, SMALL);
    assert_int_equal(v->gpr[R_ESP], STACK + 4);
    poke(vm, STACK + 4, 0x1000);
    FAULTS(E(VEC_GP, 0x1000), 0x1f);
    poke(vm, STACK + 4, D0);
    OK(0x17);
    assert_int_equal(v->inhibit, INHIBIT_SS);
    assert_int_equal(v->gpr[R_ESP], STACK + 8);
    OK(0x66, 0x0f, 0xa9); /* pop gs from two bytes */
    assert_int_equal(v->gpr[R_ESP], STACK + 10);
}

/* ---- EFLAGS ------------------------------------------------------------------------- */

static void pushf_hides_vm_and_rf(void **state)
{
    (void)state;
    v->eflags = FL_ARITH | FL_RF | FL_ID | FL_AC | FL_NT | FL_IOPL | FL_ONE;
    v->vif = 1;
    OK(0x9c);
    assert_int_equal(peek(vm, STACK - 4),
                     FL_ARITH | FL_ID | FL_AC | FL_NT | FL_IOPL | FL_ONE | FL_IF);
    v->vif = 0;
    OK(0x66, 0x9c);
    assert_int_equal(peek16(STACK - 6), FL_ARITH | FL_NT | FL_IOPL | FL_ONE);
}

static uint32_t popped(unsigned cpl, unsigned iopl, bool vif, uint32_t image)
{
    go_user();
    v->cpl = (uint8_t)cpl;
    v->eflags = FL_ONE | iopl << FL_IOPL_SHIFT;
    v->vif = vif;
    v->gpr[R_ESP] = STACK;
    poke(vm, STACK, image);
    OK(0x9d);
    return vcpu_eflags(v);
}

static void popf_by_privilege(void **state)
{
    const uint32_t any = FL_ARITH | FL_DF | FL_NT | FL_AC | FL_ID | FL_ONE | FL_TF;
    (void)state;
    assert_int_equal(popped(0, 0, false, 0xffffffff), any | FL_IF | FL_IOPL);
    v->eflags &= ~(uint32_t)FL_TF;
    assert_int_equal(popped(0, 3, true, 0), FL_ONE);
    assert_int_equal(popped(3, 0, false, 0xffffffff), any);
    v->eflags &= ~(uint32_t)FL_TF;
    assert_int_equal(popped(3, 0, true, 0), FL_ONE | FL_IF);
    assert_int_equal(popped(3, 3, true, 0), FL_ONE | FL_IOPL);
    assert_int_equal(popped(1, 1, false, 0xffffffff), any | FL_IF | 1 << FL_IOPL_SHIFT);
    v->eflags &= ~(uint32_t)FL_TF;
    assert_int_equal(popped(1, 0, false, FL_IF | FL_IOPL), FL_ONE);
}

static void popf_of_16_bits_keeps_the_rest(void **state)
{
    (void)state;
    v->eflags = FL_ID | FL_AC | FL_ONE;
    poke(vm, STACK, 0);
    OK(0x66, 0x9d);
    assert_int_equal(vcpu_eflags(v), FL_ID | FL_AC | FL_ONE);
    assert_int_equal(v->gpr[R_ESP], STACK + 2);
}

static void cli_sti_by_privilege(void **state)
{
    (void)state;
    OK(0xfb);
    assert_int_equal(v->vif, 1);
    OK(0xfa);
    assert_int_equal(v->vif, 0);
    go_user();
    FAULTS(GP0, 0xfb);
    FAULTS(GP0, 0xfa);
    v->eflags |= FL_IOPL;
    OK(0xfb);
    OK(0xfa);
    v->cpl = 1;
    v->eflags &= ~(uint32_t)FL_IOPL;
    FAULTS(GP0, 0xfb);
    go_real();
    v->cpl = 0;
    OK(0xfb);
    assert_int_equal(v->vif, 1);
}

static void v86_needs_iopl_3(void **state)
{
    (void)state;
    go_real();
    v->cr0 |= CR0_PE;
    v->cpl = 3;
    v->eflags |= FL_VM;
    FAULTS(GP0, 0x9c);
    FAULTS(GP0, 0x9d);
    FAULTS(GP0, 0xfa);
    FAULTS(GP0, 0xfb);
    FAULTS(GP0, 0xcd, 0x10);
    FAULTS(GP0, 0xcf);
    v->eflags |= FL_IOPL;
    OK(0x9c);
    assert_int_equal(peek16(0x20000 + 0x7fe), FL_IOPL | FL_ONE);
    OK(0xfb);
    OK(0x9d);
    assert_int_equal(v->vif, 0);
    assert_int_equal(v->eflags, FL_VM | FL_IOPL | FL_ONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pushes_by_size, world),
        cmocka_unit_test_setup(pop_memory_uses_the_new_esp, world),
        cmocka_unit_test_setup(a_16_bit_stack_wraps, world),
        cmocka_unit_test_setup(all_registers, world),
        cmocka_unit_test_setup(all_registers_across_the_wrap, world),
        cmocka_unit_test_setup(stack_page_faults_change_nothing, world),
        cmocka_unit_test_setup(frames, world),
        cmocka_unit_test_setup(enter_touches_the_end, world),
        cmocka_unit_test_setup(pop_segment, world),
        cmocka_unit_test_setup(pushf_hides_vm_and_rf, world),
        cmocka_unit_test_setup(popf_by_privilege, world),
        cmocka_unit_test_setup(popf_of_16_bits_keeps_the_rest, world),
        cmocka_unit_test_setup(cli_sti_by_privilege, world),
        cmocka_unit_test_setup(v86_needs_iopl_3, world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
