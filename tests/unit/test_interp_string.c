/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * String operations: repetition in bounded steps, faults half-way, both address sizes,
 * ports; and blocks against a model that moves one element at a time.
 */
#include "tests/unit/interp_run.h"

static void set_up(uint32_t esi, uint32_t edi, uint32_t ecx)
{
    v->gpr[R_ESI] = esi;
    v->gpr[R_EDI] = edi;
    v->gpr[R_ECX] = ecx;
}

static void expect_indices(uint32_t esi, uint32_t edi, uint32_t ecx)
{
    assert_int_equal(v->gpr[R_ESI], esi);
    assert_int_equal(v->gpr[R_EDI], edi);
    assert_int_equal(v->gpr[R_ECX], ecx);
}

static void repetition_is_bounded(void **state)
{
    (void)state;
    set_up(DATA, DATA + 0x8000, 10000);
    put_code(BYTES(0xf3, 0xa4));
    unsigned steps = 0;
    while (v->eip == CODE) {
        uint32_t before = v->gpr[R_ECX];
        assert_int_equal(interp_step(v), INTERP_OK);
        assert_true(before - v->gpr[R_ECX] <= 4096 && before > v->gpr[R_ECX]);
        steps++;
    }
    assert_int_equal(steps, 3);
    assert_int_equal(v->eip, CODE + 2);
    expect_indices(DATA + 10000, DATA + 0x8000 + 10000, 0);
}

static void nothing_to_repeat(void **state)
{
    (void)state;
    map_all();
    map_page(DATA, 0);
    set_up(DATA, DATA, 0);
    v->eflags |= FL_ZF | FL_CF;
    OK(0xf3, 0xa4);
    OK(0xf3, 0xa6);
    OK(0xf2, 0xae);
    assert_int_equal(v->eflags & FL_ARITH, FL_ZF | FL_CF);
    expect_indices(DATA, DATA, 0);
}

static void finished_iterations_stay(void **state)
{
    (void)state;
    map_all();
    go_user();
    map_page(DATA + 0x1000, 0);
    poke(vm, DATA + 0xff8, 0x01020304);
    set_up(DATA + 0x100, DATA + 0xff6, 100);
    put_code(BYTES(0xf3, 0xa5)); /* movsd: the third element straddles the page */
    poke(vm, DATA + 0x108, 0x11111111);
    expect_exception(interp_step(v), VEC_PF, PF_W | PF_U);
    assert_int_equal(v->exc.cr2, DATA + 0x1000);
    assert_int_equal(v->eip, CODE);
    expect_indices(DATA + 0x108, DATA + 0xffe, 98);
    assert_int_equal(peek16(DATA + 0xffe), 0); /* nothing of it written */
    map_page(DATA + 0x1000, PTE_P | PTE_U | PTE_W);
    assert_int_equal(interp_step(v), INTERP_OK);
    assert_int_equal(v->eip, CODE + 2);
    expect_indices(DATA + 0x100 + 400, DATA + 0xff6 + 400, 0);
    assert_int_equal(peek16(DATA + 0xffe), 0x1111);
}

static void limits_count_element_by_element(void **state)
{
    (void)state;
    v->seg[S_ES] = hidden(SMALL, 0x60000, 0xff, FLAT_DATA & ~(uint32_t)SA_G);
    v->gpr[R_EAX] = 0x5a5a5a5a;
    set_up(0, 0xe0, 100);
    put_code(BYTES(0xf3, 0xab));
    expect_exception(interp_step(v), VEC_GP, 0);
    expect_indices(0, 0x100, 92);
    assert_int_equal(peek(vm, 0x600fc), 0x5a5a5a5a);
    assert_int_equal(peek(vm, 0x60100), 0);
}

static void downwards(void **state)
{
    (void)state;
    v->eflags |= FL_DF;
    for (uint32_t n = 0; n < 8; n++)
        poke(vm, DATA + 4 * n, n + 1);
    set_up(DATA + 28, DATA + 32, 8); /* overlapping, up by one element */
    OK(0xf3, 0xa5);
    for (uint32_t n = 0; n < 8; n++)
        assert_int_equal(peek(vm, DATA + 4 + 4 * n), n + 1);
    expect_indices(DATA - 4, DATA, 0);
}

