/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Far RET and IRET: to the same and to an outer level, with each exception of the manual's
 * pseudocode; which flags IRET may change; what a return outwards unloads.
 */
#include "tests/unit/segment_world.h"

#define OFF 0x00345678u

static uint32_t esp0;

/* Puts words on the stack of v, words[0] where ESP points. */
#define STACK(...) put_stack((const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4)
static void put_stack(const uint32_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        poke(vm, v->seg[S_SS].base + v->gpr[R_ESP] + (uint32_t)i * 4, words[i]);
    esp0 = v->gpr[R_ESP];
}

static void assert_at(uint16_t cs, uint32_t eip, unsigned cpl, uint16_t ss, uint32_t esp)
{
    assert_false(v->exc.valid);
    assert_int_equal(v->seg[S_CS].sel, cs);
    assert_int_equal(v->eip, eip);
    assert_int_equal(v->cpl, cpl);
    assert_int_equal(v->seg[S_SS].sel, ss);
    assert_int_equal(v->gpr[R_ESP], esp);
}

static bool ret(void)
{
    return segment_far_return(v, 4, 0);
}

static bool iret(void)
{
    return segment_iret(v, 4);
}

/* ---- What both refuse ------------------------------------------------------------- */

static void refuses_code(void **state)
{
    static bool (*const both[])(void) = {ret, iret};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
#define CODE_FAULT(cs, vector, error)                                                              \
    STACK(OFF, cs, FL_ONE, STACK3, D3 | 3);                                                        \
    FAULTS(both[i](), vector, error)
        run_at(0);
        CODE_FAULT(0, VEC_GP, 0);
        CODE_FAULT(3, VEC_GP, 0);
        CODE_FAULT(GDT_END | 3, VEC_GP, GDT_END);
        CODE_FAULT(D0, VEC_GP, D0);
        CODE_FAULT(SYS_TSS, VEC_GP, SYS_TSS);
        CODE_FAULT(C0 | 1, VEC_GP, C0); /* DPL != RPL */
        CODE_FAULT(C3, VEC_GP, C3);
        CODE_FAULT(CONF3, VEC_GP, CONF3); /* conforming: DPL > RPL */
        CODE_FAULT(C0_NP, VEC_NP, C0_NP);
        CODE_FAULT(C3_NP, VEC_GP, C3_NP); /* rights before presence */
        CODE_FAULT(C3_NP | 3, VEC_NP, C3_NP);
        run_at(3);
        CODE_FAULT(C0, VEC_GP, C0); /* RPL < CPL */
        CODE_FAULT(CONF0, VEC_GP, CONF0);
        run_at(0);
        STACK(0x1000, C0_SMALL, FL_ONE);
        FAULTS(both[i](), VEC_GP, 0);
#undef CODE_FAULT
    }
}

static void refuses_outer_stack(void **state)
{
    static bool (*const both[])(void) = {ret, iret};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
#define STACK_FAULT(ss, vector, error)                                                             \
    if (i == 0) {                                                                                  \
        STACK(OFF, C3 | 3, STACK3, ss);                                                            \
    } else {                                                                                       \
        STACK(OFF, C3 | 3, FL_ONE, STACK3, ss);                                                    \
    }                                                                                              \
    FAULTS(both[i](), vector, error)
        STACK_FAULT(0, VEC_GP, 0);
        STACK_FAULT(3, VEC_GP, 0);
        STACK_FAULT(GDT_END | 3, VEC_GP, GDT_END);
        STACK_FAULT(D3, VEC_GP, D3);     /* RPL */
        STACK_FAULT(D0 | 3, VEC_GP, D0); /* DPL */
        STACK_FAULT(RO3 | 3, VEC_GP, RO3);
        STACK_FAULT(C3 | 3, VEC_GP, C3);
        STACK_FAULT(D3_NP | 3, VEC_SS, D3_NP);
#undef STACK_FAULT
    }
    STACK(0x10000, C3_16 | 3, STACK3, D3 | 3); /* EIP outside the outer code segment */
    FAULTS(ret(), VEC_GP, 0);
    STACK(0x10000, C3_16 | 3, FL_ONE, STACK3, D3 | 3);
    FAULTS(iret(), VEC_GP, 0);
}

static void needs_its_frame(void **state)
{
    (void)state;
    force(S_SS, D0_SMALL);
    v->gpr[R_ESP] = 9;
    FAULTS(ret(), VEC_SS, 0);
    v->gpr[R_ESP] = 5;
    FAULTS(iret(), VEC_SS, 0);
    v->gpr[R_ESP] = 8;
    poke(vm, 0x8008, OFF);
    poke(vm, 0x800c, C3 | 3);
    FAULTS(ret(), VEC_SS, 0); /* the outer ESP and SS are missing */
    poke(vm, 0x8004, OFF);
    poke(vm, 0x8008, C3 | 3);
    v->gpr[R_ESP] = 4;
    FAULTS(iret(), VEC_SS, 0);
    poke(vm, 0x800c, C0);
    v->gpr[R_ESP] = 8;
    assert_true(ret());
}

