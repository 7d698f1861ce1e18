/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random bytes as code in random machine states: every mode, privilege, segment and mapping.
 * Nothing may panic, hang, or upset a sanitizer, and a fault must leave the registers alone.
 * FUZZ_SEED and FUZZ_CASES in the environment choose others.
 */
#include <stdio.h>

#include "tests/unit/interp_run.h"
#include "tests/unit/random.h"

static uint32_t rnd(uint32_t below)
{
    return (uint32_t)(next_number() >> 20) % below;
}

static uint32_t any32(void)
{
    static const uint32_t bases[] = {0, DATA, STACK, CODE, 0x400000, 0xffffffff, 0x80000000, GDT};
    return rnd(3) ? bases[rnd(8)] + rnd(64) - 32 : (uint32_t)(seed >> 24);
}

static void random_segment(unsigned r)
{
    static const uint32_t limits[] = {0xffffffff, 0xffff, 0xff, 0xfffff, 0};
    uint32_t attr = SA_P | SA_S | rnd(16) | rnd(4) << SA_DPL_SHIFT | (rnd(2) ? SA_DB : 0u);
    if (r == S_CS)
        attr |= SA_CODE;
    if (rnd(16) == 0 && r != S_CS && r != S_SS)
        attr = SA_NULL;
    v->seg[r] = hidden((uint16_t)any32(), rnd(4) ? 0 : any32(), limits[rnd(5)], attr);
}

static void random_mode(void)
{
    if (rnd(4) == 0) {
        go_real();
    } else if (rnd(2)) {
        go_user();
        v->cpl = (uint8_t)rnd(4);
    }
    if ((v->cr0 & CR0_PE) && rnd(8) == 0) {
        v->eflags |= FL_VM;
        v->cpl = 3;
    }
    for (unsigned r = 0; r < S_COUNT; r++)
        if (rnd(4) == 0)
            random_segment(r);
    v->cr0 |= rnd(4) ? 0 : CR0_TS | CR0_AM | CR0_MP;
    v->cr0 |= rnd(16) ? 0 : CR0_EM;
    v->cr4 |= rnd(4) ? CR4_OSFXSR | CR4_OSXMMEXCPT : 0;
}

static void random_state(void)
{
    for (unsigned r = 0; r < 8; r++)
        v->gpr[r] = any32();
    v->eflags = (any32() & ~(uint32_t)(FL_IF | FL_VM | FL_VIF | FL_VIP) & 0x3fffff) | FL_ONE;
    v->vif = (uint8_t)rnd(2);
    v->inhibit = rnd(8) == 0;
    if (rnd(2))
        map_all();
    for (unsigned n = 0; n < 4 && vcpu_paging(v); n++)
        map_page(DATA - 0x1000 + 0x1000 * n, rnd(8));
    random_mode();
    v->eip = rnd(8) ? (v->seg[S_CS].base ? 0x100 : CODE) + rnd(64) : any32();
}

static void random_code(void)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x36, 0x64, 0x0f, 0x0f};
    uint8_t code[24];
    for (size_t n = 0; n < sizeof code; n++)
        code[n] = (uint8_t)rnd(256);
    for (size_t n = 0; n < 4 && rnd(2); n++)
        code[n] = prefixes[rnd(sizeof prefixes)];
    guest_write(vm, gpa(vcpu_next(v)), code, sizeof code);
}

/* Strings keep what they have done, and debug registers report in DR6, which is not compared. */
static bool same_registers(const struct before *a, const struct before *b)
{
    return memcmp(a->seg, b->seg, sizeof a->seg) == 0 && a->gpr[R_ESP] == b->gpr[R_ESP] &&
           a->gpr[R_EBP] == b->gpr[R_EBP] && a->gpr[R_EBX] == b->gpr[R_EBX] && a->eip == b->eip &&
           a->cpl == b->cpl && a->vif == b->vif && a->cr0 == b->cr0 && a->cr3 == b->cr3 &&
           a->cr4 == b->cr4;
}

static void one_step(void)
{
    struct before was = snapshot();
    enum interp_result r = interp_step(v);
    assert_int_equal(r == INTERP_EXCEPTION, v->exc.valid);
    if (r == INTERP_OK)
        return;
    struct before is = snapshot();
    if (!v->exc.is_trap && !same_registers(&was, &is))
        fail_msg("vector %u at %04x:%08x changed registers", v->exc.vector, was.seg[S_CS].sel,
                 was.eip);
    v->exc.valid = false;
}

static void nothing_gets_out_of_hand(void **state)
{
    const char *text = getenv("FUZZ_CASES"), *from = getenv("FUZZ_SEED");
    unsigned cases = text ? (unsigned)strtoul(text, NULL, 0) : 3000;
    seed = from ? strtoul(from, NULL, 0) : 88172645463325252ull;
    for (unsigned n = 0; n < cases; n++) {
        if (n % 64 == 0)
            world(state);
        vm->ended = v->halted = false;
        v->cr0 = CR0_PE | CR0_ET;
        v->cr4 = 0;
        random_state();
        for (unsigned k = 0; k < 8 && !vm->ended; k++) {
            random_code();
            one_step();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gets_out_of_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
