/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Privileged state through instructions: control registers, ports, MSRs, descriptor tables, and
 * the questions about selectors. What values are legal is tested with priv.c and segment.c;
 * here, that each instruction asks them and puts the answer where it belongs.
 */
#include "tests/unit/interp_run.h"

static void control_registers(void **state)
{
    (void)state;
    v->cr2 = 0x12345678;
    OK(0x0f, 0x20, 0xd1); /* mov ecx, cr2 */
    assert_int_equal(v->gpr[R_ECX], 0x12345678);
    v->gpr[R_EAX] = 0x5000;
    OK(0x0f, 0x22, 0xd8);
    assert_int_equal(v->cr3, 0x5000);
    v->gpr[R_EAX] = CR0_PG; /* without PE */
    FAULTS(GP0, 0x0f, 0x22, 0xc0);
    v->gpr[R_EAX] = CR4_SMEP; /* not shown by CPUID */
    FAULTS(GP0, 0x0f, 0x22, 0xe0);
    FAULTS(UD, 0x0f, 0x20, 0xc8); /* cr1 */
    v->gpr[R_EAX] = CR4_PSE;
    OK(0x0f, 0x22, 0x20); /* mod is ignored */
    assert_int_equal(v->cr4, CR4_PSE);
    v->dr[0] = 0x777;
    OK(0x0f, 0x21, 0xc2);
    assert_int_equal(v->gpr[R_EDX], 0x777);
    v->gpr[R_EDX] = 0x888;
    OK(0x0f, 0x23, 0xda); /* mov dr3, edx */
    assert_int_equal(v->dr[3], 0x888);
    v->cr4 |= CR4_DE;
    FAULTS(UD, 0x0f, 0x23, 0xe2); /* dr4 */
}

static void machine_status_word(void **state)
{
    (void)state;
    v->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_TS;
    OK(0x0f, 0x01, 0xe0); /* smsw eax: all of it */
    assert_int_equal(v->gpr[R_EAX], CR0_PE | CR0_ET | CR0_NE | CR0_TS);
    v->gpr[R_EBX] = DATA;
    poke(vm, DATA, 0xffffffff);
    OK(0x0f, 0x01, 0x23); /* smsw [ebx]: two bytes */
    assert_int_equal(peek(vm, DATA), 0xffff0000 | CR0_PE | CR0_ET | CR0_NE | CR0_TS);
    v->gpr[R_EAX] = CR0_MP;
    OK(0x0f, 0x01, 0xf0); /* lmsw ax: clears TS, sets MP, cannot clear PE */
    assert_int_equal(v->cr0, CR0_PE | CR0_ET | CR0_NE | CR0_MP);
    v->cr0 |= CR0_TS;
    OK(0x0f, 0x06);
    assert_int_equal(v->cr0 & CR0_TS, 0);
    go_real();
    v->gpr[R_EAX] = CR0_PE;
    OK(0x0f, 0x01, 0xf0);
    assert_true(v->cr0 & CR0_PE);
}

static void user_may_read_the_status_word(void **state)
{
    (void)state;
    go_user();
    OK(0x0f, 0x01, 0xe0);
    OK(0x0f, 0x00, 0xc0); /* sldt eax */
    v->gpr[R_EBX] = DATA;
    OK(0x0f, 0x01, 0x03); /* sgdt [ebx] */
}

static void ports(void **state)
{
    (void)state;
    v->gpr[R_EAX] = 0xaabbccdd;
    OK(0xe4, 0x71); /* the double's ports read as their number */
    assert_int_equal(v->gpr[R_EAX], 0xaabbcc71);
    OK(0xe6, 0xf0);
    assert_int_equal(told.io[1].address, 0xf0);
    assert_int_equal(told.io[1].value, 0x71);
    assert_int_equal(told.io[1].size, 1);
    v->gpr[R_EDX] = 0xffff0cf8;
    OK(0xed);
    assert_int_equal(v->gpr[R_EAX], 0xcf8);
    OK(0x66, 0xef);
    assert_int_equal(told.io[3].size, 2);
    assert_int_equal(told.io[3].address, 0xcf8);
    assert_true(told.io[3].write);
    go_user();
    FAULTS(GP0, 0xed);
    FAULTS(GP0, 0xe6, 0x80);
    assert_int_equal(told.accesses, 4);
    v->eflags |= FL_IOPL;
    OK(0xed);
}