static void sixteen_bit_indices_wrap(void **state)
{
    (void)state;
    v->seg[S_DS].base = DATA;
    v->seg[S_ES].base = 0x50000;
    poke8(DATA + 0xffff, 0x11);
    poke8(DATA, 0x22);
    set_up(0x9999ffff, 0x8888fffe, 0x77770003);
    OK(0x67, 0xf3, 0xa4);
    expect_indices(0x99990002, 0x88880001, 0x77770000);
    assert_int_equal(peek16(0x5fffe), 0x2211);
    assert_int_equal(peek(vm, 0x50000) & 0xff, 0);
    set_up(0, 0x12340000, 0x10000); /* CX is 0 */
    OK(0x67, 0xf3, 0xaa);
    assert_int_equal(v->gpr[R_ECX], 0x10000);
}

static void source_can_be_overridden(void **state)
{
    (void)state;
    v->seg[S_FS] = hidden(D0, 0x1000, 0xffffffffu, FLAT_DATA);
    poke(vm, DATA + 0x1000, 0xcafe);
    set_up(DATA, DATA + 0x2000, 1);
    OK(0x64, 0xa5); /* movsd from fs */
    assert_int_equal(peek(vm, DATA + 0x2000), 0xcafe);
    set_up(DATA, 0, 1);
    OK(0x64, 0xad); /* lodsd */
    assert_int_equal(v->gpr[R_EAX], 0xcafe);
    v->seg[S_ES].attr = SA_NULL;
    FAULTS(GP0, 0x64, 0xa5); /* the destination is always ES */
}

static void comparisons_end_early(void **state)
{
    (void)state;
    guest_write(vm, gpa(DATA), "abcdefgh", 8);
    guest_write(vm, gpa(DATA + 0x100), "abcdXfgh", 8);
    set_up(DATA, DATA + 0x100, 8);
    OK(0xf3, 0xa6);
    expect_indices(DATA + 5, DATA + 0x105, 3);
    assert_int_equal(v->eflags & (FL_ZF | FL_CF), 0); /* 'e' - 'X' */
    v->gpr[R_EAX] = 'f';
    set_up(0, DATA, 8);
    OK(0xf2, 0xae);
    expect_indices(0, DATA + 6, 2);
    assert_true(v->eflags & FL_ZF);
}

static void one_iteration_a_trap(void **state)
{
    (void)state;
    set_up(DATA, DATA + 0x100, 2);
    v->eflags |= FL_TF;
    put_code(BYTES(0xf3, 0xa4));
    expect_exception(interp_step(v), VEC_DB, -1);
    assert_int_equal(v->eip, CODE);
    expect_indices(DATA + 1, DATA + 0x101, 1);
    expect_exception(interp_step(v), VEC_DB, -1);
    assert_int_equal(v->eip, CODE + 2);
    expect_indices(DATA + 2, DATA + 0x102, 0);
}

static void ports(void **state)
{
    (void)state;
    v->gpr[R_EDX] = 0x1f0;
    set_up(DATA, DATA + 0x100, 3);
    poke(vm, DATA, 0x00030201);
    OK(0xf3, 0x6e); /* outsb */
    assert_int_equal(told.accesses, 3);
    assert_true(told.io[2].write && !told.io[2].mmio);
    assert_int_equal(told.io[2].value, 3);
    assert_int_equal(told.io[2].size, 1);
    v->gpr[R_ECX] = 2;
    OK(0xf3, 0x66, 0x6d); /* insw; the double's ports read as their number */
    assert_int_equal(peek(vm, DATA + 0x100), 0x01f001f0);
    expect_indices(DATA + 3, DATA + 0x104, 0);
    told.interrupt = true;
    v->gpr[R_ECX] = 1;
    OK(0xf3, 0x6f);
    assert_int_equal(v->event, 1);
}

