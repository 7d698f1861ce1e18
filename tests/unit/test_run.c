/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The run loop from its first turn to the VM's end: what is delivered when, which way to run is
 * taken, that a halted guest sleeps and wakes, and that every end is seen. The host that runs code
 * is a script of the test.
 */
#include "monitor/run.h"
#include "monitor/vclock.h"

#include "tests/unit/top_world.h"

#define HLT 0xf4

static unsigned runs;

static uint64_t stat(enum stat s)
{
    return vm->stats.n[s];
}

static void ends(enum plan_exit how)
{
    vm_run(vm);
    assert_true(vm->ended);
    assert_int_equal(vm->exit, how);
}

static int start(void **state)
{
    runs = 0;
    return top_world(state);
}

/* ---- The ways to run --------------------------------------------------------- */

static void a_kernel_that_halts(struct vcpu *cpu, uint64_t entry, struct host_exit *x)
{
    assert_int_equal(entry, 0x7000);
    fake.now_ns += 100;
    runs++;
    cpu->tc_insns += 3;
    x->kind = HX_TC;
    x->code = TC_EXIT_INTERP;
}

static void translated(void **state)
{
    (void)state;
    top.known = 0x7000;
    top.eip = v->eip;
    top.due = 5000;
    CODE_AT(HLT);
    fake.run_tc = a_kernel_that_halts;
    ends(EXIT_GUEST_HALTED);
    assert_int_equal(runs, 1);
    assert_int_equal(fake.armed_ns, 5000);
    assert_int_equal(stat(STAT_RUN_TC), 1);
    assert_int_equal(stat(STAT_NS_TC), 100);
    assert_int_equal(stat(STAT_NS_TOTAL), 100);
    assert_int_equal(stat(STAT_INSN_TC), 3);
}

static void a_user_that_dies(struct vcpu *cpu, struct host_exit *x)
{
    assert_int_equal(cpu->eip, 0x1234);
    fake.now_ns += 70;
    if (++runs == 2)
        vm_kill(vm, "enough");
    x->kind = HX_INTERRUPT;
}

static void direct(void **state)
{
    (void)state;
    run_at(3);
    top.due = 5000;
    fake.run_user = a_user_that_dies;
    ends(EXIT_GUEST_KILLED);
    assert_int_equal(runs, 2);
    assert_int_equal(fake.armed_ns, 5000);
    assert_int_equal(stat(STAT_RUN_USER), 2);
    assert_int_equal(stat(STAT_NS_USER), 140);
}

static void interpreted(void **state)
{
    (void)state;
    vm->engine = PLAN_INTERP;
    CODE_AT(0x40, 0x40, HLT);
    ends(EXIT_GUEST_HALTED);
    assert_int_equal(v->gpr[R_EAX], 2);
    assert_int_equal(stat(STAT_FB_FORCED), 3);
    assert_int_equal(stat(STAT_INSN_INTERP), 3);
    assert_int_equal(stat(STAT_INSN_INTERP_KERNEL), 3);
}

static void where_nothing_can_be_translated(void **state)
{
    (void)state;
    CODE_AT(0x40, HLT); /* bt_translate answers 0 */
    ends(EXIT_GUEST_HALTED);
    assert_int_equal(stat(STAT_FB_DECLINED), 2);
}

/* A fetch that faults goes to the guest, with its address; here on to a triple fault. */
static void code_that_is_not_there(void **state)
{
    (void)state;
    poke(vm, PAGE_DIR, 0);
    paging(v, PAGE_DIR);
    ends(EXIT_GUEST_KILLED);
    assert_int_equal(v->cr2, IDT + 8 * 8);
    assert_non_null(strstr(vm->reason, "triple fault at 0008:00001234: #PF(0) at 00001234"));
}

/* ---- Events ------------------------------------------------------------------- */

static void an_exception_is_delivered_first(void **state)
{
    (void)state;
    vm->engine = PLAN_INTERP;
    v->vif = 1;
    gate(0x20, C0, SYS_INT32, 0);
    told.interrupt = true;
    top.vector = 0x20;
    CODE_AT(0x0f, 0x0b); /* ud2 */
    poke64(IDT + VEC_UD * 8, pack_gate(C0, 0x1400, SYS_INT32, 0, 0));
    poke(vm, 0x1400, HLT);
    vcpu_raise(v, VEC_UD);
    ends(EXIT_GUEST_HALTED); /* the handler runs with interrupts off */
    assert_int_equal(top.acks, 0);
    assert_int_equal(stat(STAT_INJ_EXCEPTION), 1);
    FRAME(0x1234, C0);
}

static void interrupt_gate(void)
{
    poke64(IDT + 0x20 * 8, pack_gate(C0, 0x1400, SYS_INT32, 0, 0));
    poke(vm, 0x1400, HLT);
    told.interrupt = true;
    top.vector = 0x20;
}

static void an_interrupt_enters(void **state)
{
    (void)state;
    interrupt_gate();
    v->vif = 1;
    ends(EXIT_GUEST_HALTED);
    assert_int_equal(top.acks, 1);
    assert_int_equal(v->event, 0);
    assert_int_equal(stat(STAT_INJ_INTERRUPT), 1);
    FRAME(0x1234, C0);
}

