/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Far JMP and CALL: each check of the manual's pseudocode with its exception, in its order, and
 * what a success leaves in registers and on the stack.
 */
#include "tests/unit/segment_world.h"

#define OFF 0x00345678u

static void assert_at(uint16_t cs, uint32_t eip, unsigned cpl)
{
    assert_int_equal(v->seg[S_CS].sel, cs);
    assert_int_equal(v->eip, eip);
    assert_int_equal(v->cpl, cpl);
    assert_false(v->exc.valid);
}

/* Both instructions obey the same rules for code segments. */
static void refuses_code(void **state)
{
    static bool (*const both[])(struct vcpu *, uint16_t, uint32_t, unsigned) = {segment_far_jump,
                                                                                segment_far_call};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        run_at(0);
        FAULTS(both[i](v, 0, OFF, 4), VEC_GP, 0);
        FAULTS(both[i](v, 3, OFF, 4), VEC_GP, 0);
        FAULTS(both[i](v, GDT_END | 1, OFF, 4), VEC_GP, GDT_END);
        FAULTS(both[i](v, D0, OFF, 4), VEC_GP, D0);
        FAULTS(both[i](v, C0 | 1, OFF, 4), VEC_GP, C0);   /* RPL > CPL */
        FAULTS(both[i](v, C3, OFF, 4), VEC_GP, C3);       /* DPL != CPL */
        FAULTS(both[i](v, CONF3, OFF, 4), VEC_GP, CONF3); /* conforming: DPL > CPL */
        FAULTS(both[i](v, C0_NP, OFF, 4), VEC_NP, C0_NP);
        FAULTS(both[i](v, C3_NP, OFF, 4), VEC_GP, C3_NP); /* rights before presence */
        FAULTS(both[i](v, C0_SMALL, 0x1000, 4), VEC_GP, 0);
        FAULTS(both[i](v, SYS_LDTR, OFF, 4), VEC_GP, SYS_LDTR);
        FAULTS(both[i](v, SYS_TSS_BUSY, OFF, 4), VEC_GP, SYS_TSS_BUSY);
        run_at(3);
        FAULTS(both[i](v, C0, OFF, 4), VEC_GP, C0); /* DPL != CPL */
        FAULTS(both[i](v, C0 | 3, OFF, 4), VEC_GP, C0);
    }
}

static void jumps(void **state)
{
    (void)state;
    assert_true(segment_far_jump(v, C0_16, 0xabc5678, 2));
    assert_at(C0_16, 0x5678, 0);
    assert_segment(S_CS, C0_16, 0, 0xffff, CODE);
    assert_true(segment_far_jump(v, C0, OFF, 4));
    assert_at(C0, OFF, 0);
    assert_segment(S_CS, C0, 0, 0xffffffff, CODE | FLAT);
    assert_true(segment_far_jump(v, C0_SMALL, 0xfff, 4));
    assert_true(segment_far_jump(v, 0x14, 7, 4)); /* from the LDT */
    assert_at(0x14, 7, 0);
    assert_int_equal(v->gpr[R_ESP], STACK0 - 0x100);
}

static void sets_the_accessed_bit(void **state)
{
    (void)state;
    assert_true(segment_far_jump(v, C0_FRESH, 0, 4));
    assert_segment(S_CS, C0_FRESH, 0, 0xffffffff, CODE | FLAT);
    assert_true(peek64(GDT + C0_FRESH) == pack(0, 0xfffff, CODE | FLAT));
}

static void jumps_to_conforming_code(void **state)
{
    (void)state;
    run_at(3);
    assert_true(segment_far_jump(v, CONF0 | 3, OFF, 4));
    assert_at(CONF0 | 3, OFF, 3); /* CPL stays */
    run_at(3);
    assert_true(segment_far_jump(v, CONF0, OFF, 4)); /* RPL is that of CPL */
    assert_at(CONF0 | 3, OFF, 3);
    assert_true(segment_far_jump(v, C3, OFF, 4)); /* RPL 0 <= CPL */
    assert_at(C3 | 3, OFF, 3);
    run_at(0);
    assert_true(segment_far_jump(v, CONF0, OFF, 4)); /* DPL = CPL */
    assert_at(CONF0, OFF, 0);
}

