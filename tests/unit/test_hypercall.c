/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls of a guest that knows of Ring1: each with what it does, each with every bad argument, which
 * is an error in EAX and nothing else. Here what is no table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/hypercall_world.h"

/* ---- Enabling ------------------------------------------------------------------ */

static void nothing_before_it(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < RING1_CALLS + 3; n++)
        assert_int_equal(make(n, 0, 0, 0, 0), RING1_E_NO_CALL);
    assert_int_equal(make(0xffffffff, 0, 0, 0, 0), RING1_E_NO_CALL);
}

/* Which may be made without a look at the rest of the vcpu, and which are left. */
static void quick_ones(void **state)
{
    (void)state;
    assert_int_equal(CALL(ENABLE, 1, SHARED), 0);
    for (uint32_t n = 0; n < RING1_CALLS + 40; n++) {
        bool quick = n >= RING1_CALL_PAGES && n <= RING1_CALL_FLUSH;
        v->gpr[R_EAX] = n;
        v->gpr[R_EBX] = 0xffffffff;
        assert_int_equal(hypercall_quick(v), quick);
        if (!quick)
            assert_int_equal(v->gpr[R_EAX], n);
    }
    v->gpr[R_EAX] = RING1_CALL_PAGES;
    assert_true(hypercall_quick(v));
    assert_int_equal(v->gpr[R_EAX], 0);
    v->gpr[R_EAX] = RING1_CALL_PIN;
    assert_true(hypercall_quick(v));
    assert_int_equal((int32_t)v->gpr[R_EAX], RING1_E_ADDRESS);
}

static void shares_a_page(void **state)
{
    struct ring1_shared s;
    (void)state;
    poke(SHARED + 8, 0x12345678);
    v->vif = 1;
    assert_int_equal(CALL(ENABLE, 1, SHARED), 0);
    assert_true(guest_read(vm, gpa(SHARED), &s, sizeof s));
    assert_int_equal(s.irq_enabled, 1);
    assert_int_equal(s.tsc_version, 2);
    assert_int_equal(s.tsc_khz, host_tsc_hz() / 1000);
    poke(SHARED, 0); /* the guest clears its IF by a store */
    assert_int_equal(v->vif, 0);
    v->vif = 1; /* as STI does */
    assert_int_equal(peek64(SHARED) & 0xff, 1);
    assert_int_equal(CALL(ENABLE, 1, 0), 0); /* no more of it: the old memory is back */
    assert_int_equal(peek64(SHARED + 8) & 0xffffffff, 0x12345678);
    assert_int_equal(CALL(TS, 0), RING1_E_NO_CALL);
}

static void moves_the_page(void **state)
{
    (void)state;
    assert_int_equal(CALL(ENABLE, 1, SHARED), 0);
    assert_int_equal(CALL(ENABLE, 1, SHARED + PAGE_SIZE), 0);
    v->vif = 1;
    assert_int_equal(peek64(SHARED) & 0xff, 0);
    assert_int_equal(peek64(SHARED + PAGE_SIZE) & 0xff, 1);
}

static void is_not_mapped_as_it_was(void **state)
{
    unsigned flags;
    uint32_t error;
    (void)state;
    assert_int_equal(shadow_fault(v, gva(SHARED), PF_W, &error), SHADOW_FIXED);
    hfn_t before = fake_lookup(gva(SHARED), &flags);
    assert_int_equal(CALL(ENABLE, 1, SHARED), 0);
    assert_int_equal(fake_lookup(gva(SHARED), &flags).v, 0);
    assert_int_equal(shadow_fault(v, gva(SHARED), PF_W, &error), SHADOW_FIXED);
    hfn_t after = fake_lookup(gva(SHARED), &flags);
    assert_true(after.v && after.v != before.v);
    assert_ptr_equal(host_frame_ptr(after), v->shared_page);
}

