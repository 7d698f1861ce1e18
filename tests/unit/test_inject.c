/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Events: frames of every kind of gate, each refused gate with its error code, RF, double and
 * triple faults by the manual's table, real mode.
 */
#include "tests/unit/inject_world.h"

static void assert_in_handler(uint16_t cs, unsigned cpl, uint16_t ss, uint32_t esp)
{
    assert_false(v->exc.valid);
    assert_false(vm->ended);
    assert_int_equal(v->seg[S_CS].sel, cs);
    assert_int_equal(v->eip, HANDLER);
    assert_int_equal(v->cpl, cpl);
    assert_int_equal(v->seg[S_SS].sel, ss);
    assert_int_equal(v->gpr[R_ESP], esp);
}

/* ---- Frames ---------------------------------------------------------------------- */

static void same_level(void **state)
{
    uint32_t esp = v->gpr[R_ESP];
    (void)state;
    vcpu_set_eflags(v, FL_ONE | FL_IF | FL_TF | FL_NT | FL_AC | FL_IOPL | FL_CF);
    uint32_t fl = vcpu_eflags(v);
    v->inhibit = 1;
    raise_gp(0x123);
    assert_in_handler(C0, 0, D0, esp - 16);
    FRAME(0x123, 0x1234, C0, fl | FL_RF);
    assert_int_equal(vcpu_eflags(v), FL_ONE | FL_AC | FL_IOPL | FL_CF);
    assert_int_equal(v->vif, 0);
    assert_int_equal(v->inhibit, 0);
    assert_int_equal(vm->stats.n[STAT_INJ_EXCEPTION], 1);
}

static void inner_level(void **state)
{
    (void)state;
    run_at(3);
    uint32_t esp = v->gpr[R_ESP];
    vcpu_set_eflags(v, FL_ONE | FL_IF);
    vcpu_raise(v, VEC_UD);
    inject_exception(v);
    assert_in_handler(C0, 0, D0, STACK0 - 20);
    FRAME(0x1234, C3 | 3, FL_ONE | FL_IF | FL_RF, esp, D3 | 3);
    assert_segment(S_DS, D3 | 3, 0, 0xffffffff, DATA | FLAT | DPL(3));
    run_at(3);
    vcpu_raise_error(v, VEC_NP, 0x77);
    gate(VEC_NP, C1, SYS_TRAP32, 0);
    inject_exception(v);
    assert_in_handler(C1 | 1, 1, D1 | 1, STACK1 - 24);
    FRAME(0x77, 0x1234, C3 | 3);
}

static void trap_gate_keeps_if(void **state)
{
    (void)state;
    gate(VEC_GP, C0, SYS_TRAP32, 0);
    vcpu_set_eflags(v, FL_ONE | FL_IF | FL_TF | FL_NT);
    raise_gp(0);
    assert_int_equal(vcpu_eflags(v), FL_ONE | FL_IF);
}

static void gates_of_16_bits(void **state)
{
    uint32_t esp = v->gpr[R_ESP];
    (void)state;
    gate(VEC_GP, C0_16, SYS_INT16, 0);
    gate(VEC_UD, C0, SYS_TRAP16, 0);
    vcpu_set_eflags(v, FL_ONE | FL_IF | FL_ID);
    v->eip = 0xffff1234;
    raise_gp(0x123);
    assert_int_equal(v->eip, HANDLER & 0xffff);
    assert_int_equal(v->seg[S_CS].sel, C0_16);
    assert_int_equal(v->gpr[R_ESP], esp - 8);
    FRAME(0x1234u << 16 | 0x123, (FL_ONE | FL_IF) << 16 | C0);
    assert_int_equal(v->vif, 0);
    run_at(3);
    esp = v->gpr[R_ESP];
    vcpu_raise(v, VEC_UD);
    inject_exception(v);
    assert_int_equal(v->gpr[R_ESP], STACK0 - 10);
    assert_int_equal(peek16(STACK0 - 2), D3 | 3);
    assert_int_equal(peek16(STACK0 - 4), (uint16_t)esp);
    assert_int_equal(peek16(STACK0 - 8), C3 | 3);
}

