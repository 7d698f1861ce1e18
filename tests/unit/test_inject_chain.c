/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Events whose delivery goes wrong: serial exceptions, double and triple faults by the manual's
 * table, and what ends the VM; and delivery in real mode.
 */
#include "monitor/selector.h"
#include "tests/unit/inject_world.h"

/* ---- Chains ------------------------------------------------------------------------ */

/* FIRST is pending, and its gate leads to HANDLER. */
static void chain(uint8_t first, uint16_t handler)
{
    events(NULL);
    world_paging();
    gate(first, handler, SYS_INT32, 0);
    if (first == VEC_PF)
        vcpu_raise_pf(v, gva(0x1000), 0);
    else
        vcpu_raise_error(v, first, 0x5550);
}

static void second_faults(void **state)
{
    (void)state;
    chain(VEC_UD, C0_NP); /* benign, then contributory: one after the other */
    inject_exception(v);
    FRAME(C0_NP | 1, 0x1234, C0, FL_ONE | FL_RF);
    assert_int_equal(vm->stats.n[STAT_INJ_EXCEPTION], 1);
    chain(VEC_GP, C0_NP); /* contributory twice: double fault, error 0 */
    gate(VEC_DF, C0, SYS_TRAP32, 0);
    vcpu_set_eflags(v, FL_ONE | FL_IF);
    inject_exception(v);
    FRAME(0, 0x1234, C0, FL_ONE | FL_IF);
    assert_int_equal(v->vif, 1); /* it was the trap gate of #DF */
    chain(VEC_PF, C0_NP);        /* page fault, then contributory: double */
    gate(VEC_DF, C0, SYS_TRAP32, 0);
    vcpu_set_eflags(v, FL_ONE | FL_IF);
    inject_exception(v);
    FRAME(0, 0x1234, C0, FL_ONE | FL_IF);
    assert_int_equal(v->vif, 1);
    assert_int_equal(v->cr2, 0x1000);
}

static void contributory_then_page_fault(void **state)
{
    (void)state;
    world_paging();
    gate(VEC_GP, C1, SYS_INT32, 0);
    run_at(3);
    poke(vm, TSS + 12, HOLE + 0x40); /* level 1's stack is missing, level 0's is not */
    vcpu_raise_error(v, VEC_GP, 0);
    inject_exception(v);
    assert_int_equal(v->cpl, 0);
    FRAME(PF_W, 0x1234, C3 | 3);
    assert_int_equal(v->cr2, HOLE + 0x40 - 4);
}

static void page_fault_twice(void **state)
{
    (void)state;
    world_paging();
    gate(VEC_PF, C1, SYS_INT32, 0);
    run_at(3);
    poke(vm, TSS + 12, HOLE + 0x40);
    vcpu_raise_pf(v, gva(0x123), PF_U);
    inject_exception(v);
    assert_int_equal(v->cpl, 0);
    FRAME(0, 0x1234, C3 | 3); /* #DF */
    assert_int_equal(v->cr2, HOLE + 0x40 - 4);
}

static void triple_fault(void **state)
{
    (void)state;
    v->idtr.limit = 0;
    raise_gp(0x42);
    assert_true(vm->ended);
    assert_false(v->exc.valid);
    assert_int_equal(vm->exit, EXIT_GUEST_KILLED);
    assert_string_equal(vm->reason, "triple fault at 0008:00001234: #GP(42), then #GP(6b), "
                                    "then #DF(0), then #GP(43)");
    assert_int_equal(vm->stats.n[STAT_INJ_EXCEPTION], 0);
}

static void triple_fault_by_paging(void **state)
{
    (void)state;
    world_paging();
    world_map(IDT, 0);
    v->eip = 0x777;
    vcpu_raise_pf(v, gva(0xdead0000), PF_W);
    inject_exception(v);
    assert_true(vm->ended);
    assert_string_equal(vm->reason,
                        "triple fault at 0008:00000777: #PF(2) at dead0000, then #PF(0) at "
                        "00004070, then #DF(0), then #PF(0) at 00004040");
    assert_int_equal(v->cr2, 0x4040);
}

/* One fault leads to the next for as long as the table allows; the end comes. */
static void longest_chain(void **state)
{
    (void)state;
    v->idtr.limit = VEC_PF * 8 + 7;
    poke64(IDT + VEC_UD * 8, 0);
    gate(VEC_GP, C0_NP, SYS_INT32, 0);
    poke64(IDT + VEC_DF * 8, 0);
    vcpu_raise(v, VEC_UD);
    inject_exception(v);
    assert_string_equal(vm->reason, "triple fault at 0008:00001234: #UD, then #GP(33), then "
                                    "#NP(61), then #DF(0), then #GP(43)");
}