static void enabling_refuses(void **state)
{
    (void)state;
    assert_int_equal(CALL(ENABLE, 0, SHARED), RING1_E_VERSION);
    assert_int_equal(CALL(ENABLE, RING1_ABI_VERSION + 1, SHARED), RING1_E_VERSION);
    assert_int_equal(CALL(ENABLE, 1, SHARED + 4), RING1_E_ADDRESS);
    assert_int_equal(CALL(ENABLE, 1, RAM), RING1_E_ADDRESS);
    assert_int_equal(CALL(ENABLE, 1, 0xfffff000), RING1_E_ADDRESS);
    assert_int_equal(CALL(ENABLE, 1, SHARED, 4), RING1_E_ARGUMENT);
    assert_int_equal(CALL(ENABLE, 1, SHARED, 0, 31), RING1_E_ARGUMENT);
    assert_int_equal(CALL(ENABLE, 1, SHARED, 0, 256), RING1_E_ARGUMENT);
    trace_add(vm, gpa_to_gfn(gpa(SHARED)), TRACE_CODE); /* it has code in it */
    assert_int_equal(CALL(ENABLE, 1, SHARED), RING1_E_ADDRESS);
    assert_false(vm->pv.enabled);
}

static void tells_the_log_a_few_times(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(CALL(ENABLE, 77, SHARED), RING1_E_VERSION);
        assert_int_equal(CALL(ENABLE, 1, SHARED), 0);
        assert_int_equal(CALL(ENABLE, 1, 0), 0);
    }
    assert_in_range(fake.log_len, 1, 1000);
}

/* ---- The machine --------------------------------------------------------------------- */

static void task_switched(void **state)
{
    (void)state;
    assert_int_equal(CALL(TS, 1), 0);
    assert_true(v->cr0 & CR0_TS);
    assert_int_equal(CALL(TS, 0), 0);
    assert_false(v->cr0 & CR0_TS);
    assert_int_equal(CALL(TS, 2), RING1_E_ARGUMENT);
}

static void halts_with_interrupts_on(void **state)
{
    (void)state;
    v->vif = 0;
    assert_int_equal(CALL(HALT), 0);
    assert_true(v->halted && v->vif && !vm->ended);
}

static void shuts_down(void **state)
{
    (void)state;
    assert_int_equal(CALL(SHUTDOWN, 3), RING1_E_ARGUMENT);
    assert_int_equal(CALL(SHUTDOWN, 0, RAM - 4, 8), RING1_E_ADDRESS);
    assert_int_equal(CALL(SHUTDOWN, 0, ARRAY, RING1_BUFFER_MAX + 1), RING1_E_ADDRESS);
    assert_false(vm->ended);
    poke(ARRAY, 0x0a6e6f6e); /* "non\n" */
    assert_int_equal(CALL(SHUTDOWN, RING1_SHUTDOWN_CRASH, ARRAY, 4), 0);
    assert_true(vm->ended);
    assert_int_equal(vm->exit, EXIT_GUEST_KILLED);
    assert_string_equal(vm->reason, "the guest crashed: non.");
}

static void shuts_down_without_a_word(void **state)
{
    (void)state;
    assert_int_equal(CALL(SHUTDOWN, RING1_SHUTDOWN_REBOOT, 0, 0), 0);
    assert_int_equal(vm->exit, EXIT_GUEST_OFF);
    assert_string_equal(vm->reason, "the guest reset the machine");
}

static void tells_the_time(void **state)
{
    struct ring1_clock c;
    (void)state;
    fake.now_ns = 123456789;
    assert_int_equal(CALL(CLOCK, OUT), 0);
    assert_true(guest_read(vm, gpa(OUT), &c, sizeof c));
    assert_int_equal(c.ns, 123456789);
    assert_int_equal(c.wall, host_wallclock_s() * 1000000000ull);
    assert_int_equal(CALL(CLOCK, OUT + 4), RING1_E_ADDRESS);
    assert_int_equal(CALL(CLOCK, RAM - 8), RING1_E_ADDRESS);
}

