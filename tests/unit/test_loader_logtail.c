/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A log that grows in pieces: whose lines go where, whole, once, and harmless for a terminal.
 */
#define _GNU_SOURCE /* memfd_create */
#include "loader/logtail.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct logtail tail;

static int start(void **state)
{
    (void)state;
    tail = (struct logtail){.log = memfd_create("log", 0),
                            .trace = memfd_create("trace", 0),
                            .answer = memfd_create("answer", 0)};
    return tail.log < 0 || tail.trace < 0 || tail.answer < 0;
}

static int end(void **state)
{
    (void)state;
    close(tail.log);
    close(tail.trace);
    close(tail.answer);
    return 0;
}

static void append(const char *text)
{
    assert_int_equal(write(tail.log, text, strlen(text)), strlen(text));
    logtail_poll(&tail);
}

static void holds(int fd, const char *text)
{
    char got[4096] = "";
    assert_true(pread(fd, got, sizeof got - 1, 0) >= 0);
    assert_string_equal(got, text);
}

static void lines_go_where_they_belong(void **state)
{
    (void)state;
    append("ring1: hello\ntrace 1 io a\nstat x 1  one\n");
    append(PLAN_ANSWER_BEGIN "\nstat x 2  two\ntrace 2 io b\n" PLAN_ANSWER_END
                             "\nstat x 3  three\n");
    append("ring1-exit: 0 guest-off: done\n");
    holds(tail.trace, "trace 1 io a\ntrace 2 io b\n");
    holds(tail.answer, "stat x 2  two\n");
}

static void pieces_are_put_together(void **state)
{
    (void)state;
    static const char text[] = "trace 1 io whole\r\n" PLAN_ANSWER_BEGIN "\nanswer\n";
    for (const char *c = text; *c; c++)
        append((char[2]){*c, 0});
    append("cut sh");
    holds(tail.trace, "trace 1 io whole\n");
    holds(tail.answer, "answer\n");
    append("ort\n");
    holds(tail.answer, "answer\ncut short\n");
}

static void terminals_are_spared(void **state)
{
    (void)state;
    tail.answer_raw = true;
    append(PLAN_ANSWER_BEGIN "\n\033[31mred\n");
    holds(tail.answer, "?[31mred\r\n");
}

static void long_lines_and_no_takers(void **state)
{
    (void)state;
    char line[2000] = "trace ";
    memset(line + 6, 'x', sizeof line - 8);
    line[sizeof line - 2] = '\n';
    line[sizeof line - 1] = 0;
    append(line);
    append("trace end\n");
    line[LOGTAIL_LINE - 1] = 0;
    char want[sizeof line + 20];
    snprintf(want, sizeof want, "%s\ntrace end\n", line);
    holds(tail.trace, want);
    close(tail.trace);
    tail.trace = -1;
    append("trace lost\n");
    tail.trace = open("/dev/full", O_WRONLY);
    append("trace lost, too\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_go_where_they_belong, start, end),
        cmocka_unit_test_setup_teardown(pieces_are_put_together, start, end),
        cmocka_unit_test_setup_teardown(terminals_are_spared, start, end),
        cmocka_unit_test_setup_teardown(long_lines_and_no_takers, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