static void calls(void **state)
{
    uint32_t esp = v->gpr[R_ESP];
    (void)state;
    FAULTS(segment_far_call(v, C0_16, 0x10000, 4), VEC_GP, 0);
    poke(vm, esp, 0xfeedface);
    v->eip = 0x12345678;
    assert_true(segment_far_call(v, C0_FRESH, OFF, 4));
    assert_at(C0_FRESH, OFF, 0);
    assert_int_equal(v->gpr[R_ESP], esp - 8);
    assert_int_equal(peek(vm, esp), 0xfeedface); /* untouched */
    assert_int_equal(peek(vm, esp - 4), C0);
    assert_int_equal(peek(vm, esp - 8), 0x12345678);
    v->eip = 0x9abcdef0;
    assert_true(segment_far_call(v, C0, 0xffff1111, 2));
    assert_at(C0, 0x1111, 0);
    assert_int_equal(v->gpr[R_ESP], esp - 12);
    assert_int_equal(peek(vm, esp - 12), (uint32_t)C0_FRESH << 16 | 0xdef0);
}

static void call_needs_stack(void **state)
{
    (void)state;
    force(S_SS, D0_SMALL);
    v->gpr[R_ESP] = 7;
    FAULTS(segment_far_call(v, C0, OFF, 4), VEC_SS, 0);
    FAULTS(segment_far_call(v, C0_SMALL, 0x1000, 4), VEC_SS, 0); /* room before EIP */
    assert_true(segment_far_call(v, C0, OFF, 2));
    v->gpr[R_ESP] = 0x10;
    FAULTS(segment_far_call(v, C0_SMALL, 0x1000, 4), VEC_GP, 0);
    assert_true(segment_far_call(v, C0, OFF, 4));
    assert_int_equal(v->gpr[R_ESP], 8);
    force(S_SS, D0_16); /* a 16-bit stack wraps and keeps the rest of ESP */
    v->gpr[R_ESP] = 0x55550002;
    v->eip = 0x77;
    assert_true(segment_far_call(v, C0, OFF, 2));
    assert_int_equal(v->gpr[R_ESP], 0x5555fffe);
    assert_int_equal(peek16(0), C0);
    assert_int_equal(peek16(0xfffe), 0x77);
    v->gpr[R_ESP] = 2;
    FAULTS(segment_far_call(v, C0, OFF, 4), VEC_SS, 0); /* a dword does not wrap */
}

static void call_on_odd_stacks(void **state)
{
    (void)state;
    v->gpr[R_ESP] = 4; /* a flat stack wraps at 4 GiB; the EIP goes to a device there */
    assert_true(segment_far_call(v, C0, OFF, 4));
    assert_int_equal(v->gpr[R_ESP], 0xfffffffc);
    assert_int_equal(peek(vm, 0), C0);
    assert_int_equal(told.io[0].address, 0xfffffffc);
    force(S_SS, DOWN0);
    v->gpr[R_ESP] = 0x1007;
    FAULTS(segment_far_call(v, C0, OFF, 4), VEC_SS, 0);
    v->gpr[R_ESP] = 0x1008;
    assert_true(segment_far_call(v, C0, OFF, 4));
    v->seg[S_SS].limit = 0xffffffff; /* no offset is valid */
    FAULTS(segment_far_call(v, C0, OFF, 4), VEC_SS, 0);
    v->seg[S_SS].attr = SA_NULL;
    FAULTS(segment_far_call(v, C0, OFF, 4), VEC_SS, 0);
}