static void time_and_counters(void **state)
{
    (void)state;
    fake.tsc = 0x123456789abcdefull;
    OK(0x0f, 0x31);
    assert_int_equal(v->gpr[R_EAX], 0x89abcdef);
    assert_int_equal(v->gpr[R_EDX], 0x01234567);
    FAULTS(GP0, 0x0f, 0x33); /* rdpmc */
    go_user();
    OK(0x0f, 0x31);
    v->cr4 |= CR4_TSD;
    FAULTS(GP0, 0x0f, 0x31);
    FAULTS(GP0, 0x0f, 0x33);
    v->cpl = 0;
    OK(0x0f, 0x31);
}

static void model_specific_registers(void **state)
{
    (void)state;
    fake.tsc = 0x500000001ull;
    v->gpr[R_ECX] = MSR_TSC;
    OK(0x0f, 0x32);
    assert_int_equal(v->gpr[R_EAX], 1);
    assert_int_equal(v->gpr[R_EDX], 5);
    v->gpr[R_ECX] = 0x12345;
    FAULTS(GP0, 0x0f, 0x32);
    FAULTS(GP0, 0x0f, 0x30);
}

static void cpuid(void **state)
{
    (void)state;
    v->gpr[R_EAX] = 0x40000000;
    go_user();
    OK(0x0f, 0xa2);
    assert_int_equal(v->gpr[R_EBX], 0x676e6952); /* "Ring" */
}

static void halt(void **state)
{
    (void)state;
    v->vif = 1;
    OK(0xf4);
    assert_true(v->halted);
    assert_false(vm->ended);
    v->halted = false;
    v->vif = 0;
    OK(0xf4);
    assert_true(vm->ended);
}

static void invlpg(void **state)
{
    (void)state;
    map_all();
    v->gpr[R_EBX] = DATA;
    OK(0x8b, 0x03);
    poke(vm, PAGE_TAB + (DATA >> 12) * 4, 0); /* not noticed before the INVLPG */
    OK(0x8b, 0x03);
    OK(0x0f, 0x01, 0x3b);
    FAULTS(E(VEC_PF, 0), 0x8b, 0x03);
    v->seg[S_FS].attr = SA_NULL;
    OK(0x64, 0x0f, 0x01, 0x3b); /* the address is all that counts */
    FAULTS(UD, 0x0f, 0x01, 0xfb);
}

static void caches_do_nothing(void **state)
{
    (void)state;
    OK(0x0f, 0x08);
    OK(0x0f, 0x09);
    v->gpr[R_EBX] = DATA;
    OK(0x0f, 0xae, 0x3b); /* clflush */
    OK(0x0f, 0xae, 0xf0); /* mfence */
    map_all();
    map_page(DATA, 0);
    FAULTS(E(VEC_PF, 0), 0x0f, 0xae, 0x3b);
    OK(0x0f, 0x18, 0x03); /* prefetch: no fault */
    OK(0x0f, 0x1f, 0x03); /* nop [ebx] */
}

static void table_registers(void **state)
{
    (void)state;
    v->gpr[R_EBX] = DATA;
    poke16(DATA, 0x57);
    poke(vm, DATA + 2, 0x12345678);
    OK(0x0f, 0x01, 0x1b); /* lidt */
    assert_int_equal(v->idtr.base, 0x12345678);
    assert_int_equal(v->idtr.limit, 0x57);
    OK(0x66, 0x0f, 0x01, 0x1b); /* 24 bits of base */
    assert_int_equal(v->idtr.base, 0x345678);
    v->idtr.base = 0xfedcba98;
    OK(0x66, 0x0f, 0x01, 0x0b); /* sidt: all 32 */
    assert_int_equal(peek(vm, DATA + 2), 0xfedcba98);
    assert_int_equal(peek16(DATA), 0x57);
    OK(0x0f, 0x01, 0x03);
    assert_int_equal(peek(vm, DATA + 2), GDT);
    assert_int_equal(peek16(DATA), GDT_SIZE - 1);
    OK(0x0f, 0x01, 0x13); /* lgdt */
    assert_int_equal(v->gdtr.base, GDT);
    v->seg[S_DS].limit = DATA + 4;
    FAULTS(GP0, 0x0f, 0x01, 0x13);
    FAULTS(GP0, 0x0f, 0x01, 0x03);
}