static void page_faults(void **state)
{
    (void)state;
    world_paging();
    v->gpr[R_ESP] = HOLE - 4;
    FAULTS(ret(), VEC_PF, 0);
    assert_int_equal(v->exc.cr2, HOLE);
    v->gpr[R_ESP] = HOLE - 12;
    STACK(OFF, C3 | 3, FL_ONE);
    FAULTS(iret(), VEC_PF, 0);
    gdt_set(D3, pack(0, 0xfffff, (DATA | FLAT | DPL(3)) & ~(uint32_t)SA_ACCESSED));
    world_map(GDT, PTE_P); /* the outer SS's accessed bit */
    run_at(0);
    STACK(OFF, C3 | 3, FL_ONE, STACK3, D3 | 3);
    FAULTS(iret(), VEC_PF, PF_P | PF_W);
    assert_int_equal(v->exc.cr2, GDT + D3 + 5);
    run_at(3);
    world_map(STACK3 - 0x1000, PTE_P | PTE_W);
    FAULTS(iret(), VEC_PF, PF_P | PF_U);
}

/* ---- Far RET ------------------------------------------------------------------------ */

static void returns_near_its_level(void **state)
{
    (void)state;
    STACK(OFF, C0_FRESH | 0xffff0000);
    assert_true(segment_far_return(v, 4, 0x14));
    assert_at(C0_FRESH, OFF, 0, D0, esp0 + 8 + 0x14);
    assert_segment(S_CS, C0_FRESH, 0, 0xffffffff, CODE | FLAT);
    assert_true(peek64(GDT + C0_FRESH) == pack(0, 0xfffff, CODE | FLAT));
    STACK((uint32_t)C0_16 << 16 | 0x9876);
    assert_true(segment_far_return(v, 2, 0));
    assert_at(C0_16, 0x9876, 0, D0, esp0 + 4);
    run_at(3);
    STACK(OFF, CONF0 | 3);
    assert_true(ret());
    assert_at(CONF0 | 3, OFF, 3, D3 | 3, esp0 + 8);
    STACK(OFF, CONF3 | 3); /* DPL = RPL */
    assert_true(ret());
    assert_at(CONF3 | 3, OFF, 3, D3 | 3, esp0 + 8);
}

static void returns_outwards(void **state)
{
    (void)state;
    poke(vm, v->gpr[R_ESP] + 8 + 16, 0x00009000);
    poke(vm, v->gpr[R_ESP] + 8 + 20, D3 | 3);
    STACK(OFF, C3 | 3);
    assert_true(segment_far_return(v, 4, 16)); /* drops parameters on both stacks */
    assert_at(C3 | 3, OFF, 3, D3 | 3, 0x9010);
    assert_segment(S_SS, D3 | 3, 0, 0xffffffff, DATA | FLAT | DPL(3));
}

static void returns_outwards_by_16_bits(void **state)
{
    (void)state;
    v->gpr[R_ESP] = 0x77f0;
    poke(vm, 0x77f0, (uint32_t)(C3_16 | 3) << 16 | 0x1111);
    poke(vm, 0x77f4, (uint32_t)(D3_16 | 3) << 16 | 0x2222);
    assert_true(segment_far_return(v, 2, 0));
    assert_at(C3_16 | 3, 0x1111, 3, D3_16 | 3, 0x2222);
    run_at(0);
    v->gpr[R_ESP] = 0x000177f0;
    STACK(0x1111, C3_16 | 3, 0xaaaafffe, D3_16 | 3);
    assert_true(segment_far_return(v, 4, 0));
    assert_int_equal(v->gpr[R_ESP], 0x0001fffe); /* a 16-bit SS takes 16 bits of it */
}

static void ret_wraps_on_16_bit_stacks(void **state)
{
    (void)state;
    force(S_SS, D0_16);
    v->gpr[R_ESP] = 0xabcdfffe;
    poke(vm, 0xfffc, 0x1234u << 16);
    poke(vm, 0, C0);
    assert_true(segment_far_return(v, 2, 0));
    assert_int_equal(v->eip, 0x1234);
    assert_int_equal(v->gpr[R_ESP], 0xabcd0002);
}