/* The accessed bits of CS and of the inner SS are written before anything is committed. */
static void accessed_bits_page_fault(void **state)
{
    (void)state;
    world_paging();
    world_map(GDT, PTE_P);
    FAULTS(segment_far_jump(v, C0_FRESH, 0, 4), VEC_PF, PF_P | PF_W);
    run_at(3);
    gdt_set(GATE, pack_gate(C0_FRESH, 0, SYS_CALL32, 3, 0));
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), VEC_PF, PF_P | PF_W);
    assert_int_equal(v->exc.cr2, GDT + C0_FRESH + 5);
    gdt_set(GATE, pack_gate(C0, 0, SYS_CALL32, 3, 0));
    poke(vm, TSS + 8, FRESH0);
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), VEC_PF, PF_P | PF_W);
    assert_int_equal(v->exc.cr2, GDT + FRESH0 + 5);
    world_map(GDT, PTE_P | PTE_W);
    assert_true(segment_far_call(v, GATE | 3, 0, 4));
    assert_true(peek64(GDT + FRESH0) == pack(0, 0xfffff, DATA | FLAT));
    assert_segment(S_SS, FRESH0, 0, 0xffffffff, DATA | FLAT);
}

static void call_page_faults(void **state)
{
    (void)state;
    world_paging();
    v->gpr[R_ESP] = HOLE + 0x1004; /* CS would fit, EIP not */
    FAULTS(segment_far_call(v, C0, OFF, 4), VEC_PF, PF_W);
    assert_int_equal(v->exc.cr2, HOLE + 0xffc);
    v->gpr[R_ESP] = HOLE + 0x1002; /* neither; CS is pushed first, and begins in the hole */
    FAULTS(segment_far_call(v, C0, OFF, 4), VEC_PF, PF_W);
    assert_int_equal(v->exc.cr2, HOLE + 0xffe);
    v->gpr[R_ESP] = HOLE + 0x800;
    FAULTS(segment_far_call(v, C0, OFF, 4), VEC_PF, PF_W);
    assert_int_equal(v->exc.cr2, HOLE + 0x7fc);
    run_at(3);
    world_map(STACK3 - 0x1000, PTE_P | PTE_W); /* a user's push is a user's access */
    FAULTS(segment_far_call(v, C3 | 3, OFF, 4), VEC_PF, PF_P | PF_W | PF_U);
}

/* ---- Call gates ------------------------------------------------------------------- */

static void gate(uint16_t sel, uint32_t off, unsigned type, unsigned dpl, unsigned params)
{
    gdt_set(GATE, pack_gate(sel, off, type, dpl, params));
}

static void refuses_gates(void **state)
{
    static bool (*const both[])(struct vcpu *, uint16_t, uint32_t, unsigned) = {segment_far_jump,
                                                                                segment_far_call};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        run_at(3);
        gate(C3, OFF, SYS_CALL32, 2, 0);
        FAULTS(both[i](v, GATE, 0, 4), VEC_GP, GATE); /* gate DPL < CPL */
        run_at(0);
        FAULTS(both[i](v, GATE | 3, 0, 4), VEC_GP, GATE); /* gate DPL < RPL */
        gdt_absent(GATE);
        FAULTS(both[i](v, GATE | 3, 0, 4), VEC_GP, GATE); /* rights before presence */
        FAULTS(both[i](v, GATE, 0, 4), VEC_NP, GATE);
        gate(3, OFF, SYS_CALL32, 0, 0);
        FAULTS(both[i](v, GATE, 0, 4), VEC_GP, 0);
        gate(GDT_END | 3, OFF, SYS_CALL32, 0, 0);
        FAULTS(both[i](v, GATE, 0, 4), VEC_GP, GDT_END);
        gate(D0, OFF, SYS_CALL32, 0, 0);
        FAULTS(both[i](v, GATE, 0, 4), VEC_GP, D0);
        gate(GATE, OFF, SYS_CALL32, 0, 0);
        FAULTS(both[i](v, GATE, 0, 4), VEC_GP, GATE);
        gate(C3, OFF, SYS_CALL32, 0, 0);
        FAULTS(both[i](v, GATE, 0, 4), VEC_GP, C3); /* code DPL > CPL */
        gate(C0_NP, OFF, SYS_CALL32, 0, 0);
        FAULTS(both[i](v, GATE, 0, 4), VEC_NP, C0_NP);
        gate(C0_SMALL, 0x1000, SYS_CALL32, 0, 0);
        FAULTS(both[i](v, GATE, 0, 4), VEC_GP, 0);
        gate(C0, OFF, SYS_INT32, 0, 0); /* no gate for these instructions */
        FAULTS(both[i](v, GATE, 0, 4), VEC_GP, GATE);
    }
    run_at(3);
    gate(C0, OFF, SYS_CALL32, 3, 0);
    FAULTS(segment_far_jump(v, GATE | 3, 0, 4), VEC_GP, C0); /* JMP must not go inwards */
}