/* Not with IF clear, and not in the shadow of STI: one instruction later. */
static void the_window_opens(void **state)
{
    (void)state;
    interrupt_gate();
    vm->engine = PLAN_INTERP;
    CODE_AT(0x40, 0xfb, 0x40, 0x40, 0x40); /* inc; sti; inc; inc; inc */
    ends(EXIT_GUEST_HALTED);
    assert_int_equal(v->gpr[R_EAX], 2);
    FRAME(0x1234 + 3, C0);
}

/* The controller had nothing after all (a spurious request): no vector is invented. */
static void an_event_that_vanished(void **state)
{
    (void)state;
    vm->engine = PLAN_INTERP;
    v->vif = 1;
    v->event = 1;
    vm->next_poll_ns = UINT64_MAX;
    CODE_AT(0xfa, HLT);
    ends(EXIT_GUEST_HALTED);
    assert_int_equal(top.acks, 0);
    assert_int_equal(v->event, 0);
}

/* A guest that loops for ever in the interpreter does not keep the devices from their time. */
static void batches_are_bounded(void **state)
{
    (void)state;
    vm->engine = PLAN_INTERP;
    v->vif = 1;
    CODE_AT(0xeb, 0xfe); /* jmp $ */
    interrupt_gate();
    told.interrupt = false;
    top.pending_after = 3;
    top.due = 0;
    ends(EXIT_GUEST_HALTED);
    assert_in_range(stat(STAT_INSN_INTERP), 3, 2000);
}

/* ---- Sleep ---------------------------------------------------------------------- */

static void wake_up(void)
{
    assert_int_equal(fake.armed_ns, 900 * VCLOCK_SLOW); /* the interpreter's clock is slow */
    fake.now_ns += 1000;
    if (++runs == 3)
        interrupt_gate();
}

static void a_halted_guest_sleeps_until_an_interrupt(void **state)
{
    (void)state;
    vm->engine = PLAN_INTERP;
    CODE_AT(0xfb, HLT); /* sti; hlt */
    top.due = 900;
    fake.idle = wake_up;
    ends(EXIT_GUEST_HALTED);
    assert_int_equal(runs, 3);
    assert_int_equal(top.acks, 1);
    assert_int_equal(stat(STAT_NS_IDLE), 3000);
    FRAME(0x1236, C0);
}

/* ---- Ends -------------------------------------------------------------------------- */

static void switch_off(struct vcpu *cpu, uint64_t entry, struct host_exit *x)
{
    (void)cpu;
    (void)entry;
    x->kind = HX_INTERRUPT;
    top.request = BOARD_OFF;
}

static void power_off(void **state)
{
    (void)state;
    top.known = 0x7000;
    fake.run_tc = switch_off;
    ends(EXIT_GUEST_OFF);
    assert_string_equal(vm->reason, "the guest switched the machine off");
}

/* At once: what stands behind the OUT is not executed. */
static void reset_in_a_batch(void **state)
{
    (void)state;
    vm->engine = PLAN_INTERP;
    top.request = BOARD_RESET;
    CODE_AT(0x40, 0x40);
    ends(EXIT_GUEST_OFF);
    assert_string_equal(vm->reason, "the guest reset the machine");
    assert_int_equal(v->gpr[R_EAX], 1);
}

/* The reason of a kill survives what the board asks for in the same turn. */
static void the_first_end_counts(void **state)
{
    (void)state;
    vm->engine = PLAN_INTERP;
    top.request = BOARD_OFF;
    CODE_AT(HLT);
    ends(EXIT_GUEST_HALTED);
}

static void nothing_runs_after_a_kill_in_delivery(void **state)
{
    (void)state;
    v->idtr.limit = 0;
    vcpu_raise(v, VEC_UD);
    ends(EXIT_GUEST_KILLED); /* a triple fault; no script: running would abort */
    assert_int_equal(stat(STAT_INSN_INTERP), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(translated, start),
        cmocka_unit_test_setup(direct, start),
        cmocka_unit_test_setup(interpreted, start),
        cmocka_unit_test_setup(where_nothing_can_be_translated, start),
        cmocka_unit_test_setup(code_that_is_not_there, start),
        cmocka_unit_test_setup(an_exception_is_delivered_first, start),
        cmocka_unit_test_setup(an_interrupt_enters, start),
        cmocka_unit_test_setup(the_window_opens, start),
        cmocka_unit_test_setup(an_event_that_vanished, start),
        cmocka_unit_test_setup(batches_are_bounded, start),
        cmocka_unit_test_setup(a_halted_guest_sleeps_until_an_interrupt, start),
        cmocka_unit_test_setup(power_off, start),
        cmocka_unit_test_setup(reset_in_a_batch, start),
        cmocka_unit_test_setup(the_first_end_counts, start),
        cmocka_unit_test_setup(nothing_runs_after_a_kill_in_delivery, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
