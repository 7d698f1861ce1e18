/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A hostile guest: tables, TSS, stacks and selectors of half-random bytes, every operation on
 * them in random order. Nothing may crash or loop; a failure raises exactly one exception
 * and changes no register; a success leaves CS and SS as privilege CPL may hold them.
 */
#include "tests/unit/inject_world.h"
#include "tests/unit/random.h"

#define ROUNDS 200000u

static uint32_t rnd(void)
{
    return (uint32_t)(next_number() >> 16);
}

static uint16_t rnd_selector(void)
{
    uint32_t x = rnd();
    if (x % 64 == 0)
        return (uint16_t)(x >> 8);
    return (uint16_t)((x >> 8) % GDT_END) & (uint16_t)(x % 8 == 1 ? 0xffff : 0xfffb);
}

/* A descriptor of the good table with a few bits turned over, or a gate, or noise. */
static uint64_t rnd_descriptor(void)
{
    uint64_t good = peek64(GDT + rnd() % (GDT_END / 8) * 8);
    switch (rnd() % 4) {
    case 0:
        return good ^ 1ull << rnd() % 64;
    case 1:
        return pack_gate(rnd_selector(), rnd(), rnd() & 15, rnd() & 3, rnd() & 31);
    case 2:
        return (uint64_t)rnd() << 32 | rnd();
    default:
        return good;
    }
}

static uint32_t rnd_pointer(void)
{
    uint32_t x = rnd();
    return x % 8 ? x % 0x10000 : x % 16 ? (uint32_t)(0 - x % 100) : x * 77;
}

/* One change to the guest's memory or to a register that any guest can load. */
static void disturb(void)
{
    switch (rnd() % 8) {
    case 0:
        gdt_set(8 + rnd() % (GDT_END / 8 - 1) * 8, rnd_descriptor());
        break;
    case 1:
        poke64(LDT + rnd() % 3 * 8, rnd_descriptor());
        break;
    case 2:
        poke64(IDT + rnd() % 64 * 8, rnd_descriptor());
        break;
    case 3:
        poke(vm, TSS + rnd() % 8 * 4, rnd() % 2 ? rnd_selector() : rnd_pointer());
        break;
    case 4:
        v->gpr[R_ESP] = rnd_pointer();
        break;
    case 5:
        v->eflags =
            FL_ONE | (v->eflags & FL_VM) | (rnd() & (FL_IOPL | FL_AC | FL_RF | FL_TF | FL_NT));
        break;
    case 6: { /* a frame to return by */
        uint32_t at = v->gpr[R_ESP] % 0x10000;
        for (uint32_t i = 0; i < 6; i++)
            poke(vm, at + i * 4, i & 1 || rnd() % 3 == 0 ? rnd_selector() : rnd_pointer());
        break;
    }
    default:
        v->gdtr.limit = rnd() % 16 ? 0xffff : (uint16_t)rnd();
        v->idtr.limit = rnd() % 16 ? 0xffff : (uint16_t)rnd();
    }
}

static bool operate(void)
{
    uint16_t sel = rnd_selector();
    unsigned size = rnd() % 2 ? 4 : 2;
    uint32_t x;
    bool ok;
    switch (rnd() % 12) {
    case 0:
        return segment_far_jump(v, sel, rnd_pointer(), size);
    case 1:
    case 2:
        return segment_far_call(v, sel, rnd_pointer(), size);
    case 3:
        return segment_far_return(v, size, (uint16_t)(rnd() % 32));
    case 4:
    case 5:
        return segment_iret(v, size);
    case 6:
        return segment_load(v, (enum sreg[]){S_SS, S_DS, S_ES, S_GS}[rnd() % 4], sel);
    case 7:
        return rnd() % 4 || segment_load_tr(v, sel);
    case 8:
        return rnd() % 4 || segment_load_ldtr(v, sel);
    case 9:
        return segment_lar(v, sel, &ok, &x) && segment_lsl(v, sel, &ok, &x) &&
               segment_verify(v, sel, rnd() % 2, &ok);
    case 10:
        return segment_port_allowed(v, (uint16_t)rnd(), 1u << rnd() % 3);
    default:
        return inject_software(v, (uint8_t)(rnd() % 64));
    }
}

/* V86 mode: paragraphs at CPL 3. */
static void assert_v86(void)
{
    assert_int_equal(v->cpl, 3);
    for (unsigned r = 0; r < S_COUNT; r++) {
        assert_int_equal(v->seg[r].base, (uint32_t)v->seg[r].sel << 4);
        assert_int_equal(v->seg[r].limit, 0xffff);
    }
}

static void assert_protected(void)
{
    const struct segment *cs = &v->seg[S_CS], *ss = &v->seg[S_SS];
    unsigned dpl = (cs->attr & SA_DPL) >> SA_DPL_SHIFT;
    assert_int_equal(SEL_RPL(cs->sel), v->cpl);
    assert_int_equal(cs->attr & (SA_P | SA_S | SA_CODE), SA_P | SA_S | SA_CODE);
    assert_true(cs->attr & SA_DC ? dpl <= v->cpl : dpl == v->cpl);
    assert_int_equal(SEL_RPL(ss->sel), v->cpl);
    assert_int_equal((ss->attr & SA_DPL) >> SA_DPL_SHIFT, v->cpl);
    assert_int_equal(ss->attr & (SA_NULL | SA_P | SA_S | SA_CODE | SA_RW), SA_P | SA_S | SA_RW);
}

static void one_round(void)
{
    memcpy(&before, v, sizeof before);
    bool ok = operate();
    assert_int_equal(ok, !v->exc.valid);
    if (!ok) {
        if (!v->exc.new_task)
            assert_unchanged();
        if (rnd() % 4 == 0 ||
            v->exc.new_task) /* a task that was refused half loaded runs no further */
            inject_exception(v);
        v->exc.valid = false;
    } else if (rnd() % 8 == 0) {
        inject_interrupt(v, (uint8_t)(rnd() % 64));
    }
    assert_false(v->exc.valid);
    if (vm->ended)
        return;
    if (vcpu_v86(v))
        assert_v86();
    else
        assert_protected();
}

static void survives(void **state)
{
    unsigned entered[4] = {0}, ended = 0, v86 = 0;
    (void)state;
    seed = 0x9e3779b97f4a7c15ull;
    assert_true(segtab_create(vm));
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (i % 64 == 0 || vm->ended) { /* a fresh guest */
            ended += vm->ended;
            world_tables();
            world_tss();
            for (unsigned n = 0; n < 64; n++)
                gate(n, rnd() % 2 ? C0 : C1, rnd() % 2 ? SYS_INT32 : SYS_TRAP16, rnd() % 4);
            vm->ended = false;
            force_tr(SYS_TSS);
            segment_unpack(SYS_LDTR, peek64(GDT + SYS_LDTR), &v->ldtr);
            v->gdtr = (struct table_reg){GDT, GDT_END - 1};
            v->idtr = (struct table_reg){IDT, 0x7ff};
            v->eflags = FL_ONE;
            run_at((unsigned[]){0, 1, 3, 3}[rnd() % 4]);
        }
        disturb();
        one_round();
        segtab_prepare(v);
        entered[v->cpl]++;
        v86 += vcpu_v86(v);
    }
    assert_true(entered[0] > 1000 && entered[1] > 1000 && entered[3] > 1000);
    assert_true(ended > 10 && v86 > 10 && vm->stats.n[STAT_TASKS] > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(survives, events)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
