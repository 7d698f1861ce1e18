/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each kind of stop, and the state that it leaves for the run loop. The interpreter, segments and
 * events are real; the translator and the shadow answer what the test says.
 */
#include "monitor/exit.h"

#include "tests/unit/top_world.h"

static uint64_t stat(enum stat s)
{
    return vm->stats.n[s];
}

/* User code left with the selectors that the vcpu has. */
static void leave(struct host_exit *x, bool from_tc)
{
    x->user = !from_tc;
    for (unsigned r = 0; r < S_COUNT; r++)
        x->sel[r] = v->seg[r].sel;
    exit_handle(v, x);
}

static void exception(uint8_t vector, uint32_t error, bool from_tc)
{
    struct host_exit x = {.kind = HX_EXCEPTION, .vector = vector, .error = error};
    top.eip = v->eip;
    leave(&x, from_tc);
    assert_int_equal(top.unwinds, from_tc);
}

static void page_fault(uint32_t cr2, uint32_t error, bool from_tc)
{
    struct host_exit x = {.kind = HX_EXCEPTION, .vector = VEC_PF, .error = error, .cr2 = cr2};
    top.eip = v->eip;
    leave(&x, from_tc);
}

static void raised(uint8_t vector, uint32_t error)
{
    assert_true(v->exc.valid);
    assert_int_equal(v->exc.vector, vector);
    assert_int_equal(v->exc.error, error);
}

static int user(void **state)
{
    top_world(state);
    run_at(3);
    assert_true(segtab_prepare(v));
    return 0;
}

/* ---- Page faults ---------------------------------------------------------- */

static void shadow_mends_it(void **state)
{
    (void)state;
    top.answer = SHADOW_FIXED;
    page_fault(0x12345678, PF_P | PF_W | PF_U, false);
    assert_int_equal(top.linear.v, 0x12345678);
    assert_int_equal(top.access, PF_W | PF_U);
    assert_false(v->exc.valid);
    assert_int_equal(v->eip, 0x1234);
    assert_int_equal(stat(STAT_EXIT_PF), 1);
    assert_int_equal(stat(STAT_INSN_INTERP), 0);
}

static void the_guests_own_page_fault(void **state)
{
    (void)state;
    top.answer = SHADOW_REFLECT;
    top.error = PF_U | PF_P;
    page_fault(0x5000, PF_U, false);
    raised(VEC_PF, PF_U | PF_P);
    assert_int_equal(v->exc.cr2, 0x5000);
    assert_int_equal(v->eip, 0x1234);
}

/* SDM 3A 4.10.4.1: what was cached for the page is gone. */
static void a_page_fault_drops_the_translation(void **state)
{
    (void)state;
    uint32_t word;
    poke(vm, PAGE_DIR, PAGE_TAB | PTE_P);
    poke(vm, PAGE_TAB + 0x14, 0x5000 | PTE_P);
    paging(v, PAGE_DIR);
    assert_true(vmem_read(v, gva(0x5000), &word, 4, 0));
    poke(vm, PAGE_TAB + 0x14, 0); /* no INVLPG */
    assert_true(vmem_read(v, gva(0x5000), &word, 4, 0));
    top.answer = SHADOW_REFLECT;
    page_fault(0x5000, 0, true);
    v->exc.valid = false;
    assert_false(vmem_read(v, gva(0x5000), &word, 4, 0));
}

/* Ring 1 is the guest's supervisor: PF_U of the hardware is not the guest's. */
static void translated_code_is_the_supervisor(void **state)
{
    (void)state;
    top.answer = SHADOW_FIXED;
    page_fault(0x5000, PF_W | PF_U | PF_I, true);
    assert_int_equal(top.access, PF_W);
    assert_int_equal(top.unwinds, 1);
}

static void traced_and_device_accesses_are_interpreted(void **state)
{
    (void)state;
    static const enum shadow_answer answers[] = {SHADOW_TRACE, SHADOW_MMIO};
    for (unsigned i = 0; i < 2; i++) {
        v->eip = 0x1234;
        v->gpr[R_EBX] = 0x7000 + i;
        CODE_AT(0x88, 0x03); /* mov [ebx], al */
        v->gpr[R_EAX] = 0x77;
        top.answer = answers[i];
        page_fault(0x7000 + i, PF_W | PF_U, false);
        assert_int_equal(peek(vm, 0x7000 + i) & 0xff, 0x77);
        assert_int_equal(v->eip, 0x1236);
        assert_false(v->exc.valid);
    }
    assert_int_equal(stat(STAT_INSN_INTERP), 2);
}