static void unloads_inner_segments(void **state)
{
    (void)state;
    force(S_DS, D0);
    force(S_ES, CONF0);
    force(S_FS, D3 | 3);
    force(S_GS, C0);
    STACK(OFF, C3 | 3, STACK3, D3 | 3);
    assert_true(ret());
    assert_segment(S_DS, 0, 0, 0, SA_NULL);
    assert_int_equal(v->seg[S_ES].sel, CONF0);
    assert_int_equal(v->seg[S_FS].sel, D3 | 3);
    assert_segment(S_GS, 0, 0, 0, SA_NULL);
    run_at(0);
    force(S_DS, D1 | 1);
    v->seg[S_ES] = (struct segment){.attr = SA_NULL, .sel = 2};
    STACK(OFF, C1 | 1, STACK1, D1 | 1);
    assert_true(ret());
    assert_int_equal(v->seg[S_DS].sel, D1 | 1); /* level 1 may hold DPL 1 */
    assert_segment(S_ES, 2, 0, 0, SA_NULL);
    assert_int_equal(v->seg[S_FS].attr, SA_NULL);
}

/* ---- IRET ----------------------------------------------------------------------------- */

static void irets(void **state)
{
    (void)state;
    v->nmi_blocked = true;
    STACK(OFF, C0, FL_ONE | FL_CF | FL_IF);
    assert_true(iret());
    assert_at(C0, OFF, 0, D0, esp0 + 12);
    assert_int_equal(vcpu_eflags(v), FL_ONE | FL_CF | FL_IF);
    assert_int_equal(v->vif, 1);
    assert_false(v->nmi_blocked);
    STACK(OFF, C3 | 3, FL_ONE | FL_IF, 0x9000, D3 | 3);
    assert_true(iret());
    assert_at(C3 | 3, OFF, 3, D3 | 3, 0x9000);
    assert_segment(S_DS, 0, 0, 0, SA_NULL);
}

static void irets_by_16_bits(void **state)
{
    (void)state;
    v->eflags |= FL_AC | FL_ID;
    STACK((uint32_t)C0 << 16 | 0x8765, 0x5555u << 16 | (FL_ONE | FL_OF | FL_IF | FL_NT | FL_IOPL));
    assert_true(segment_iret(v, 2));
    assert_at(C0, 0x8765, 0, D0, esp0 + 6);
    assert_int_equal(vcpu_eflags(v), FL_ONE | FL_OF | FL_IF | FL_NT | FL_IOPL | FL_AC | FL_ID);
    v->eflags &= ~(uint32_t)FL_NT;
    v->gpr[R_ESP] = 0x7700;
    STACK((uint32_t)(C3 | 3) << 16 | 1, 0x3333u << 16 | FL_ONE, D3 | 3);
    assert_true(segment_iret(v, 2));
    assert_at(C3 | 3, 1, 3, D3 | 3, 0x3333);
}

/* Which bits of all ones arrive, by CPL and IOPL (SDM 2, IRET). */
static void flags_by_privilege(void **state)
{
    const uint32_t always = FL_ONE | FL_ARITH | FL_TF | FL_DF | FL_NT | FL_RF | FL_AC | FL_ID;
    const uint32_t ones = ~(uint32_t)(FL_VM | FL_NT);
    (void)state;
    STACK(OFF, C0, ones);
    assert_true(iret());
    assert_int_equal(vcpu_eflags(v), (always | FL_IF | FL_IOPL) & ones);
    run_at(3);
    vcpu_set_eflags(v, FL_ONE);
    STACK(OFF, C3 | 3, 0xffffffff); /* VM means nothing above level 0 */
    assert_true(iret());
    assert_int_equal(vcpu_eflags(v), always);
    vcpu_set_eflags(v, FL_ONE | FL_IOPL);
    STACK(OFF, C3 | 3, ones & ~(uint32_t)FL_IOPL);
    assert_true(iret());
    assert_int_equal(vcpu_eflags(v), (always | FL_IF | FL_IOPL) & ones);
    run_at(1);
    vcpu_set_eflags(v, FL_ONE | FL_IF | (1u << FL_IOPL_SHIFT));
    STACK(OFF, C1 | 1, 0); /* IF goes with IOPL 1, IOPL stays */
    assert_true(iret());
    assert_int_equal(vcpu_eflags(v), FL_ONE | (1u << FL_IOPL_SHIFT));
    run_at(1);
    vcpu_set_eflags(v, FL_ONE | FL_IF);
    STACK(OFF, C3 | 3, 0, STACK3, D3 | 3); /* the old CPL decides, even outwards */
    assert_true(iret());
    assert_int_equal(vcpu_eflags(v), FL_ONE | FL_IF);
}