static void passes_gates_of_the_same_level(void **state)
{
    uint32_t esp = v->gpr[R_ESP];
    (void)state;
    gate(C0 | 3, OFF, SYS_CALL32, 0, 5); /* the selector's RPL is ignored */
    assert_true(segment_far_jump(v, GATE, 0xdead, 4));
    assert_at(C0, OFF, 0);
    assert_int_equal(v->gpr[R_ESP], esp);
    v->eip = 0x4321;
    assert_true(
        segment_far_call(v, GATE, 0xdead, 2)); /* the gate's size counts, and no parameters */
    assert_at(C0, OFF, 0);
    assert_int_equal(v->gpr[R_ESP], esp - 8);
    assert_int_equal(peek(vm, esp - 4), C0);
    assert_int_equal(peek(vm, esp - 8), 0x4321);
    gate(C0, 0x77775678, SYS_CALL16, 0, 0);
    assert_true(segment_far_call(v, GATE, 0, 4));
    assert_at(C0, 0x5678, 0);
    assert_int_equal(v->gpr[R_ESP], esp - 12);
    run_at(3);
    gate(CONF0, OFF, SYS_CALL32, 3, 0); /* conforming: no change of level */
    assert_true(segment_far_call(v, GATE | 3, 0, 4));
    assert_at(CONF0 | 3, OFF, 3);
    assert_int_equal(v->seg[S_SS].sel, D3 | 3);
}

static void gate_call_needs_room(void **state)
{
    (void)state;
    gate(C0, OFF, SYS_CALL32, 0, 0);
    force(S_SS, D0_SMALL);
    v->gpr[R_ESP] = 4;
    FAULTS(segment_far_call(v, GATE, 0, 4), VEC_SS, 0);
}

static void goes_inwards(void **state)
{
    (void)state;
    run_at(3);
    for (uint32_t i = 0; i < 3; i++)
        poke(vm, v->gpr[R_ESP] + i * 4, 0x11111111 * (i + 1));
    uint32_t esp = v->gpr[R_ESP];
    gate(C0, OFF, SYS_CALL32, 3, 3);
    assert_true(segment_far_call(v, GATE | 3, 0, 4));
    assert_at(C0, OFF, 0);
    assert_segment(S_SS, D0, 0, 0xffffffff, DATA | FLAT);
    assert_int_equal(v->gpr[R_ESP], STACK0 - 28);
    const uint32_t frame[] = {0x1234, C3 | 3, 0x11111111, 0x22222222, 0x33333333, esp, D3 | 3};
    for (uint32_t i = 0; i < 7; i++)
        assert_int_equal(peek(vm, STACK0 - 28 + i * 4), frame[i]);
    assert_segment(S_DS, D3 | 3, 0, 0xffffffff, DATA | FLAT | DPL(3)); /* data stays */
}

/* A gate without parameters does not look at the stack of user code. */
static void goes_inwards_from_a_misaligned_stack(void **state)
{
    (void)state;
    run_at(3);
    v->cr0 |= CR0_AM;
    v->eflags |= FL_AC;
    v->gpr[R_ESP] += 2;
    gate(C0, OFF, SYS_CALL32, 3, 1);
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), VEC_AC, 0);
    gate(C0, OFF, SYS_CALL32, 3, 0);
    assert_true(segment_far_call(v, GATE | 3, 0, 4));
    assert_at(C0, OFF, 0);
}