static void the_store_is_probed_before_the_port(void **state)
{
    (void)state;
    map_all();
    map_page(DATA, PTE_P);
    v->cr0 |= CR0_WP;
    v->gpr[R_EDX] = 0x1f0;
    set_up(0, DATA, 3);
    FAULTS(E(VEC_PF, PF_P | PF_W), 0x6d);
    assert_int_equal(told.accesses, 0);
    map_page(DATA, 0);
    set_up(DATA, 0, 3);
    FAULTS(E(VEC_PF, 0), 0x6f);
    assert_int_equal(told.accesses, 0);
    go_user();
    FAULTS(GP0, 0x6f); /* the port's permission goes first, as it does with ECX 0 */
    set_up(DATA, 0, 0);
    FAULTS(GP0, 0xf3, 0x6f);
}

/* ---- Blocks against a model --------------------------------------------------------- */

static uint8_t model[0x4000];
static uint32_t seed = 1;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static void model_run(bool movs, unsigned size, uint32_t src, uint32_t dst, uint32_t count,
                      uint32_t eax, bool down)
{
    while (count--) {
        uint8_t x[4];
        memcpy(x, movs ? model + src : (uint8_t *)&eax, size);
        memcpy(model + dst, x, size);
        src += down ? 0u - size : size;
        dst += down ? 0u - size : size;
    }
}

/* Pages 4 and 5 of the data are mapped to the frames of pages 0 and 1: overlaps that linear
 * addresses do not show. */
static uint32_t alias(uint32_t off)
{
    return off >= 0x4000 ? off - 0x4000 : off;
}

static void one_random_move(void)
{
    unsigned size = 1u << rnd(3);
    bool movs = rnd(3), down = rnd(4) == 0;
    uint32_t count = 1 + rnd(600), src = 0x1000 + rnd(0x800), dst = 0x1000 + rnd(0x800);
    if (rnd(2))
        dst = src + rnd(40) - 20;
    uint32_t from = src, to = dst;
    if (!down && src + count * size < 0x2000 && dst + count * size < 0x2000 && rnd(2))
        to += 0x4000;
    v->gpr[R_EAX] = rnd(1u << 24) * 331;
    model_run(movs, size, alias(from), alias(to), count, v->gpr[R_EAX], down);
    set_up(DATA + from, DATA + to, count);
    v->eflags = FL_ONE | (down ? FL_DF : 0u);
    v->eip = CODE;
    uint8_t op = movs ? 0xa4 : 0xaa;
    uint8_t code[] = {0xf3, 0x66, (uint8_t)(op | (size > 1))};
    if (size == 4)
        code[1] = 0x3e;
    put_code(code, sizeof code);
    while (v->eip == CODE)
        assert_int_equal(interp_step(v), INTERP_OK);
    assert_int_equal(v->gpr[R_EDI], DATA + to + (down ? 0u - count * size : count * size));
    assert_int_equal(v->gpr[R_ECX], 0);
}

static void blocks_are_what_elements_would_be(void **state)
{
    (void)state;
    map_all();
    for (uint32_t n = 0; n < 4; n++)
        poke(vm, PAGE_TAB + ((DATA >> 12) + 4 + n) * 4, (DATA + n * 0x1000) | PTE_P | PTE_W);
    vmem_flush(v, true);
    for (size_t n = 0; n < sizeof model; n++)
        model[n] = (uint8_t)rnd(256);
    guest_write(vm, gpa(DATA), model, sizeof model);
    for (unsigned n = 0; n < 3000; n++) {
        one_random_move();
        uint8_t now[sizeof model];
        assert_true(guest_read(vm, gpa(DATA), now, sizeof now));
        assert_memory_equal(model, now, sizeof now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(repetition_is_bounded, world),
        cmocka_unit_test_setup(nothing_to_repeat, world),
        cmocka_unit_test_setup(finished_iterations_stay, world),
        cmocka_unit_test_setup(limits_count_element_by_element, world),
        cmocka_unit_test_setup(downwards, world),
        cmocka_unit_test_setup(sixteen_bit_indices_wrap, world),
        cmocka_unit_test_setup(source_can_be_overridden, world),
        cmocka_unit_test_setup(comparisons_end_early, world),
        cmocka_unit_test_setup(one_iteration_a_trap, world),
        cmocka_unit_test_setup(ports, world),
        cmocka_unit_test_setup(the_store_is_probed_before_the_port, world),
        cmocka_unit_test_setup(blocks_are_what_elements_would_be, world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
