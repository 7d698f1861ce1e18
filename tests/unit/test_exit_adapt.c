/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the translator hears of faults that it could spare, and of instructions that it made
 * callouts for it. The interpreter and memory are real; shadow and translator are doubles.
 */
#include "monitor/exit.h"

#include "tests/unit/top_world.h"

#define TRACED  0x7000u
#define DEVICE  0xf0000000u
#define NOWHERE 0x9000u

static const uint8_t store[] = {0x88, 0x03}; /* mov [ebx], al */
static const uint8_t load[] = {0x8a, 0x03};

static int set_up(void **state)
{
    top_world(state);
    memset(&heard, 0, sizeof heard);
    assert_true(trace_create(vm) && trace_add(vm, gfn(TRACED >> PAGE_SHIFT), TRACE_CODE));
    return 0;
}

/* CODE, which accesses WHERE, at 0x1234, and a stop before it. */
static void stop(const uint8_t code[2], uint32_t where, struct host_exit x)
{
    v->eip = top.eip = 0x1234;
    v->gpr[R_EBX] = where;
    v->gpr[R_EAX] = 0x77;
    assert_true(guest_write(vm, gpa(0x1234), code, 2));
    for (unsigned r = 0; r < S_COUNT; r++)
        x.sel[r] = v->seg[r].sel;
    exit_handle(v, &x);
}

static void page_fault(enum shadow_answer answer, bool user)
{
    struct host_exit x = {.kind = HX_EXCEPTION, .vector = VEC_PF, .error = PF_W, .cr2 = TRACED};
    top.answer = answer;
    x.user = user;
    stop(store, TRACED, x);
    v->exc.valid = false;
}

static void of_faults_that_can_be_spared(void **state)
{
    (void)state;
    page_fault(SHADOW_TRACE, false);
    assert_int_equal(heard.faults, 1);
    assert_int_equal(heard.eip, 0x1234); /* before it is interpreted */
    assert_int_equal(v->eip, 0x1236);
    page_fault(SHADOW_MMIO, false);
    assert_int_equal(heard.faults, 2);
    struct host_exit x = {.kind = HX_EXCEPTION, .vector = VEC_PF, .cr2_outside = true};
    stop(store, TRACED, x);
    assert_int_equal(heard.missed, 1);
}

static void not_of_others(void **state)
{
    (void)state;
    page_fault(SHADOW_FIXED, false);
    page_fault(SHADOW_REFLECT, false);
    assert_int_equal(heard.faults, 0);
}

static void not_of_user_code(void **state)
{
    (void)state;
    run_at(3);
    assert_true(segtab_prepare(v));
    page_fault(SHADOW_TRACE, true);
    page_fault(SHADOW_MMIO, true);
    assert_int_equal(heard.faults, 0);
}

static void callout(const uint8_t code[2], uint32_t where)
{
    stop(code, where, (struct host_exit){.kind = HX_TC, .code = TC_EXIT_ADAPTED});
}

/* Would the access have trapped this time too? */
static void of_what_callouts_did(void **state)
{
    (void)state;
    static const struct {
        const uint8_t *code;
        uint32_t where;
        bool trapping;
    } cases[] = {
        {store, TRACED, true}, {load, TRACED, false}, {store, TRACED + PAGE_SIZE, false},
        {store, DEVICE, true}, {load, DEVICE, true},  {store, TRACED - 1, false},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        heard.ordinary = heard.trapping = 0;
        callout(cases[i].code, cases[i].where);
        assert_int_equal(heard.trapping, cases[i].trapping);
        assert_int_equal(heard.ordinary, !cases[i].trapping);
        assert_int_equal(heard.eip, 0x1234);
        assert_int_equal(v->eip, 0x1236);
    }
    assert_int_equal(peek(vm, TRACED) & 0xff, 0x77);
    assert_int_equal(vm->stats.n[STAT_EXIT_CALLOUT], ARRAY_SIZE(cases));
    assert_int_equal(vm->stats.n[STAT_EXIT_ADAPTED], ARRAY_SIZE(cases));
}

/* A fault of the guest's own says nothing about traces. */
static void not_of_one_that_faults(void **state)
{
    (void)state;
    poke(vm, PAGE_DIR, PAGE_TAB | PTE_P | PTE_W);
    poke(vm, PAGE_TAB + 4, 0x1000 | PTE_P | PTE_W);
    paging(v, PAGE_DIR);
    callout(store, NOWHERE);
    assert_true(v->exc.valid);
    assert_int_equal(v->exc.vector, VEC_PF);
    assert_int_equal(v->exc.cr2, NOWHERE);
    assert_int_equal(v->eip, 0x1234);
    assert_int_equal(heard.ordinary + heard.trapping, 0);
}

/* The page is in the other window: nothing but the translator is asked, and the instruction is
 * tried again; if it turns too often it is interpreted. */
static void of_the_other_window(void **state)
{
    (void)state;
    struct host_exit x = {.kind = HX_EXCEPTION, .vector = VEC_PF, .cr2 = TRACED};
    x.other_window = true;
    stop(store, NOWHERE, x);
    assert_int_equal(heard.turns, 1);
    assert_int_equal(heard.strings, 0);
    assert_int_equal(v->eip, 0x1234);
    stop((const uint8_t[]){0xf3, 0xa4}, NOWHERE, x); /* rep movsb */
    assert_int_equal(heard.strings, 1);
    heard.turn_refused = true;
    stop(load, NOWHERE, x);
    assert_int_equal(v->eip, 0x1236);
    assert_int_equal(heard.faults, 0);
    assert_int_equal(heard.turns, 3);
    v->cpl = 3; /* of user code it is a page fault like others */
    top.answer = SHADOW_REFLECT;
    stop(load, NOWHERE, x);
    assert_int_equal(heard.turns, 3);
    assert_true(v->exc.valid);
    v->exc.valid = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(of_faults_that_can_be_spared, set_up),
        cmocka_unit_test_setup(not_of_others, set_up),
        cmocka_unit_test_setup(not_of_user_code, set_up),
        cmocka_unit_test_setup(of_what_callouts_did, set_up),
        cmocka_unit_test_setup(not_of_one_that_faults, set_up),
        cmocka_unit_test_setup(of_the_other_window, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