static void goes_inwards_by_16_bits(void **state)
{
    (void)state;
    run_at(3);
    poke(vm, v->gpr[R_ESP], 0x22221111);
    uint32_t esp = v->gpr[R_ESP];
    gate(C1, OFF, SYS_CALL16, 3, 2);
    assert_true(segment_far_call(v, GATE | 3, 0, 4));
    assert_at(C1 | 1, OFF & 0xffff, 1);
    assert_int_equal(v->gpr[R_ESP], STACK1 - 12);
    const uint16_t frame[] = {0x1234, C3 | 3, 0x1111, 0x2222, (uint16_t)esp, D3 | 3};
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(peek16(STACK1 - 12 + i * 2), frame[i]);
}

static void copies_31_parameters(void **state)
{
    (void)state;
    run_at(3);
    for (uint32_t i = 0; i < 31; i++)
        poke(vm, v->gpr[R_ESP] + i * 4, 1000 + i);
    gate(C0, OFF, SYS_CALL32, 3, 31);
    assert_true(segment_far_call(v, GATE | 3, 0, 4));
    assert_int_equal(v->gpr[R_ESP], STACK0 - 35 * 4);
    for (uint32_t i = 0; i < 31; i++)
        assert_int_equal(peek(vm, v->gpr[R_ESP] + 8 + i * 4), 1000 + i);
}

static void inner_stack_is_checked(void **state)
{
    (void)state;
    run_at(3);
    gate(C0, OFF, SYS_CALL32, 3, 1);
#define INNER(ss, vector, error)                                                                   \
    poke(vm, TSS + 8, ss);                                                                         \
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), vector, error)
    INNER(0, VEC_TS, 0);
    INNER(3, VEC_TS, 0);
    INNER(GDT_END, VEC_TS, GDT_END);
    INNER(0x1c, VEC_TS, 0x1c);
    INNER(D0 | 1, VEC_TS, D0); /* RPL */
    INNER(D1, VEC_TS, D1);     /* DPL */
    INNER(C0, VEC_TS, C0);     /* type */
    INNER(SYS_TSS, VEC_TS, SYS_TSS);
    INNER(D0_NP, VEC_SS, D0_NP);
    INNER(D0_SMALL, VEC_SS, D0_SMALL); /* ESP is far outside */
#undef INNER
    poke(vm, TSS + 4, 19);
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), VEC_SS, D0_SMALL);
    poke(vm, TSS + 4, 0x10); /* no room for 20 bytes below 16 */
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), VEC_SS, D0_SMALL);
    v->tr.limit = 8;
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), VEC_TS, SYS_TSS);
}

static void inner_order_of_checks(void **state)
{
    (void)state;
    run_at(3);
    gate(C0_SMALL, 0x1000, SYS_CALL32, 3, 1);
    force(S_SS, D3_16);
    v->gpr[R_ESP] = 0xfffe;                                 /* the parameter cannot be read */
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), VEC_GP, 0); /* EIP before the parameters */
    gate(C0_SMALL, 0xfff, SYS_CALL32, 3, 1);
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), VEC_SS, 0);
    v->gpr[R_ESP] = 0x7000;
    assert_true(segment_far_call(v, GATE | 3, 0, 4));
}

static void inner_page_faults(void **state)
{
    (void)state;
    world_paging();
    run_at(3);
    gate(C0, OFF, SYS_CALL32, 3, 1);
    world_map(STACK0 - 0x1000, PTE_P | PTE_W); /* the inner stack is a supervisor's */
    poke(vm, TSS + 4, HOLE + 0x1004);          /* one dword fits, the rest is in the hole */
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), VEC_PF, PF_W);
    poke(vm, TSS + 4, STACK0);
    v->gpr[R_ESP] = HOLE;
    FAULTS(segment_far_call(v, GATE | 3, 0, 4), VEC_PF, PF_U); /* the parameter */
    v->gpr[R_ESP] = STACK3 - 0x100;
    assert_true(segment_far_call(v, GATE | 3, 0, 4));
}