static void conforming_handler(void **state)
{
    (void)state;
    run_at(3);
    uint32_t esp = v->gpr[R_ESP];
    gate(VEC_UD, CONF0, SYS_INT32, 0);
    vcpu_raise(v, VEC_UD);
    inject_exception(v);
    assert_in_handler(CONF0 | 3, 3, D3 | 3, esp - 12);
}

static void frames_wrap_16_bit_stacks(void **state)
{
    (void)state;
    force(S_SS, D0_16);
    v->gpr[R_ESP] = 0x44440004;
    raise_gp(0x99);
    assert_int_equal(v->gpr[R_ESP], 0x4444fff4);
    assert_int_equal(peek(vm, 0xfff4), 0x99);
    assert_int_equal(peek(vm, 0xfff8), 0x1234);
    assert_int_equal(peek(vm, 0xfffc), C0);
    assert_int_equal(peek(vm, 0), FL_ONE | FL_RF);
}

/* SDM 3B 17.3.1.1: faults push RF, traps, interrupts and the double fault push what is there. */
static void pushes_rf(void **state)
{
    static const struct {
        uint8_t vector;
        bool trap, rf;
    } rows[] = {
        {VEC_DE, false, true}, {VEC_DB, false, true},  {VEC_DB, true, false},
        {VEC_UD, false, true}, {VEC_BP, false, false}, {VEC_OF, true, false},
        {VEC_NM, false, true}, {VEC_AC, false, true},  {VEC_MC, false, false},
        {VEC_XM, false, true}, {VEC_DF, false, false},
    };
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        run_at(0);
        vcpu_set_eflags(v, FL_ONE);
        vcpu_raise(v, rows[i].vector);
        v->exc.is_trap = rows[i].trap;
        inject_exception(v);
        FRAME(0x1234, C0, FL_ONE | (rows[i].rf ? FL_RF : 0u));
    }
    run_at(0);
    gate(0x40, C0, SYS_INT32, 0);
    vcpu_set_eflags(v, FL_ONE | FL_RF); /* between iterations of a string instruction */
    inject_interrupt(v, 0x40);
    FRAME(0x1234, C0, FL_ONE | FL_RF);
    assert_int_equal(vcpu_eflags(v), FL_ONE);
}

static void page_fault_sets_cr2(void **state)
{
    (void)state;
    vcpu_raise_pf(v, gva(0xcafe1234), PF_W | PF_U);
    assert_int_equal(v->cr2, 0);
    inject_exception(v);
    assert_int_equal(v->cr2, 0xcafe1234);
    FRAME(PF_W | PF_U, 0x1234, C0, FL_ONE | FL_RF);
}

static void debug_clears_gd(void **state)
{
    (void)state;
    v->dr[7] = 0x400 | DR7_GD | 1;
    vcpu_raise(v, VEC_DB);
    inject_exception(v);
    assert_int_equal(v->dr[7], 0x401);
}

/* ---- Interrupts ------------------------------------------------------------------- */

static void interrupts(void **state)
{
    uint32_t esp = v->gpr[R_ESP];
    (void)state;
    gate(0x30, C0, SYS_INT32, 0);
    vcpu_set_eflags(v, FL_ONE | FL_IF);
    v->halted = true;
    inject_interrupt(v, 0x30);
    assert_in_handler(C0, 0, D0, esp - 12);
    FRAME(0x1234, C0, FL_ONE | FL_IF);
    assert_false(v->halted);
    assert_int_equal(vm->stats.n[STAT_INJ_INTERRUPT], 1);
    assert_int_equal(vm->stats.n[STAT_INJ_EXCEPTION], 0);
}