static void local_table_and_task(void **state)
{
    (void)state;
    v->gpr[R_EAX] = LDTR;
    OK(0x0f, 0x00, 0xd0);
    assert_int_equal(v->ldtr.base, 0x6000);
    v->gpr[R_ECX] = 0xffffffff;
    OK(0x0f, 0x00, 0xc1); /* sldt ecx */
    assert_int_equal(v->gpr[R_ECX], LDTR);
    v->gpr[R_EAX] = TSSR;
    OK(0x0f, 0x00, 0xd8);
    assert_int_equal(v->tr.base, TSS);
    FAULTS(E(VEC_GP, TSSR), 0x0f, 0x00, 0xd8); /* busy now */
    v->gpr[R_EBX] = DATA;
    poke(vm, DATA, 0xffffffff);
    OK(0x0f, 0x00, 0x0b); /* str [ebx] */
    assert_int_equal(peek(vm, DATA), 0xffff0000 | TSSR);
    v->gpr[R_EAX] = D0;
    FAULTS(E(VEC_GP, D0), 0x0f, 0x00, 0xd0);
}

static void questions_about_selectors(void **state)
{
    (void)state;
    v->gpr[R_EAX] = D0;
    OK(0x0f, 0x02, 0xc8); /* lar ecx, eax */
    assert_true(v->eflags & FL_ZF);
    assert_int_equal(v->gpr[R_ECX] & 0xf0ff00, 0xc09300); /* 19:16 are undefined */
    OK(0x0f, 0x03, 0xc8);                                 /* lsl */
    assert_int_equal(v->gpr[R_ECX], 0xffffffff);
    v->gpr[R_ECX] = 0x11112222;
    v->gpr[R_EAX] = SMALL;
    OK(0x66, 0x0f, 0x03, 0xc8);
    assert_int_equal(v->gpr[R_ECX], 0x111100ff);
    v->gpr[R_EAX] = 0x1000;
    OK(0x0f, 0x02, 0xc8);
    assert_false(v->eflags & FL_ZF);
    assert_int_equal(v->gpr[R_ECX], 0x111100ff);
    v->gpr[R_EAX] = RDONLY;
    OK(0x0f, 0x00, 0xe0); /* verr */
    assert_true(v->eflags & FL_ZF);
    OK(0x0f, 0x00, 0xe8); /* verw */
    assert_false(v->eflags & FL_ZF);
}

static void adjust_rpl(void **state)
{
    (void)state;
    v->gpr[R_EAX] = 0xffff0010;
    v->gpr[R_ECX] = 3;
    OK(0x63, 0xc8); /* arpl ax, cx */
    assert_int_equal(v->gpr[R_EAX], 0xffff0013);
    assert_true(v->eflags & FL_ZF);
    v->gpr[R_ECX] = 2;
    OK(0x63, 0xc8);
    assert_int_equal(v->gpr[R_EAX], 0xffff0013);
    assert_false(v->eflags & FL_ZF);
    map_all();
    v->cr0 |= CR0_WP;
    map_page(DATA, PTE_P);
    v->gpr[R_EBX] = DATA;
    FAULTS(E(VEC_PF, PF_P | PF_W), 0x63, 0x0b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(control_registers, world),
        cmocka_unit_test_setup(machine_status_word, world),
        cmocka_unit_test_setup(user_may_read_the_status_word, world),
        cmocka_unit_test_setup(ports, world),
        cmocka_unit_test_setup(time_and_counters, world),
        cmocka_unit_test_setup(model_specific_registers, world),
        cmocka_unit_test_setup(cpuid, world),
        cmocka_unit_test_setup(halt, world),
        cmocka_unit_test_setup(invlpg, world),
        cmocka_unit_test_setup(caches_do_nothing, world),
        cmocka_unit_test_setup(table_registers, world),
        cmocka_unit_test_setup(local_table_and_task, world),
        cmocka_unit_test_setup(questions_about_selectors, world),
        cmocka_unit_test_setup(adjust_rpl, world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
