/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the guest stands still and how it goes on: steps, breakpoints, interrupts from both sides,
 * ends, a debugger that is gone. The run loop and the interpreter are the real ones; translated and
 * direct code are scripts.
 */
#include "tests/unit/gdb_world.h"

#define NOP  0x90
#define HLT  0xf4
#define STOP "T05thread:1;\n"

static uint64_t stat(enum stat s)
{
    return vm->stats.n[s];
}

/* The guest runs to its end, with what the debugger has said. */
static void run(enum plan_exit how)
{
    vm_run(vm);
    assert_true(vm->ended);
    assert_int_equal(vm->exit, how);
}

/* All that was said begins with this. */
static void first_said(const char *what)
{
    const char *all = said();
    if (strncmp(all, what, strlen(what)))
        fail_msg("said:\n%s\nnot:\n%s", all, what);
}

/* ---- Steps ------------------------------------------------------------------------------ */

static void steps(void **state)
{
    (void)state;
    CODE_AT(0x40, 0x40, NOP, NOP, NOP, HLT); /* inc eax twice */
    packet("s");
    packet("p0");
    packet("vCont;s:1;c");
    packet("p0");
    packet("s1237");
    packet("p8");
    packet("S05");
    packet("p8");
    packet("C05;1239");
    run(EXIT_GUEST_HALTED);
    first_said(STOP "01000000\n" STOP "02000000\n" STOP "38120000\n" STOP "39120000\n");
    assert_int_equal(stat(STAT_FB_GDB), 5);
}

static void wrong_ways_to_go_on(void **state)
{
    static const char *const bad[] = {"vCont",    "vCont;",      "vCont;x",  "vCont;s:2", "vCont;S",
                                      "vCont;c:", "vCont;C05:x", "cx",       "sg",        "C",
                                      "S;",       "c1,2",        "vCont;c;x"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (strcmp(ask(bad[i]), "E16\n"))
            fail_msg("%s", bad[i]);
    }
    assert_false(vm->gdb->go);
}

/* An interrupt waits for the end of a step; so the step is not one into its handler. */
static void steps_without_interrupts(void **state)
{
    (void)state;
    poke64(IDT + 0x20 * 8, pack_gate(C0, 0x1400, SYS_INT32, 0, 0));
    poke(vm, 0x1400, HLT);
    told.interrupt = true;
    top.vector = 0x20;
    v->vif = 0;
    CODE_AT(NOP, NOP, NOP);
    packet("P9=02020000"); /* IF */
    packet("s");
    packet("p8");
    packet("c");
    run(EXIT_GUEST_HALTED);
    first_said("OK\n" STOP "35120000\n");
    FRAME(0x1236, C0); /* where c went on, one more was run first */
}

/* A CPU that sleeps: the step is over when it has woken. */
static void wake(void)
{
    told.interrupt = true;
    fake.now_ns += 20000000;
}

static void step_out_of_sleep(void **state)
{
    (void)state;
    v->vif = 1;
    poke64(IDT + 0x20 * 8, pack_gate(C0, 0x1400, SYS_INT32, 0, 0));
    poke(vm, 0x1400, HLT);
    top.vector = 0x20;
    fake.idle = wake;
    CODE_AT(HLT, NOP);
    packet("s");
    packet("p8");
    packet("s");
    packet("p8");
    packet("c");
    run(EXIT_GUEST_HALTED);
    first_said(STOP "35120000\n" STOP "00140000\n");
}

/* A fault belongs to the step: it ends at the handler. */
static void step_into_fault(void **state)
{
    (void)state;
    CODE_AT(0x0f, 0x0b); /* ud2 */
    poke64(IDT + VEC_UD * 8, pack_gate(C0, 0x1400, SYS_INT32, 0, 0));
    poke(vm, 0x1400, HLT);
    packet("s");
    packet("p8");
    packet("c");
    run(EXIT_GUEST_HALTED);
    first_said(STOP "00140000\n");
}

