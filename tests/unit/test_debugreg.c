/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Breakpoints in the debug registers: which accesses meet which, and how the interpreter tells of
 * them. tests/guests/suite/breakpoint.inc holds the same against Bochs.
 */
#include "tests/unit/interp_run.h"

#include "monitor/debugreg.h"
#include "monitor/priv.h"

enum { ON_CODE, ON_WRITE, ON_PORT, ON_ACCESS };
#define WHERE (DATA + 0x100)

/* Breakpoint N of LEN bytes, enabled locally or globally. */
static void arm(unsigned n, uint32_t where, unsigned kind, unsigned len)
{
    uint32_t dr7 =
        v->dr[7] | (n & 1 ? 1u : 2u) << (2 * n) | (kind | (len - 1) << 2) << (16 + 4 * n);
    assert_true(priv_write_dr(v, n, where));
    assert_true(priv_write_dr(v, 7, dr7));
}

static uint32_t meets(uint32_t where, unsigned len, bool write)
{
    v->met = 0;
    debugreg_data(v, where, len, write);
    return v->met;
}

static void data(void **state)
{
    (void)state;
    arm(0, WHERE + 3, ON_WRITE, 1);
    arm(1, WHERE + 0x11, ON_ACCESS, 2); /* is that of WHERE + 0x10 */
    arm(2, WHERE + 0x20, ON_ACCESS, 4);
    arm(3, 0xfffffffc, ON_WRITE, 4);
    assert_int_equal(v->armed, ARMED_DATA);
    assert_int_equal(meets(WHERE + 3, 1, true), 1);
    assert_int_equal(meets(WHERE + 3, 1, false), 0);
    assert_int_equal(meets(WHERE, 4, true), 1);
    assert_int_equal(meets(WHERE, 3, true), 0);
    assert_int_equal(meets(WHERE + 4, 4, true), 0);
    assert_int_equal(meets(WHERE + 0xf, 1, false), 0);
    assert_int_equal(meets(WHERE + 0x11, 1, false), 2);
    assert_int_equal(meets(WHERE + 0x12, 1, true), 0);
    assert_int_equal(meets(WHERE + 0x23, 1, false), 4);
    assert_int_equal(meets(WHERE, 0x40, true), 7);
    assert_int_equal(meets(0xffffffff, 2, true), 8);
    assert_int_equal(meets(0xfffffff8, 4, true), 0);
    assert_true(debugreg_page(v, WHERE) && !debugreg_page(v, WHERE + 0x1000));
}

static void disarmed(void **state)
{
    (void)state;
    arm(0, WHERE, ON_ACCESS, 4);
    assert_true(priv_write_dr(v, 7, v->dr[7] & ~3u));
    assert_int_equal(v->armed, 0);
    assert_int_equal(meets(WHERE, 4, true), 0);
}

static void ports_need_de(void **state)
{
    (void)state;
    arm(0, 0x80, ON_PORT, 2);
    assert_int_equal(v->armed, 0);
    assert_true(priv_write_cr(v, 4, CR4_DE));
    assert_int_equal(v->armed, ARMED_PORT);
    debugreg_port(v, 0x82, 4);
    assert_int_equal(v->met, 0);
    debugreg_port(v, 0x7f, 2);
    assert_int_equal(v->met, 1);
}

/* A fault before the instruction, unless RF or a load of SS holds it off. */
static void code(void **state)
{
    (void)state;
    put_code(BYTES(0x90, 0x90));
    arm(0, CODE + 1, ON_CODE, 1);
    v->dr[6] |= 2;
    assert_int_equal(interp_step(v), INTERP_OK);
    expect_exception(interp_step(v), VEC_DB, -1);
    assert_false(v->exc.is_trap);
    assert_int_equal(v->eip, CODE + 1);
    assert_int_equal(v->dr[6] & 15, 1);
    v->eflags |= FL_RF;
    assert_int_equal(interp_step(v), INTERP_OK);
    assert_false(v->eflags & FL_RF);
    v->eip = CODE + 1;
    v->inhibit = INHIBIT_SS;
    assert_int_equal(interp_step(v), INTERP_OK);
    v->eip = CODE + 1;
    v->inhibit = INHIBIT_STI;
    expect_exception(interp_step(v), VEC_DB, -1);
}

/* A trap behind the instruction; what faults has met nothing. */
static void behind(void **state)
{
    (void)state;
    poke(vm, WHERE, 0);
    v->gpr[R_ESI] = WHERE;
    put_code(BYTES(0x89, 0x06, 0x8b, 0x06));
    arm(1, WHERE, ON_WRITE, 4);
    expect_exception(interp_step(v), VEC_DB, -1);
    assert_true(v->exc.is_trap);
    assert_int_equal(v->eip, CODE + 2);
    assert_int_equal(v->dr[6] & 15, 2);
    assert_int_equal(interp_step(v), INTERP_OK);
    assert_int_equal(v->met, 0);
}

/* REP MOVS stops where it is met, with RF kept through its rounds. */
static void rounds(void **state)
{
    (void)state;
    put_code(BYTES(0xf3, 0xab));
    v->gpr[R_EDI] = WHERE;
    v->gpr[R_ECX] = 3;
    arm(0, WHERE + 4, ON_WRITE, 4);
    arm(1, CODE, ON_CODE, 1);
    v->eflags |= FL_RF;
    assert_int_equal(interp_step(v), INTERP_OK);
    assert_int_equal(v->gpr[R_ECX], 2);
    assert_true(v->eflags & FL_RF);
    expect_exception(interp_step(v), VEC_DB, -1);
    assert_int_equal(v->eip, CODE);
    assert_int_equal(v->gpr[R_ECX], 1);
    assert_int_equal(v->dr[6] & 15, 1);
    v->eflags |= FL_RF;
    assert_int_equal(interp_step(v), INTERP_OK);
    assert_int_equal(v->eip, CODE + 2);
}

/* What a load of SS has met is told one instruction later. */
static void deferred(void **state)
{
    (void)state;
    put_code(BYTES(0x8e, 0x16, 0x90));
    poke(vm, WHERE, D0);
    v->gpr[R_ESI] = WHERE;
    arm(0, WHERE, ON_ACCESS, 4);
    assert_int_equal(interp_step(v), INTERP_OK);
    expect_exception(interp_step(v), VEC_DB, -1);
    assert_int_equal(v->eip, CODE + 3);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, world)
    const struct CMUnitTest tests[] = {
        T(data), T(disarmed), T(ports_need_de), T(code), T(behind), T(rounds), T(deferred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