static void inner_16_bit_stack(void **state)
{
    (void)state;
    run_at(3);
    v->gpr[R_ESP] = 0x77771000;
    gate(C0, OFF, SYS_CALL32, 3, 0);
    poke(vm, TSS + 4, 0x8000);
    poke(vm, TSS + 8, D0_16);
    assert_true(segment_far_call(v, GATE | 3, 0, 4));
    assert_int_equal(v->gpr[R_ESP], 0x77777ff0); /* the upper half leaks, as on CPUs */
    force_tr(SYS_TSS_16);
    run_at(3);
    assert_true(segment_far_call(v, GATE | 3, 0, 4));
    assert_int_equal(v->gpr[R_ESP], (STACK0 & 0xffff) - 16);
    assert_int_equal(v->seg[S_SS].sel, D0);
}

/* ---- Tasks, real mode --------------------------------------------------------------- */

static void tasks_by_privilege(void **state)
{
    (void)state;
    gdt_set(GATE, pack_gate(SYS_TSS, 0, SYS_TASK, 0, 0));
    FAULTS(segment_far_jump(v, GATE | 1, 0, 4), VEC_GP, GATE);
    FAULTS(segment_far_jump(v, SYS_TSS | 3, 0, 4), VEC_GP, SYS_TSS);
    FAULTS(segment_far_jump(v, SYS_TSS_NP, 0, 4), VEC_NP, SYS_TSS_NP);
    FAULTS(segment_far_jump(v, SYS_TSS_BUSY, 0, 4), VEC_GP, SYS_TSS_BUSY);
    run_at(3);
    FAULTS(segment_far_jump(v, GATE | 3, 0, 4), VEC_GP, GATE);
    assert_false(vm->ended);
}

static void real_mode(void **state)
{
    (void)state;
    world_real();
    assert_true(segment_far_jump(v, 0xf000, 0x1111e05b, 2));
    assert_at(0xf000, 0xe05b, 0);
    assert_int_equal(v->seg[S_CS].base, 0xf0000);
    assert_true(segment_far_call(v, 0x0123, 0x4567, 2));
    assert_at(0x0123, 0x4567, 0);
    assert_int_equal(v->gpr[R_ESP], 0x6ffc);
    assert_int_equal(peek(vm, 0x6ffc), 0xf000e05b);
    FAULTS(segment_far_jump(v, 0x10, 0x10000, 4), VEC_GP, 0);
    FAULTS(segment_far_call(v, 0x10, 0x10000, 4), VEC_GP, 0);
    v->gpr[R_ESP] = 1;
    FAULTS(segment_far_call(v, 0x10, 0, 2), VEC_SS, 0);
    v->gpr[R_ESP] = 0;
    assert_true(segment_far_call(v, 0x10, 0xffff, 4));
    assert_int_equal(v->gpr[R_ESP], 0xfff8);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, world)
    const struct CMUnitTest tests[] = {
        T(refuses_code),
        T(jumps),
        T(sets_the_accessed_bit),
        T(jumps_to_conforming_code),
        T(calls),
        T(call_needs_stack),
        T(call_on_odd_stacks),
        T(accessed_bits_page_fault),
        T(call_page_faults),
        T(refuses_gates),
        T(passes_gates_of_the_same_level),
        T(gate_call_needs_room),
        T(goes_inwards),
        T(goes_inwards_from_a_misaligned_stack),
        T(goes_inwards_by_16_bits),
        T(copies_31_parameters),
        T(inner_stack_is_checked),
        T(inner_order_of_checks),
        T(inner_page_faults),
        T(inner_16_bit_stack),
        T(tasks_by_privilege),
        T(real_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