/* An address that wrapped in 32 bits but not in the host's 64. */
static void outside_the_guests_space(void **state)
{
    (void)state;
    struct host_exit x = {.kind = HX_EXCEPTION, .vector = VEC_PF, .cr2 = 0x10, .cr2_outside = true};
    top.eip = v->eip;
    CODE_AT(0x8a, 0x43, 0x20); /* mov al, [ebx + 0x20] */
    v->gpr[R_EBX] = 0xfffffff0;
    poke(vm, 0x10, 0x5a);
    leave(&x, true);
    assert_int_equal(top.faults, 0);
    assert_int_equal(v->gpr[R_EAX] & 0xff, 0x5a);
    assert_int_equal(v->eip, 0x1237);
}

/* ---- Other exceptions ----------------------------------------------------- */

static void a_sensitive_user_instruction(void **state)
{
    (void)state;
    CODE_AT(0xfa); /* cli */
    exception(VEC_GP, 0, false);
    raised(VEC_GP, 0);
    assert_int_equal(v->eip, 0x1234);
    assert_int_equal(stat(STAT_EXIT_GP), 1);
    assert_int_equal(stat(STAT_INSN_INTERP), 1);
    assert_int_equal(stat(STAT_INSN_INTERP_KERNEL), 0);
}

/* The first load of all is interpreted, as it may be refused; later ones are mirrored. */
static void a_segment_load_is_mirrored_first(void **state)
{
    (void)state;
    gdt_set(RO3, peek64(GDT + RO3) & ~((uint64_t)SA_ACCESSED << 40)); /* never loaded yet */
    assert_true(segtab_prepare(v));
    assert_int_equal(fake.descriptor[0][RO3 / 8], 0);
    CODE_AT(0x8e, 0xd0, 0x8e, 0xd8); /* mov ss, ax; mov ds, ax */
    v->gpr[R_EAX] = RO3 | 3;
    exception(VEC_GP, RO3, false);
    raised(VEC_GP, RO3); /* SS must be writable */
    v->exc.valid = false;
    assert_false(peek64(GDT + RO3) >> 40 & SA_ACCESSED);
    v->eip = 0x1236;
    exception(VEC_GP, RO3, false);
    assert_false(v->exc.valid);
    assert_int_equal(v->eip, 0x1238);
    assert_true(peek64(GDT + RO3) >> 40 & SA_ACCESSED);
    assert_int_equal(stat(STAT_INSN_INTERP), 2);
    v->eip = 0x1236;
    exception(VEC_GP, RO3, false);
    assert_int_equal(v->eip, 0x1236); /* again, natively */
    assert_int_equal(stat(STAT_INSN_INTERP), 2);
    assert_int_equal(fake.descriptor[0][RO3 / 8], peek64(GDT + RO3));
    exception(VEC_GP, RO3, false); /* the mirror is right: the fault is the guest's */
    assert_int_equal(stat(STAT_INSN_INTERP), 3);
}

/* Translated code has its segments in the vcpu: there is nothing to mirror. */
static void a_kernel_segment_load(void **state)
{
    (void)state;
    CODE_AT(0x8e, 0xd8);
    v->gpr[R_EAX] = RO3;
    exception(VEC_GP, RO3, true);
    assert_int_equal(v->seg[S_DS].sel, RO3);
    assert_int_equal(v->eip, 0x1236);
    assert_int_equal(fake.descriptor[0][RO3 / 8], 0);
}

/* What user code loaded by itself gets its hidden part. */
static void segments_are_collected(void **state)
{
    (void)state;
    struct host_exit x = {.kind = HX_INTERRUPT};
    v->seg[S_DS].sel = 0;
    v->seg[S_FS].sel = C3 | 3;
    leave(&x, false);
    assert_int_equal(v->seg[S_DS].attr, SA_NULL);
    assert_true(v->seg[S_FS].attr & SA_CODE);
}

static void a_bad_segment_load_is_the_guests(void **state)
{
    (void)state;
    CODE_AT(0x8e, 0xd8);
    v->gpr[R_EAX] = D3_NP | 3;
    exception(VEC_NP, D3_NP, false);
    raised(VEC_NP, D3_NP);
    assert_int_equal(v->eip, 0x1234);
}