/* The DPL of a task gate counts for INT n alone; its TSS is at first busy, then not. */
static void task_gate(void **state)
{
    (void)state;
    gate(0x50, SYS_TSS_BUSY, SYS_TASK, 0);
    run_at(3);
    FAULTS(inject_software(v, 0x50), VEC_GP, 0x50 * 8 + 2);
    gate(0x50, SYS_TSS_BUSY, SYS_TASK, 3);
    FAULTS(inject_software(v, 0x50), VEC_GP, SYS_TSS_BUSY);
    gate(VEC_GP, SYS_TSS, SYS_TASK, 0);
    poke(vm, TSS + 0x24, FL_ONE);
    poke(vm, TSS + 0x38, STACK0);
    poke(vm, TSS + 0x4c, C0);
    poke(vm, TSS + 0x50, D0);
    force_tr(SYS_TSS_BUSY);
    gdt_set(SYS_TSS_BUSY, pack(TSS16, 0x67, SA_P | SYS_TSS32_BUSY));
    force_tr(SYS_TSS_BUSY);
    raise_gp(0x77);
    assert_false(vm->ended);
    assert_int_equal(v->tr.sel, SYS_TSS);
    assert_int_equal(v->seg[S_CS].sel, C0);
    assert_int_equal(v->gpr[R_ESP], STACK0 - 4);
    assert_int_equal(peek(vm, STACK0 - 4), 0x77);
    assert_int_equal(peek16(TSS), SYS_TSS_BUSY);
    assert_true(v->eflags & FL_NT);
}

/* ---- Real and V86 mode -------------------------------------------------------------- */

static void real_mode(void **state)
{
    (void)state;
    world_real();
    poke(vm, IDT + 8 * 4, 0x0123u << 16 | 0x4567);
    vcpu_set_eflags(v, FL_ONE | FL_IF | FL_TF | FL_AC | FL_CF);
    v->halted = true;
    inject_interrupt(v, 8);
    assert_int_equal(v->seg[S_CS].sel, 0x0123);
    assert_int_equal(v->seg[S_CS].base, 0x1230);
    assert_int_equal(v->eip, 0x4567);
    assert_int_equal(v->gpr[R_ESP], 0x6ffa);
    assert_int_equal(peek16(0x6ffa), 0x1234);
    assert_int_equal(peek16(0x6ffc), 0);
    assert_int_equal(peek16(0x6ffe), FL_ONE | FL_IF | FL_TF | FL_CF);
    assert_int_equal(vcpu_eflags(v), FL_ONE | FL_CF);
    assert_false(v->halted);
    poke(vm, IDT + VEC_GP * 4, 0x0001);
    raise_gp(0x99);
    assert_int_equal(v->eip, 1);
    assert_int_equal(v->gpr[R_ESP], 0x6ff4); /* no error code */
}

static void real_mode_faults(void **state)
{
    (void)state;
    world_real();
    v->idtr.limit = 0x50 * 4 + 2;
    FAULTS(inject_software(v, 0x50), VEC_GP, 0x50 * 8 + 2);
    v->idtr.limit = 0x50 * 4 + 3;
    assert_true(inject_software(v, 0x50));
    v->gpr[R_ESP] = 1;
    FAULTS(inject_software(v, 0x50), VEC_SS, 0);
    v->seg[S_CS].limit = 0xff;
    v->gpr[R_ESP] = 0x7000;
    poke(vm, IDT + 0x50 * 4, 0x100);
    FAULTS(inject_software(v, 0x50), VEC_GP, 0);
    v->idtr.limit = 0;
    raise_gp(0);
    assert_true(vm->ended);
}

/* From V86 mode: to CPL 0 and nowhere else, with the data segments in the frame. */
static void v86_mode(void **state)
{
    static const uint32_t frame[] = {0x99,   0x1234, 0x1111, FL_ONE | FL_VM | FL_RF,
                                     0x6000, 0x2222, 0x3333, 0x4444,
                                     0x5555, 0x6666};
    static const enum sreg order[] = {S_CS, S_SS, S_ES, S_DS, S_FS, S_GS};
    (void)state;
    v->eflags |= FL_VM;
    v->cpl = 3;
    v->gpr[R_ESP] = 0x6000;
    for (unsigned i = 0; i < S_COUNT; i++)
        v->seg[order[i]] = segment_real(v, order[i], (uint16_t)(0x1111 * (i + 1)));
    gate(0x50, C1, SYS_INT32, 3);
    FAULTS(inject_software(v, 0x50), VEC_GP, C1);
    gate(0x50, CONF0, SYS_INT32, 3);
    FAULTS(inject_software(v, 0x50), VEC_GP, CONF0);
    raise_gp(0x99);
    assert_false(vm->ended);
    assert_int_equal(v->cpl, 0);
    assert_false(vcpu_eflags(v) & FL_VM);
    assert_int_equal(v->gpr[R_ESP], STACK0 - sizeof frame);
    for (unsigned i = 0; i < ARRAY_SIZE(frame); i++)
        assert_int_equal(peek(vm, v->gpr[R_ESP] + i * 4), frame[i]);
    for (unsigned i = 2; i < S_COUNT; i++)
        assert_true(v->seg[order[i]].attr & SA_NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, events)
    const struct CMUnitTest tests[] = {
        T(second_faults),
        T(contributory_then_page_fault),
        T(page_fault_twice),
        T(triple_fault),
        T(triple_fault_by_paging),
        T(longest_chain),
        T(task_gate),
        T(real_mode),
        T(real_mode_faults),
        T(v86_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