/* A string instruction is one, however many elements it has. */
static void step_over_string(void **state)
{
    (void)state;
    v->gpr[R_ECX] = 30000;
    v->gpr[R_EDI] = 0x20000;
    CODE_AT(0xf3, 0xaa, NOP, HLT); /* rep stosb */
    packet("Z0,1234,1");
    packet("s");
    packet("p8");
    packet("p1");
    packet("c");
    run(EXIT_GUEST_HALTED);
    first_said("OK\n" STOP "36120000\n00000000\n");
    assert_true(stat(STAT_FB_GDB) > 4);
}

/* ---- Breakpoints -------------------------------------------------------------------------- */

static void breakpoints(void **state)
{
    (void)state;
    vm->engine = PLAN_INTERP;  /* in batches, without any */
    CODE_AT(0x40, 0xeb, 0xfd); /* inc eax; jmp back */
    packet("qSupported:swbreak+;hwbreak+");
    packet("Z0,1235,1");
    packet("c");
    packet("c"); /* from a breakpoint: what stands there is run first */
    packet("p0");
    packet("z0,1235,1");
    packet("Z1,1234,1");
    packet("c");
    packet("p0");
    packet("k");
    run(EXIT_GUEST_OFF);
    const char *all = strchr(said(), '\n') + 1;
    assert_string_equal(all, "OK\nT05thread:1;swbreak:;\nT05thread:1;swbreak:;\n02000000\nOK\nOK\n"
                             "T05thread:1;hwbreak:;\n02000000\n");
    assert_string_equal(vm->reason, "the debugger ended the guest");
}

static void at_once(struct vcpu *cpu, uint64_t entry, struct host_exit *x)
{
    (void)entry, (void)x;
    cpu->tc_insns++;
    top.eip = 0x2000;
    x->kind = HX_TC;
    x->code = TC_EXIT_MISS;
}

/* Translated code that reaches a page with a breakpoint: it is not even looked up there. */
static void translated_code(void **state)
{
    (void)state;
    vm->bt = (struct bt *)&top;
    top.known = 0x7000;
    fake.run_tc = at_once;
    CODE_AT(NOP, NOP);
    poke(vm, 0x2000, HLT << 8 | NOP);
    packet("Z0,2001,1");
    packet("c");
    packet("p8");
    packet("c");
    run(EXIT_GUEST_HALTED);
    first_said("OK\n" STOP "01200000\n");
    assert_int_equal(v->tc_insns, 1);
    assert_int_equal(top.chains, 0);
    assert_int_equal(heard.dropped, 1);
}

static unsigned directly;

static void user_stops(struct vcpu *cpu, struct host_exit *x)
{
    (void)cpu;
    directly++;
    x->kind = HX_INTERRUPT;
    if (directly == 3)
        vm_kill(vm, "enough");
}

/* User code that could get to a breakpoint does not run directly; other user code does. */
static void user_code(void **state)
{
    (void)state;
    directly = 0;
    world_paging();
    run_at(3);
    poke(vm, 0x2000, 0x0b0f); /* ud2 */
    poke64(IDT + VEC_UD * 8, pack_gate(C0, 0x1400, SYS_INT32, 0, 0));
    poke(vm, 0x1400, HLT);
    CODE_AT(0xe9, 0xc7, 0x0d, 0, 0); /* jmp 2000h */
    fake.run_user = user_stops;
    packet("Z0,2000,1");
    packet("c");
    packet("p8");
    packet("c");
    run(EXIT_GUEST_HALTED);
    first_said("OK\n" STOP "00200000\n");
    assert_int_equal(directly, 0);
}

static void other_user_code(void **state)
{
    (void)state;
    directly = 0;
    world_paging();
    world_map(0x2000, PTE_P | PTE_W); /* the kernel's */
    run_at(3);
    CODE_AT(0xeb, 0xfe);
    fake.run_user = user_stops;
    packet("Z0,2000,1");
    packet("Z0,300000,1"); /* nobody's */
    packet("c");
    run(EXIT_GUEST_KILLED);
    assert_int_equal(directly, 3);
    assert_int_equal(v->direct.armed, 0);
}

