/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * /proc's texts as machines have them, and as none has them.
 */
#include "loader/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void an_old_machine(void **state)
{
    (void)state;
    struct machine m;
    machine_read("processor\t: 0\nmodel name\t: Old  CPU\nflags\t\t: fpu nx lm\nbugs\t:\n\n"
                 "processor\t: 1\nmodel name\t: Other\nflags\t\t: fpu vmx svm smep\n",
                 "MemTotal:        2048000 kB\nMemFree: 5 kB\nMemAvailable:    1024 kB\n", &m);
    assert_string_equal(m.cpu, "Old  CPU");
    assert_true(m.long_mode && m.nx);
    assert_false(m.smep || m.vmx || m.svm || m.hypervisor);
    assert_int_equal(m.memory_kib, 2048000);
    assert_int_equal(m.free_kib, 1024);
}

static void flags_are_whole_words(void **state)
{
    (void)state;
    struct machine m;
    machine_read("vmx flags\t: vnmi\nflags\t: lahf_lm svm_lock nxx smep hypervisor", "", &m);
    assert_false(m.long_mode || m.svm || m.nx || m.vmx);
    assert_true(m.smep && m.hypervisor);
    assert_int_equal(m.memory_kib, 0);
}

static void odd_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n",
                                        ":",
                                        "flags",
                                        "flags:",
                                        "flags:\n",
                                        "model name",
                                        "model name :",
                                        "\n\n\nflags : ",
                                        "flagsx: lm nx"};
    struct machine m;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        machine_read(texts[i], texts[i], &m);
        assert_string_equal(m.cpu, "");
        assert_false(m.long_mode || m.nx);
    }
    char text[1000] = "model name : ";
    memset(text + 13, 'x', sizeof text - 14);
    machine_read(text, "", &m);
    assert_int_equal(strlen(m.cpu), sizeof m.cpu - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_machine),
        cmocka_unit_test(flags_are_whole_words),
        cmocka_unit_test(odd_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