/* Nine words: all flags are loaded, segments are paragraphs at CPL 3. */
static void iret_to_v86(void **state)
{
    (void)state;
    vcpu_memo(&v->code_memo, C0, GDT + C0, peek64(GDT + C0), &v->seg[S_CS]);
    STACK(0x5678, 0x1234, FL_ONE | FL_VM | FL_IF | FL_IOPL | FL_AC, 0x12345, 0x2345, 0x10, 0x20,
          0x30, 0x40);
    assert_true(iret());
    assert_at(0x1234, 0x5678, 3, 0x2345, 0x12345);
    assert_int_equal(vcpu_eflags(v), FL_ONE | FL_VM | FL_IF | FL_IOPL | FL_AC);
    assert_int_equal(v->seg[S_CS].base, 0x12340);
    assert_int_equal(v->seg[S_CS].limit, 0xffff);
    assert_int_equal(v->seg[S_SS].base, 0x23450);
    assert_int_equal(v->seg[S_ES].base, 0x100);
    assert_int_equal(v->seg[S_DS].base, 0x200);
    assert_int_equal(v->seg[S_FS].base, 0x300);
    assert_int_equal(v->seg[S_GS].sel, 0x40);
    assert_int_equal(v->code_memo.minus_sel, 1);
}

static void iret_to_v86_refused(void **state)
{
    (void)state;
    STACK(0x10000, 0x1234, FL_ONE | FL_VM, 0, 0, 0, 0, 0, 0);
    FAULTS(iret(), VEC_GP, 0);
    v->seg[S_SS].limit = v->gpr[R_ESP] + 34; /* the last word is not there */
    v->seg[S_SS].attr &= ~(uint32_t)SA_G;
    FAULTS(iret(), VEC_SS, 0);
}

/* With NT the link is looked at, and 0 is no TSS. */
static void iret_of_a_nested_task(void **state)
{
    (void)state;
    v->eflags |= FL_NT;
    STACK(OFF, C0, FL_ONE);
    FAULTS(iret(), VEC_TS, 0);
    assert_false(vm->ended);
}

/* ---- Real and V86 mode ------------------------------------------------------------------ */

static void real_mode(void **state)
{
    (void)state;
    world_real();
    v->gpr[R_ESP] = 0x6ff0;
    poke(vm, 0x6ff0, 0x1234u << 16 | 0x5678);
    assert_true(segment_far_return(v, 2, 6));
    assert_at(0x1234, 0x5678, 0, 0, 0x6ffa);
    assert_int_equal(v->seg[S_CS].base, 0x12340);
    v->gpr[R_ESP] = 0x6ff0;
    poke(vm, 0x6ff4, FL_ONE | FL_IF | FL_NT | FL_IOPL | FL_TF);
    v->eflags |= FL_AC;
    assert_true(segment_iret(v, 2));
    assert_at(0x1234, 0x5678, 0, 0, 0x6ff6);
    assert_int_equal(vcpu_eflags(v), FL_ONE | FL_IF | FL_NT | FL_IOPL | FL_TF | FL_AC);
    v->gpr[R_ESP] = 0x6ff0;
    STACK(0x5678, 0x1234, ~0u);
    assert_true(segment_iret(v, 4));
    assert_false(vcpu_eflags(v) & (FL_VM | FL_VIF | FL_VIP));
    assert_true((vcpu_eflags(v) & FL_ID) && (vcpu_eflags(v) & FL_RF));
    v->gpr[R_ESP] = 0x6ff0;
    STACK(0x10000, 0x1234);
    FAULTS(segment_far_return(v, 4, 0), VEC_GP, 0);
    v->gpr[R_ESP] = 0xffff;
    FAULTS(segment_far_return(v, 2, 0), VEC_SS, 0);
}

static void v86_mode(void **state)
{
    (void)state;
    v->eflags |= FL_VM | FL_IOPL;
    v->cpl = 3;
    for (unsigned r = 0; r < S_COUNT; r++)
        v->seg[r] = (struct segment){0, 0xffff, DATA | DPL(3), 0};
    v->gpr[R_ESP] = 0x6ff0;
    poke(vm, 0x6ff0, 0x1234u << 16 | 0x5678);
    poke(vm, 0x6ff4, FL_ONE | FL_IF);
    assert_true(segment_iret(v, 2));
    assert_at(0x1234, 0x5678, 3, 0, 0x6ff6);
    assert_int_equal(vcpu_eflags(v), FL_ONE | FL_VM | FL_IOPL | FL_IF);
    v->eflags &= ~(uint32_t)FL_IOPL;
    FAULTS(segment_iret(v, 2), VEC_GP, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, world)
    const struct CMUnitTest tests[] = {
        T(refuses_code),
        T(refuses_outer_stack),
        T(needs_its_frame),
        T(page_faults),
        T(returns_near_its_level),
        T(returns_outwards),
        T(returns_outwards_by_16_bits),
        T(ret_wraps_on_16_bit_stacks),
        T(unloads_inner_segments),
        T(irets),
        T(irets_by_16_bits),
        T(flags_by_privilege),
        T(iret_to_v86),
        T(iret_to_v86_refused),
        T(iret_of_a_nested_task),
        T(real_mode),
        T(v86_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