static void interrupts_become_exceptions(void **state)
{
    (void)state;
    v->idtr.limit = 0x30 * 8 - 1;
    v->halted = true;
    inject_interrupt(v, 0x30);
    FRAME(0x30 * 8 + 3, 0x1234, C0, FL_ONE | FL_RF); /* IDT and EXT */
    assert_false(v->halted);
    assert_int_equal(vm->stats.n[STAT_INJ_INTERRUPT], 0);
    assert_int_equal(vm->stats.n[STAT_INJ_EXCEPTION], 1);
}

static void window(void **state)
{
    (void)state;
    assert_false(inject_window_open(v));
    v->vif = 1;
    assert_true(inject_window_open(v));
    v->inhibit = 1;
    assert_false(inject_window_open(v));
}

static void software(void **state)
{
    (void)state;
    run_at(3);
    gate(0x80, C0, SYS_TRAP32, 3);
    vcpu_set_eflags(v, FL_ONE | FL_IF);
    uint32_t esp = v->gpr[R_ESP];
    assert_true(inject_software(v, 0x80));
    assert_in_handler(C0, 0, D0, STACK0 - 20);
    FRAME(0x1234, C3 | 3, FL_ONE | FL_IF, esp, D3 | 3);
    assert_int_equal(vm->stats.n[STAT_INJ_SOFT], 1);
}

/* ---- Refused gates: with EXT for events, without it for INT n ------------------------ */

/* A software interrupt fails with ERROR; as an interrupt, EXT is added. */
#define REFUSED(vector, error)                                                                     \
    do {                                                                                           \
        FAULTS(inject_software(v, 0x50), vector, error);                                           \
        struct vcpu saved = *v;                                                                    \
        gate(vector, C0, SYS_INT32, 0);                                                            \
        poke(vm, TSS + 4, STACK0);                                                                 \
        inject_interrupt(v, 0x50);                                                                 \
        assert_false(vm->ended);                                                                   \
        assert_int_equal(peek(vm, v->gpr[R_ESP]), (error) | 1u);                                   \
        *v = saved;                                                                                \
    } while (0)

static void refuses_gates(void **state)
{
    (void)state;
    poke64(IDT + 0x50 * 8, 0);
    REFUSED(VEC_GP, 0x50 * 8 + 2); /* no gate */
    gate(0x50, C0, SYS_CALL32, 0);
    REFUSED(VEC_GP, 0x50 * 8 + 2);
    poke64(IDT + 0x50 * 8, pack(0, 0xffff, CODE));
    REFUSED(VEC_GP, 0x50 * 8 + 2);
    poke64(IDT + 0x50 * 8, pack_gate(C0, HANDLER, SYS_INT32, 0, 0) & ~((uint64_t)SA_P << 40));
    REFUSED(VEC_NP, 0x50 * 8 + 2);
    gate(0x50, 0, SYS_INT32, 0);
    REFUSED(VEC_GP, 0);
    gate(0x50, 3, SYS_INT32, 0);
    REFUSED(VEC_GP, 0);
    gate(0x50, GDT_END, SYS_INT32, 0);
    REFUSED(VEC_GP, GDT_END);
    gate(0x50, 0x1c, SYS_INT32, 0);
    REFUSED(VEC_GP, 0x1c);
    gate(0x50, D0, SYS_INT32, 0);
    REFUSED(VEC_GP, D0);
    gate(0x50, C3, SYS_INT32, 0);
    REFUSED(VEC_GP, C3); /* an outer handler */
    gate(0x50, C0_NP, SYS_INT32, 0);
    REFUSED(VEC_NP, C0_NP);
    gate(0x50, C0_SMALL, SYS_INT32, 0);
    REFUSED(VEC_GP, 0); /* EIP beyond the limit */
    v->idtr.limit = 0x50 * 8 + 6;
    gate(0x50, C0, SYS_INT32, 0);
    REFUSED(VEC_GP, 0x50 * 8 + 2);
}