/* The error code names a vector, not a selector. */
static void a_refused_int_mirrors_nothing(void **state)
{
    (void)state;
    CODE_AT(0xcd, RO3 / 8);
    exception(VEC_GP, RO3 | 2, false);
    raised(VEC_GP, RO3 | 2);
    assert_int_equal(v->eip, 0x1234);
    assert_int_equal(stat(STAT_INSN_INTERP), 1);
}

static void the_lazy_fpu(void **state)
{
    (void)state;
    CODE_AT(0xd9, 0xe8); /* fld1 */
    v->cr0 |= CR0_TS;
    exception(VEC_NM, 0, false);
    raised(VEC_NM, 0);
    assert_int_equal(stat(STAT_EXIT_NM), 1);
}

/* Vectors without an entry, in range and out of it, are interpreted. */
static void the_rest_is_interpreted(void **state)
{
    (void)state;
    static const uint8_t vectors[] = {VEC_DE, VEC_UD, VEC_AC, 20, 31, 32, 255};
    for (unsigned i = 0; i < ARRAY_SIZE(vectors); i++) {
        v->eip = 0x1234;
        CODE_AT(0x40); /* inc eax */
        exception(vectors[i], 0, false);
        assert_int_equal(v->eip, 0x1235);
        assert_int_equal(v->gpr[R_EAX], i + 1);
    }
    assert_int_equal(stat(STAT_EXIT_EXCEPTION), ARRAY_SIZE(vectors));
}

static void a_kernel_exception(void **state)
{
    (void)state;
    run_at(0);
    CODE_AT(0xf7, 0xf1); /* div ecx */
    exception(VEC_DE, 0, true);
    raised(VEC_DE, 0);
    assert_int_equal(v->eip, 0x1234);
    assert_int_equal(stat(STAT_INSN_INTERP_KERNEL), 1);
}

static void single_step_of_user_code(void **state)
{
    (void)state;
    v->eflags |= FL_TF;
    exception(VEC_DB, 0, false);
    raised(VEC_DB, 0);
    assert_true(v->exc.is_trap);
    assert_true(v->dr[6] & DR6_BS);
    assert_int_equal(v->eip, 0x1234);
}

/* ---- Software interrupts --------------------------------------------------- */

static void soft_int(uint8_t vector)
{
    struct host_exit x = {.kind = HX_SOFT_INT, .vector = vector};
    leave(&x, false);
}

static void a_system_call(void **state)
{
    (void)state;
    gate(0x80, C0, SYS_TRAP32, 3);
    soft_int(0x80);
    assert_int_equal(told.forgot_calls, 1);
    assert_false(v->exc.valid);
    assert_int_equal(v->eip, HANDLER);
    assert_int_equal(v->cpl, 0);
    FRAME(0x1234, C3 | 3, vcpu_eflags(v), STACK3 - 0x100, D3 | 3);
    assert_int_equal(stat(STAT_EXIT_SOFT_INT), 1);
}

/* The guest's gate refuses: the fault is at the INT, which began before eip. */
static void refused_software_interrupts(void **state)
{
    (void)state;
    static const struct {
        uint8_t vector, code[2];
        uint32_t length;
    } rows[] = {
        {0x80, {0xcd, 0x80}, 2},   {VEC_BP, {0x90, 0xcc}, 1}, {VEC_BP, {0xcd, 0x03}, 2},
        {VEC_OF, {0x90, 0xce}, 1}, {VEC_OF, {0xcd, 0x04}, 2},
    };
    gate(0x80, C0, SYS_TRAP32, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        v->exc.valid = false;
        v->eip = 0x1232;
        assert_true(guest_write(vm, gpa(v->eip), rows[i].code, 2));
        v->eip = 0x1234;
        soft_int(rows[i].vector);
        raised(VEC_GP, rows[i].vector * 8u + 2);
        assert_int_equal(v->eip, 0x1234 - rows[i].length);
    }
}

/* Its code has gone meanwhile: no second exception on top of the first, no panic. */
static void a_refused_int_without_code(void **state)
{
    (void)state;
    poke(vm, PAGE_DIR, PAGE_TAB | PTE_P | PTE_W | PTE_U);
    for (unsigned i = 0; i < 0xb; i++)
        poke(vm, PAGE_TAB + i * 4, i << 12 | PTE_P | PTE_W | PTE_U);
    paging(v, PAGE_DIR);
    v->eip = HOLE + 0x10;
    soft_int(VEC_BP);
    raised(VEC_GP, 3 * 8 + 2);
    assert_int_equal(v->eip, HOLE + 0x0e);
}