/* ---- From outside --------------------------------------------------------------------------- */

static void press(void)
{
    fake.now_ns += 20000000;
    fake.idle = NULL;
    type("\3", 1);
    packet("?");
    packet("P8=37120000"); /* no longer in HLT */
    packet("c");
}

static void interrupted(void **state)
{
    (void)state;
    v->vif = 1;
    CODE_AT(HLT, NOP, NOP, 0xfa, HLT);
    fake.idle = press;
    packet("c");
    run(EXIT_GUEST_HALTED);
    first_said("T02thread:1;\nT02thread:1;\nOK\n");
}

/* A packet, where only 03h may come, stops the guest, too; the answer that is due comes first. */
static void ask_it(void)
{
    fake.now_ns += 20000000;
    fake.idle = NULL;
    packet("p8");
    packet("k");
}

static void asked_while_it_runs(void **state)
{
    (void)state;
    v->vif = 1;
    CODE_AT(HLT);
    fake.idle = ask_it;
    packet("c");
    run(EXIT_GUEST_OFF);
    first_said("T02thread:1;\n35120000\n");
}

static void acknowledged(void **state)
{
    (void)state;
    CODE_AT(HLT);
    static const char typed[] = "+$p8#a7$p8#a8-$QStartNoAckMode#b0+$p8#a7$p8#a8-";
    type(typed, sizeof typed - 1);
    run(EXIT_GUEST_HALTED);
    fake.debug_out[fake.debug_out_len] = 0;
    assert_string_equal(fake.debug_out, "\4-+$34120000#8a$34120000#8a+$OK#9a$34120000#8a\4");
}

static void too_long(void **state)
{
    char many[5000];
    uint8_t sum = 0;
    (void)state;
    CODE_AT(HLT);
    memset(many, 'm', sizeof many);
    for (size_t i = 0; i < sizeof many; i++)
        sum = (uint8_t)(sum + 'm');
    type("$", 1);
    type(many, sizeof many);
    snprintf(many, sizeof many, "#%02x", sum);
    type(many, 3);
    packet("p8");
    run(EXIT_GUEST_HALTED);
    assert_string_equal(said(), "E07\n34120000\n");
}

/* ---- Leaving ------------------------------------------------------------------------------------
 */

static unsigned naps;

/* Somebody comes and goes without a word; then comes a debugger. */
static void nap(void)
{
    hang_up();
    if (naps++ == 3) {
        fake.debug_in_pos = fake.debug_in_len = 0;
        packet("p8");
        packet("D");
    }
}

static void waits_for_a_word(void **state)
{
    (void)state;
    naps = 0;
    CODE_AT(HLT);
    type("garbage\3\3#00", 12);
    fake.debug_wait = nap;
    run(EXIT_GUEST_HALTED);
    assert_int_equal(naps, 4);
    assert_string_equal(said(), "34120000\nOK\n");
}

/* Of a debugger that is gone nothing is left, whatever it was about. */
static void gone(void **state)
{
    static const char *const last[] = {"", "s", "c", "p0"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(last); i++) {
        gdb_world(state);
        CODE_AT(NOP, NOP, NOP, HLT);
        packet("qSupported:swbreak+");
        packet("QStartNoAckMode");
        packet("Z0,1236,1");
        packet(last[i]);
        type("$m12}", 5);
        type("##00", 4);
        run(EXIT_GUEST_HALTED);
        struct gdb *g = vm->gdb;
        assert_false(g->halted || g->step || g->no_acks || g->told_why || g->talked || g->expects);
        assert_int_equal(g->breaks.count, 0);
        assert_int_equal(fake.debug_out[fake.debug_out_len - 1], PLAN_GDB_CLEAN);
    }
}

