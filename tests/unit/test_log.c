/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The formatter against the C library's wherever log.h promises the same, its cuts, and panic.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/log.h"
#include "monitor/plan.h"
#include "tests/unit/fake_host.h"

/* Ours and the C library's text of the same arguments. */
#define SAME(...)                                                                                  \
    do {                                                                                           \
        char ours_[200], theirs_[200];                                                             \
        size_t n_ = fmt_print(ours_, sizeof ours_, __VA_ARGS__);                                   \
        int m_ = snprintf(theirs_, sizeof theirs_, __VA_ARGS__);                                   \
        assert_string_equal(ours_, theirs_);                                                       \
        assert_int_equal(n_, m_);                                                                  \
    } while (0)

static void numbers(void **state)
{
    (void)state;
    SAME("%d %i %u %x", 0, 0, 0u, 0u);
    SAME("%d|%5d|%-5d|%05d|", -42, -42, -42, -42);
    SAME("%d|%5d|%-5d|%05d|%2d", 42, 42, 42, 42, 12345);
    SAME("%d %d", INT32_MIN, INT32_MAX);
    SAME("%ld %ld %lu %lx", INT64_MIN, INT64_MAX, UINT64_MAX, UINT64_MAX);
    SAME("%u %x", UINT32_MAX, UINT32_MAX);
    SAME("%lld %llu %llx", -5ll, 5ull, 0xabcdefull);
    SAME("%zu %zx", (size_t)77, (size_t)0xfeed);
    SAME("%08x|%-8x|%8x|%016lx", 0xbeefu, 0xbeefu, 0xbeefu, 0x1234567890ul);
    SAME("%02x%02x", 0u, 0xfffu);
}

/* A 32-bit argument must not be taken for 64 bits: garbage in the upper half of the register. */
static void narrow_arguments(void **state)
{
    (void)state;
    volatile uint64_t wide = 0xdeadbeef00000001ull;
    SAME("%u %x %d", (unsigned)wide, (unsigned)wide, (int)wide);
}

static void strings(void **state)
{
    (void)state;
    SAME("%s", "");
    SAME("a%sb%%c", "text");
    SAME("%10s|%-10s|%2s", "abc", "abc", "abc");
    SAME("%.2s|%.0s|%.9s|%5.1s|%-5.1s|", "abc", "abc", "abc", "abc", "abc");
    SAME("%.*s|%.*s", 2, "abc", -1, "abc");
    SAME("%c%c", 'x', 'y');
    const char *volatile null = NULL;
    char buf[20];
    fmt_print(buf, sizeof buf, "%s", null);
    assert_string_equal(buf, "(null)");
}

/* Precision is what bounds the read: there is no terminator here. */
static void precision_bounds_the_read(void **state)
{
    (void)state;
    char *text = malloc(3);
    memcpy(text, "abc", 3);
    char buf[20];
    assert_int_equal(fmt_print(buf, sizeof buf, "%.3s", text), 3);
    assert_string_equal(buf, "abc");
    free(text);
}

static void pointers(void **state)
{
    (void)state;
    char buf[20];
    fmt_print(buf, sizeof buf, "%p", (void *)0xffff900000001000ul);
    assert_string_equal(buf, "ffff900000001000");
}

static void cuts(void **state)
{
    (void)state;
    char buf[8];
    memset(buf, '#', sizeof buf);
    assert_int_equal(fmt_print(buf, 4, "%s", "abcdef"), 3);
    assert_memory_equal(buf, "abc\0####", 8);
    assert_int_equal(fmt_print(buf, 1, "%d", 123), 0);
    assert_memory_equal(buf, "\0bc\0####", 8);
    memset(buf, '#', sizeof buf);
    assert_int_equal(fmt_print(buf, 0, "%d", 123), 0);
    assert_memory_equal(buf, "########", 8);
    assert_int_equal(fmt_print(buf, 8, "%100d", 1), 7);
    assert_string_equal(buf, "       ");
}

/* A lone % at the end is dropped, not read past. */
static void unfinished_conversion(void **state)
{
    (void)state;
    char buf[8];
    const char *volatile odd[] = {"a%", "a%5", "a%l", "a%.2"};
    for (unsigned i = 0; i < 4; i++) {
        va_list none;
        memset(&none, 0, sizeof none);
        assert_int_equal(fmt_vprint(buf, sizeof buf, odd[i], none), 1);
        assert_string_equal(buf, "a");
    }
}

static void lines(void **state)
{
    (void)state;
    fake_host_reset(10);
    log_line("one %d", 1);
    log_line("%s", "");
    assert_string_equal(fake.log, "one 1\n\n");
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    fake_host_reset(10);
    log_line("%1000d", 1);
    assert_in_range(fake.log_len, 300, 400);
    assert_int_equal(fake.log[fake.log_len - 1], '\n');
    assert_null(memchr(fake.log, '\n', fake.log_len - 1));
    log_line("next");
    assert_non_null(strstr(fake.log, "\nnext\n"));
}

/* Panic says why, then the line that the loader looks for, and leaves with its status. */
static void panics(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    fake_host_reset(10);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fd[1], 2);
        signal(SIGABRT, SIG_DFL);
        panic("odd %x", 0xabcu);
    }
    close(fd[1]);
    char text[1000] = {0};
    size_t n = 0;
    for (ssize_t got; (got = read(fd[0], text + n, sizeof text - 1 - n)) > 0;)
        n += (size_t)got;
    close(fd[0]);
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_non_null(
        strstr(text, "host_exit(3)\nring1: panic: odd abc\nring1-exit: 3 host-trouble: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(narrow_arguments),
        cmocka_unit_test(strings),
        cmocka_unit_test(precision_bounds_the_read),
        cmocka_unit_test(pointers),
        cmocka_unit_test(cuts),
        cmocka_unit_test(unfinished_conversion),
        cmocka_unit_test(lines),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(panics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