/* ---- Translated code -------------------------------------------------------- */

static void leaves(enum tc_code code)
{
    struct host_exit x = {.kind = HX_TC, .code = code};
    top.eip = v->eip;
    leave(&x, true);
    assert_int_equal(top.unwinds, 1);
}

static void a_miss_is_chained(void **state)
{
    (void)state;
    top.known = 0x7000;
    leaves(TC_EXIT_MISS);
    assert_int_equal(top.chains, 1);
    assert_int_equal(top.chained, 0x7000);
    assert_int_equal(top.translations, 0);
    assert_int_equal(stat(STAT_EXIT_MISS), 1);
}

static void a_miss_translates(void **state)
{
    (void)state;
    top.made = 0x8000;
    leaves(TC_EXIT_MISS);
    assert_int_equal(top.translations, 1);
    assert_int_equal(top.chained, 0x8000);
}

static void a_miss_whose_code_is_not_there(void **state)
{
    (void)state;
    poke(vm, PAGE_DIR, 0);
    paging(v, PAGE_DIR);
    leaves(TC_EXIT_MISS);
    assert_int_equal(top.chains, 0);
    assert_false(v->exc.valid); /* the interpreter's, next */
    assert_int_equal(v->eip, 0x1234);
}

static void a_callout(void **state)
{
    (void)state;
    CODE_AT(0xfb); /* sti */
    leaves(TC_EXIT_INTERP);
    assert_int_equal(v->vif, 1);
    assert_int_equal(v->inhibit, 1);
    assert_int_equal(v->eip, 0x1235);
    assert_int_equal(stat(STAT_EXIT_CALLOUT), 1);
}

static void an_event(void **state)
{
    (void)state;
    leaves(TC_EXIT_EVENT);
    assert_int_equal(stat(STAT_EXIT_EVENT), 1);
    assert_int_equal(v->eip, 0x1234);
    assert_false(v->exc.valid);
}

static void a_host_interrupt(void **state)
{
    (void)state;
    struct host_exit x = {.kind = HX_INTERRUPT};
    told.interrupt = true;
    fake.now_ns = 5;
    leave(&x, false);
    assert_int_equal(top.advances, 1);
    assert_int_equal(v->event, 1);
    assert_int_equal(stat(STAT_EXIT_INTERRUPT), 1);
    assert_int_equal(v->eip, 0x1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(shadow_mends_it, user),
        cmocka_unit_test_setup(the_guests_own_page_fault, user),
        cmocka_unit_test_setup(a_page_fault_drops_the_translation, top_world),
        cmocka_unit_test_setup(translated_code_is_the_supervisor, top_world),
        cmocka_unit_test_setup(traced_and_device_accesses_are_interpreted, user),
        cmocka_unit_test_setup(outside_the_guests_space, top_world),
        cmocka_unit_test_setup(a_sensitive_user_instruction, user),
        cmocka_unit_test_setup(a_segment_load_is_mirrored_first, user),
        cmocka_unit_test_setup(a_kernel_segment_load, top_world),
        cmocka_unit_test_setup(segments_are_collected, user),
        cmocka_unit_test_setup(a_bad_segment_load_is_the_guests, user),
        cmocka_unit_test_setup(a_refused_int_mirrors_nothing, user),
        cmocka_unit_test_setup(the_lazy_fpu, user),
        cmocka_unit_test_setup(the_rest_is_interpreted, user),
        cmocka_unit_test_setup(a_kernel_exception, top_world),
        cmocka_unit_test_setup(single_step_of_user_code, user),
        cmocka_unit_test_setup(a_system_call, user),
        cmocka_unit_test_setup(refused_software_interrupts, user),
        cmocka_unit_test_setup(a_refused_int_without_code, user),
        cmocka_unit_test_setup(a_miss_is_chained, top_world),
        cmocka_unit_test_setup(a_miss_translates, top_world),
        cmocka_unit_test_setup(a_miss_whose_code_is_not_there, top_world),
        cmocka_unit_test_setup(a_callout, top_world),
        cmocka_unit_test_setup(an_event, top_world),
        cmocka_unit_test_setup(a_host_interrupt, user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
