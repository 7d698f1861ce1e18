/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1-jit runs all trials, a line each, "ok NAME" or "not ok NAME: N wrong", and their count in
 * the last: "jit: N ok, M failed". What it prints is the same wherever it runs.
 */
#include "tests/jit/jit.h"

const char *const program = "jit";
static uint32_t passed, failed;

static void run_all(const struct trial *t)
{
    for (; t->name; t++) {
        uint32_t bad = t->run();
        put_text(bad ? "not ok " : "ok ");
        put_text(t->name);
        if (bad) {
            put_text(": ");
            put_number(bad);
            put_text(" wrong");
        }
        end_line();
        passed += !bad;
        failed += !!bad;
    }
}

int guest_main(char **stack)
{
    (void)stack;
    run_all(rewrite_trials);
    run_all(map_trials);
    run_all(process_trials);
    put_text("jit: ");
    put_number(passed);
    put_text(" ok, ");
    put_number(failed);
    put_text(" failed");
    end_line();
    return failed != 0;
}