static void timer_fires_once(void **state)
{
    (void)state;
    fake.now_ns = 1000;
    assert_int_equal(CALL(TIMER, 5000, 0), 0);
    timer_service(vm, true);
    assert_false(vm->pv.timer_due);
    timer_arm(vm);
    assert_int_equal(fake.armed_ns, 5000);
    fake.now_ns = 5000;
    timer_service(vm, false);
    assert_true(vm->pv.timer_due && v->event);
    assert_int_equal(peek64(SHARED) >> 8 & 0xff, 1); /* pending, as the guest sees it */
    assert_int_equal(CALL(TIMER, 0xffffffff, 0xffffffff), 0);
    assert_false(vm->pv.timer_due || v->event || vm->pv.timer_ns);
    assert_int_equal(CALL(TIMER, 0, 0), 0); /* long ago: at once */
    timer_service(vm, true);
    assert_true(vm->pv.timer_due);
}

static void timer_needs_a_vector(void **state)
{
    (void)state;
    assert_int_equal(CALL(ENABLE, 1, SHARED + PAGE_SIZE, 0, 0), 0);
    assert_int_equal(CALL(TIMER, 5000, 0), RING1_E_ARGUMENT);
}

static void console(void **state)
{
    char text[8] = "";
    (void)state;
    assert_true(guest_write(vm, gpa(ARRAY), "hello", 5));
    assert_int_equal(CALL(WRITE, ARRAY, 5), 5);
    assert_int_equal(fake.console_out_len, 5);
    assert_memory_equal(fake.console_out, "hello", 5);
    memcpy(fake.console_in, "abc", 3);
    fake.console_in_len = 3;
    assert_int_equal(CALL(READ, OUT, 2), 2);
    assert_int_equal(CALL(READ, OUT + 2, 5), 1);
    assert_int_equal(CALL(READ, OUT, 5), 0);
    assert_true(guest_read(vm, gpa(OUT), text, 3));
    assert_string_equal(text, "abc");
    assert_int_equal(CALL(WRITE, RAM - 2, 3), RING1_E_ADDRESS);
    assert_int_equal(CALL(WRITE, ARRAY, RING1_BUFFER_MAX + 1), RING1_E_ADDRESS);
    assert_int_equal(CALL(READ, 0xffffffff, 2), RING1_E_ADDRESS);
    assert_int_equal(CALL(READ, OUT, RING1_BUFFER_MAX + 1), RING1_E_ADDRESS);
}

static void random_bytes(void **state)
{
    uint8_t bytes[200] = {0};
    unsigned zeros = 0;
    (void)state;
    assert_int_equal(CALL(RANDOM, OUT, 199), 199);
    assert_true(guest_read(vm, gpa(OUT), bytes, sizeof bytes));
    for (unsigned i = 0; i < 199; i++)
        zeros += bytes[i] == 0;
    assert_in_range(zeros, 0, 20);
    assert_int_equal(bytes[199], 0);
    assert_int_equal(CALL(RANDOM, RAM - 4, 5), RING1_E_ADDRESS);
    assert_int_equal(CALL(RANDOM, OUT, RING1_BUFFER_MAX + 1), RING1_E_ADDRESS);
    vm->pace.on = true;
    assert_int_equal(CALL(RANDOM, OUT, 4), RING1_E_HOST);
    vm->pace.on = false;
}

static void yields(void **state)
{
    (void)state;
    assert_int_equal(CALL(YIELD), 0);
}

/* ---- Batches ----------------------------------------------------------------------- */

static void batched(unsigned n, uint32_t number, uint32_t b)
{
    struct ring1_call c = {.number = number, .arg = {b}, .result = 0x55};
    assert_true(guest_write(vm, gpa(ARRAY + n * sizeof c), &c, sizeof c));
}

