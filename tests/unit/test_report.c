/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The report of an ended VM: complete, without side effects, and possible in any state.
 */
#include "monitor/report.h"

#include "tests/unit/top_world.h"

static void says(const char *text)
{
    if (!strstr(fake.log, text))
        fail_msg("not in the report: %s\n%s", text, fake.log);
}

static void the_whole_state(void **state)
{
    (void)state;
    CODE_AT(0x0f, 0x01, 0xd0); /* xgetbv */
    v->gpr[R_EAX] = 0x11223344;
    v->gpr[R_EDI] = 0xdeadbeef;
    v->cr2 = 0x1000;
    v->vif = 1;
    vm_kill(vm, "because of %s", "it");
    report_state(vm);
    says("report: because of it\n");
    says("report: instruction at 0008:00001234: 0f 01 d0");
    says("eax 11223344 ");
    says("edi deadbeef\n");
    says("report: eip 00001234 eflags 00000202 cpl 0 cr0 00000011 cr2 00001000 ");
    says("report: cs 0008 base 00000000 limit ffffffff attr 0c09b\n");
    says("report: gs 0010 ");
    says("gdtr 00002000/");
}

static void an_instruction_in_words(void **state)
{
    (void)state;
    CODE_AT(0x89, 0xd8); /* mov eax, ebx */
    report_state(vm);
    says(": 89 d8   mov eax, ebx\n");
}

static void no_code_there(void **state)
{
    (void)state;
    v->eip = 0xf0000000;
    report_state(vm);
    says("report: no code can be read at the instruction pointer\n");
    says("report: eip f0000000");
}

/* RAM ends in the middle of it; at the end of the address space it wraps. */
static void half_an_instruction(void **state)
{
    (void)state;
    v->eip = (1u << 20) - 2;
    CODE_AT(0x0f, 0xb6);
    report_state(vm);
    says(": 0f b6   (not a whole instruction)\n");
    v->eip = 0xffffffff;
    report_state(vm);
}

/* Reading for a report sets no A bit and raises nothing. */
static void no_side_effects(void **state)
{
    (void)state;
    CODE_AT(0x90);
    poke(vm, PAGE_DIR, PAGE_TAB | PTE_P);
    poke(vm, PAGE_TAB + 4, 0x1000 | PTE_P);
    paging(v, PAGE_DIR);
    v->eip = 0x1234;
    report_state(vm);
    says("1234: 90 ");
    assert_int_equal(peek(vm, PAGE_DIR), PAGE_TAB | PTE_P);
    assert_int_equal(peek(vm, PAGE_TAB + 4), 0x1000 | PTE_P);
    assert_false(v->exc.valid);
}

static void last_blocks_if_there_is_a_translator(void **state)
{
    (void)state;
    report_state(vm);
    assert_null(strstr(fake.log, "block"));
    vm->bt = (struct bt *)&top;
    report_state(vm);
    says("report: block 0 back: c0100000\nreport: block 1 back: c0100001\n");
}

static void the_last_line(void **state)
{
    (void)state;
    static const struct {
        enum plan_exit exit;
        const char *line;
    } rows[] = {
        {EXIT_GUEST_OFF, "ring1-exit: 0 guest-off: why\n"},
        {EXIT_BAD_INPUT, "ring1-exit: 2 bad-input: why\n"},
        {EXIT_HOST_TROUBLE, "ring1-exit: 3 host-trouble: why\n"},
        {EXIT_GUEST_HALTED, "ring1-exit: 4 guest-halted: why\n"},
        {EXIT_GUEST_KILLED, "ring1-exit: 5 guest-killed: why\n"},
        {EXIT_TIMEOUT, "ring1-exit: 6 time-out: why\n"},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        vm->ended = false;
        fake.log_len = 0;
        vm_end(vm, rows[i].exit, "why");
        report_exit(vm, 1, 1);
        assert_string_equal(fake.log, rows[i].line);
    }
    fake.log_len = 0;
    report_exit(vm, 2, 3);
    assert_string_equal(fake.log, "ring1-run: 2 of 3: 6 time-out: why\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_whole_state, top_world),
        cmocka_unit_test_setup(an_instruction_in_words, top_world),
        cmocka_unit_test_setup(no_code_there, top_world),
        cmocka_unit_test_setup(half_an_instruction, top_world),
        cmocka_unit_test_setup(no_side_effects, top_world),
        cmocka_unit_test_setup(last_blocks_if_there_is_a_translator, top_world),
        cmocka_unit_test_setup(the_last_line, top_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