static void gate_dpl_counts_for_software_only(void **state)
{
    (void)state;
    run_at(3);
    gate(0x50, C0, SYS_INT32, 2);
    FAULTS(inject_software(v, 0x50), VEC_GP, 0x50 * 8 + 2);
    FAULTS(inject_software(v, VEC_BP), VEC_GP, VEC_BP * 8 + 2);
    poke64(IDT + 0x50 * 8, pack_gate(C0, HANDLER, SYS_INT32, 2, 0) & ~((uint64_t)SA_P << 40));
    FAULTS(inject_software(v, 0x50), VEC_GP, 0x50 * 8 + 2); /* rights before presence */
    gate(0x50, C0, SYS_INT32, 2);
    inject_interrupt(v, 0x50);
    assert_in_handler(C0, 0, D0, STACK0 - 20);
}

static void inner_stack_is_checked(void **state)
{
    (void)state;
    run_at(3);
    gate(0x50, C1, SYS_INT32, 3);
#define INNER(ss, vector, error)                                                                   \
    poke(vm, TSS + 16, ss);                                                                        \
    REFUSED(vector, error)
    INNER(0, VEC_TS, 0);
    INNER(GDT_END | 1, VEC_TS, GDT_END);
    INNER(D1, VEC_TS, D1);
    INNER(D0 | 1, VEC_TS, D0);
    INNER(C1 | 1, VEC_TS, C1);
    INNER(D0_SMALL | 1, VEC_TS, D0_SMALL);
    gdt_absent(D1);
    INNER(D1 | 1, VEC_SS, D1);
    gdt_set(D1, pack(0, 0xf, DATA | SA_DB | DPL(1)));
    INNER(D1 | 1, VEC_SS, D1);
    poke(vm, TSS + 12, 0x10); /* room for 16 bytes, not for 20 */
    INNER(D1 | 1, VEC_SS, D1);
#undef INNER
    v->tr.limit = 16;
    REFUSED(VEC_TS, SYS_TSS);
}

static void same_level_needs_room(void **state)
{
    (void)state;
    gate(0x50, C0, SYS_INT32, 0);
    force(S_SS, D0_SMALL);
    v->gpr[R_ESP] = 8;
    FAULTS(inject_software(v, 0x50), VEC_SS, 0);
    gate(0x50, C0_SMALL, SYS_INT32, 0);
    FAULTS(inject_software(v, 0x50), VEC_SS, 0); /* room before EIP */
    v->gpr[R_ESP] = 12;
    FAULTS(inject_software(v, 0x50), VEC_GP, 0);
}

static void frames_page_fault(void **state)
{
    (void)state;
    world_paging();
    gate(0x50, C0, SYS_INT32, 3);
    v->gpr[R_ESP] = HOLE + 0x1004;
    FAULTS(inject_software(v, 0x50), VEC_PF, PF_W);
    world_map(IDT, 0);
    run_at(3);
    FAULTS(inject_software(v, 0x50), VEC_PF, 0); /* not the user's access */
    world_map(IDT, PTE_P);
    world_map(TSS, PTE_P);
    world_map(STACK0 - 0x1000, PTE_P | PTE_W);
    assert_true(inject_software(v, 0x50));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, events)
    const struct CMUnitTest tests[] = {
        T(same_level),
        T(inner_level),
        T(trap_gate_keeps_if),
        T(gates_of_16_bits),
        T(conforming_handler),
        T(frames_wrap_16_bit_stacks),
        T(pushes_rf),
        T(page_fault_sets_cr2),
        T(debug_clears_gd),
        T(interrupts),
        T(interrupts_become_exceptions),
        T(window),
        T(software),
        T(refuses_gates),
        T(gate_dpl_counts_for_software_only),
        T(inner_stack_is_checked),
        T(same_level_needs_room),
        T(frames_page_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