static int32_t result(unsigned n)
{
    struct ring1_call c;
    assert_true(guest_read(vm, gpa(ARRAY + n * sizeof c), &c, sizeof c));
    return c.result;
}

static void batch_makes_all(void **state)
{
    (void)state;
    batched(0, RING1_CALL_TS, 1);
    batched(1, RING1_CALL_YIELD, 0);
    batched(2, RING1_CALL_HALT, 0);
    batched(3, RING1_CALL_TS, 0);
    assert_int_equal(CALL(BATCH, ARRAY, 4), 3); /* it sleeps: what is behind was not made */
    assert_true((v->cr0 & CR0_TS) && v->halted);
    assert_true(result(0) == 0 && result(2) == 0 && result(3) == 0x55);
}

static void batch_ends_at_an_error(void **state)
{
    static const uint32_t bad[] = {RING1_CALL_BATCH, RING1_CALL_ENABLE};
    (void)state;
    batched(0, RING1_CALL_TS, 1);
    batched(1, RING1_CALL_TS, 7);
    batched(2, RING1_CALL_TS, 0);
    assert_int_equal(CALL(BATCH, ARRAY, 3), 1);
    assert_int_equal(result(1), RING1_E_ARGUMENT);
    assert_int_equal(result(2), 0x55);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        batched(0, bad[i], 1);
        assert_int_equal(CALL(BATCH, ARRAY, 1), 0);
        assert_int_equal(result(0), RING1_E_ARGUMENT);
    }
    batched(0, 77, 0);
    assert_int_equal(CALL(BATCH, ARRAY, 1), 0);
    assert_int_equal(result(0), RING1_E_NO_CALL);
    assert_int_equal(CALL(BATCH, ARRAY + 2, 1), RING1_E_ADDRESS);
    assert_int_equal(CALL(BATCH, ARRAY, RING1_ARRAY_MAX + 1), RING1_E_ADDRESS);
    assert_int_equal(CALL(BATCH, RAM - 16, 1), RING1_E_ADDRESS);
}

/* ---- Noise ------------------------------------------------------------------------------ */

/* Numbers and arguments at random, half of them plausible: whatever comes back, the machine is
 * whole, and its frames are all there at the end. */
static void noise(void **state)
{
    static const uint32_t likely[] = {0, 1, 2, PD, PT, SHARED, ARRAY, OUT, RAM, RAM - 8, ~0u, 512};
    uint32_t x = 12345;
    (void)state;
    for (unsigned i = 0; i < 200000 && !vm->ended; i++) {
        uint32_t arg[5];
        for (unsigned n = 0; n < 5; n++) {
            x = x * 1664525 + 1013904223;
            arg[n] = x & 0x10000 ? likely[(x >> 20) % ARRAY_SIZE(likely)] : x;
            if (x & 0x20000)
                arg[n] = (x >> 8) % RAM & ~7u;
        }
        uint32_t number = (x >> 11) % (RING1_CALLS + 1);
        v->shared.told_count = x & 0x40000 ? arg[0] : 3;
        v->shared.told[i % RING1_TOLD_MAX] = arg[1];
        if (number == RING1_CALL_SHUTDOWN)
            continue;
        make(number, arg[0], arg[1], arg[2], arg[3]);
        v->halted = false;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        START(nothing_before_it),
        START(quick_ones),
        START(shares_a_page),
        START(moves_the_page),
        START(is_not_mapped_as_it_was),
        START(enabling_refuses),
        START(tells_the_log_a_few_times),
        ENABLED(task_switched),
        ENABLED(halts_with_interrupts_on),
        ENABLED(shuts_down),
        ENABLED(shuts_down_without_a_word),
        ENABLED(tells_the_time),
        ENABLED(timer_fires_once),
        ENABLED(timer_needs_a_vector),
        ENABLED(console),
        ENABLED(random_bytes),
        ENABLED(yields),
        ENABLED(batch_makes_all),
        ENABLED(batch_ends_at_an_error),
        START(noise),
        TELLING(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