/* While the guest runs: it does not even stop. */
static void leave_it(void)
{
    fake.now_ns += 20000000;
    fake.idle = wake;
    hang_up();
}

static void gone_while_it_runs(void **state)
{
    (void)state;
    v->vif = 1;
    poke64(IDT + 0x20 * 8, pack_gate(C0, 0x1400, SYS_INT32, 0, 0));
    poke(vm, 0x1400, HLT);
    top.vector = 0x20;
    CODE_AT(HLT);
    fake.idle = leave_it;
    packet("Z0,1400,1");
    packet("c");
    run(EXIT_GUEST_HALTED);
    first_said("OK\n");
    assert_int_equal(vm->gdb->breaks.count, 0);
}

/* Ctrl-C of a client that was no debugger and is gone. */
static void press_and_leave(void)
{
    fake.now_ns += 20000000;
    fake.idle = wake;
    type("\3", 1);
    hang_up();
}

static void not_left_standing(void **state)
{
    (void)state;
    vm->gdb->stop = vm->gdb->wait = false; /* nowait */
    v->vif = 1;
    poke64(IDT + 0x20 * 8, pack_gate(C0, 0x1400, SYS_INT32, 0, 0));
    poke(vm, 0x1400, HLT);
    top.vector = 0x20;
    CODE_AT(HLT);
    fake.idle = press_and_leave;
    fake.debug_wait = NULL;
    run(EXIT_GUEST_HALTED);
    assert_string_equal(said(), "");
}

/* ---- Ends
 * ------------------------------------------------------------------------------------------ */

static void killed_guest(void **state)
{
    (void)state;
    v->idtr.limit = 0;
    CODE_AT(0x0f, 0x0b);
    packet("c");
    packet("p8");
    packet("c");
    run(EXIT_GUEST_KILLED);
    const char *all = strchr(said(), '\n') + 1; /* the reason, for its console */
    assert_string_equal(all, "T06thread:1;\n34120000\nW05\n");
}

static void guest_off(void **state)
{
    (void)state;
    CODE_AT(NOP, 0xeb, 0xfd);
    packet("c");
    top.request = BOARD_OFF;
    run(EXIT_GUEST_OFF);
    assert_string_equal(said(), "W00\n");
}

static void killed_by_gdb(void **state)
{
    (void)state;
    packet("vKill;1");
    run(EXIT_GUEST_OFF);
    assert_string_equal(said(), "OK\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(steps, gdb_world),
        cmocka_unit_test_setup(wrong_ways_to_go_on, gdb_world),
        cmocka_unit_test_setup(steps_without_interrupts, gdb_world),
        cmocka_unit_test_setup(step_out_of_sleep, gdb_world),
        cmocka_unit_test_setup(step_into_fault, gdb_world),
        cmocka_unit_test_setup(step_over_string, gdb_world),
        cmocka_unit_test_setup(breakpoints, gdb_world),
        cmocka_unit_test_setup(translated_code, gdb_world),
        cmocka_unit_test_setup(user_code, gdb_world),
        cmocka_unit_test_setup(other_user_code, gdb_world),
        cmocka_unit_test_setup(interrupted, gdb_world),
        cmocka_unit_test_setup(asked_while_it_runs, gdb_world),
        cmocka_unit_test_setup(acknowledged, gdb_world),
        cmocka_unit_test_setup(too_long, gdb_world),
        cmocka_unit_test_setup(waits_for_a_word, gdb_world),
        cmocka_unit_test_setup(gone, gdb_world),
        cmocka_unit_test_setup(gone_while_it_runs, gdb_world),
        cmocka_unit_test_setup(not_left_standing, gdb_world),
        cmocka_unit_test_setup(killed_guest, gdb_world),
        cmocka_unit_test_setup(guest_off, gdb_world),
        cmocka_unit_test_setup(killed_by_gdb, gdb_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
