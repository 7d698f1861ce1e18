/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Files that are read and programs that are started, with real ones: /bin/sh plays the
 * emulator. Each test leaves no process and no file behind.
 */
#define _GNU_SOURCE /* pipe2 */
#include "loader/command.h"
#include "loader/input.h"
#include "loader/relay.h"
#include "loader/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct tempdir dir;
static struct problem problem;
static int signals;

static int start(void **state)
{
    (void)state;
    memset(&problem, 0, sizeof problem);
    return tempdir_create(&dir, &problem) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tempdir_remove(&dir);
    return 0;
}

static void put_file(const char *name, const char *text, size_t size)
{
    int fd = tempdir_create_file(&dir, name, &problem);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
}

static bool read_file(const char *name, size_t limit, struct blob *b)
{
    char path[TEMPDIR_PATH_MAX];
    tempdir_path(&dir, name, path);
    return input_read(path, "initrd", limit, "too long", b, &problem);
}

static void files_are_read(void **state)
{
    (void)state;
    struct blob b;
    put_file("f", "hello", 5);
    assert_true(read_file("f", 5, &b));
    assert_int_equal(b.size, 5);
    assert_memory_equal(b.data, "hello", 5);
    blob_free(&b);
    assert_false(read_file("f", 4, &b));
    assert_non_null(strstr(problem.text, "too long"));
    assert_null(b.data);
}

static void long_files_are_read(void **state)
{
    (void)state;
    size_t size = (3u << 20) + 17;
    char *text = malloc(size);
    struct blob b;
    for (size_t i = 0; i < size; i++)
        text[i] = (char)(i * 31 >> 3);
    put_file("f", text, size);
    assert_true(read_file("f", 1u << 30, &b));
    assert_int_equal(b.size, size);
    assert_memory_equal(b.data, text, size);
    blob_free(&b);
    free(text);
}

static void bad_files_are_named(void **state)
{
    (void)state;
    struct blob b;
    put_file("empty", "", 0);
    assert_false(read_file("empty", 10, &b));
    assert_non_null(strstr(problem.text, "the file is empty"));
    assert_false(read_file("absent", 10, &b));
    assert_non_null(strstr(problem.text, "No such file"));
    assert_false(read_file(".", 10, &b));
    assert_non_null(strstr(problem.text, "directory"));
    assert_false(input_read("/dev/zero", "initrd", 10, "too long", &b, &problem));
    assert_non_null(strstr(problem.text, "neither a regular file nor a pipe"));
    assert_int_equal(problem.status, EXIT_BAD_INPUT);
}

/* Starts "sh -c SCRIPT" with IN, OUT as its descriptors 0 and 1. */
static pid_t start_sh(const char *script, int in, int out)
{
    struct command c = {0};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct command_place place = {.directory = dir.path,
                                  .in = in >= 0 ? in : null,
                                  .out = out >= 0 ? out : null,
                                  .err = null,
                                  .keep = {-1, -1},
                                  .max_file = 1 << 20};
    command_add(&c, "sh");
    command_add(&c, "-c");
    command_add(&c, "%s", script);
    pid_t child = command_start(&c, &place, &problem);
    command_free(&c);
    close(null);
    return child;
}

static void pipes_are_bounded(void **state)
{
    (void)state;
    struct blob b;
    char path[TEMPDIR_PATH_MAX];
    tempdir_path(&dir, "pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    int keep = open(path, O_RDWR | O_CLOEXEC); /* so that the reader never sees "nobody writes" */
    pid_t child = start_sh("exec yes >pipe", -1, -1);
    assert_true(child > 0);
    assert_false(read_file("pipe", 3u << 20, &b));
    assert_non_null(strstr(problem.text, "too long"));
    command_kill(child);
    close(keep);
}

static void programs_that_are_not_there(void **state)
{
    (void)state;
    struct command c = {0};
    struct command_place place = {
        .directory = dir.path, .in = 0, .out = 1, .err = 2, .keep = {-1, -1}};
    assert_true(command_exists("sh", "dash", &problem));
    assert_false(command_exists("no-such-program", "a-package", &problem));
    assert_non_null(strstr(problem.text, "apt install a-package"));
    assert_int_equal(problem.status, EXIT_HOST_TROUBLE);
    command_add(&c, "no-such-program");
    assert_int_equal(command_start(&c, &place, &problem), -1);
    assert_non_null(strstr(problem.text, "No such file"));
    command_free(&c);
}

/* Children of children die too. */
static void kill_takes_the_whole_group(void **state)
{
    (void)state;
    int out[2];
    char byte;
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t child = start_sh("sleep 600 & sleep 600 & echo; wait", -1, out[1]);
    close(out[1]);
    assert_int_equal(read(out[0], &byte, 1), 1);
    command_kill(child);
    assert_int_equal(read(out[0], &byte, 1), 0); /* the last holder of the other end is gone */
    close(out[0]);
}

static void standard_error_and_size_limit(void **state)
{
    (void)state;
    struct stat st;
    char path[TEMPDIR_PATH_MAX];
    int status;
    pid_t child = start_sh("dd if=/dev/zero of=big bs=65536 count=32; exit 9", -1, -1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 9);
    tempdir_path(&dir, "big", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 1 << 20);
}

struct wires {
    int guest[2]; /* ours, the child's */
    int user[2];  /* what the relay writes comes out of [0] */
};

static void connect_wires(struct wires *w)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->guest), 0);
    assert_int_equal(pipe2(w->user, O_CLOEXEC), 0);
    fcntl(w->guest[0], F_SETFL, O_NONBLOCK);
}

static enum relay_end run(const struct wires *w, const char *script, int in, uint64_t deadline,
                          int *signal, int *status)
{
    pid_t child = start_sh(script, w->guest[1], w->guest[1]);
    close(w->guest[1]);
    struct relay r = {.child = child,
                      .control = -1,
                      .guest = w->guest[0],
                      .in = in,
                      .out = w->user[1],
                      .signals = signals,
                      .deadline = deadline};
    enum relay_end how = relay_run(&r, signal, status);
    if (how != RELAY_CHILD_ENDED)
        command_kill(child);
    return how;
}

static void disconnect(const struct wires *w)
{
    close(w->guest[0]);
    close(w->user[0]);
    close(w->user[1]);
}

static void output_is_passed_to_the_last_byte(void **state)
{
    (void)state;
    struct wires w;
    int signal, status;
    char text[64] = "";
    connect_wires(&w);
    assert_int_equal(run(&w, "printf hello; exit 7", -1, 0, &signal, &status), RELAY_CHILD_ENDED);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(read(w.user[0], text, sizeof text), 5);
    assert_string_equal(text, "hello");
    disconnect(&w);
}

static void input_is_passed(void **state)
{
    (void)state;
    struct wires w;
    int signal, status, in[2];
    char text[64] = "";
    connect_wires(&w);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(write(in[1], "one\ntwo\n\001x", 10), 10);
    close(in[1]); /* the end of the input is not the end of the run, nor is Ctrl-A x a chord here */
    assert_int_equal(
        run(&w, "read a; read b; sleep 0.2; printf \"$b $a\"", in[0], 0, &signal, &status),
        RELAY_CHILD_ENDED);
    assert_int_equal(read(w.user[0], text, sizeof text), 7);
    assert_string_equal(text, "two one");
    close(in[0]);
    disconnect(&w);
}

static void time_runs_out(void **state)
{
    (void)state;
    struct wires w;
    int signal, status;
    uint64_t begin = relay_now();
    connect_wires(&w);
    assert_int_equal(run(&w, "exec sleep 600", -1, begin + 300, &signal, &status), RELAY_TIMEOUT);
    assert_in_range(relay_now() - begin, 300, 60000);
    disconnect(&w);
}

/* A reader that does not read must not keep the time-out from coming. */
static void time_runs_out_while_output_is_stuck(void **state)
{
    (void)state;
    struct wires w;
    int signal, status;
    connect_wires(&w);
    assert_int_equal(run(&w, "exec yes", -1, relay_now() + 300, &signal, &status), RELAY_TIMEOUT);
    disconnect(&w);
}

static void signals_end_it(void **state)
{
    (void)state;
    struct wires w;
    int signal, status;
    connect_wires(&w);
    assert_int_equal(run(&w, "kill -TERM $PPID; exec sleep 600", -1, 0, &signal, &status),
                     RELAY_SIGNAL);
    assert_int_equal(signal, SIGTERM);
    disconnect(&w);
}

static void lost_readers_are_noticed(void **state)
{
    (void)state;
    struct wires w;
    int error, status;
    connect_wires(&w);
    close(w.user[0]);
    assert_int_equal(run(&w, "exec yes", -1, 0, &error, &status), RELAY_OUTPUT_LOST);
    assert_int_equal(error, EPIPE);
    close(w.guest[0]);
    close(w.user[1]);
}

/* The child may be gone before the wait begins. */
static void early_ends_are_seen(void **state)
{
    (void)state;
    int signal, status;
    pid_t child = start_sh("exit 3", -1, -1);
    usleep(200000);
    struct relay r = {
        .child = child, .guest = -1, .control = -1, .in = -1, .out = -1, .signals = signals};
    assert_int_equal(relay_run(&r, &signal, &status), RELAY_CHILD_ENDED);
    assert_int_equal(WEXITSTATUS(status), 3);
}

static void directories_vanish(void **state)
{
    (void)state;
    char path[TEMPDIR_PATH_MAX];
    struct tempdir other;
    struct stat st;
    char *text;
    put_file("f", "a\0b", 3);
    text = tempdir_read_tail(&dir, "f", 100);
    assert_string_equal(text, "a?b");
    free(text);
    text = tempdir_read_tail(&dir, "f", 1);
    assert_string_equal(text, "b");
    free(text);
    text = tempdir_read_tail(&dir, "absent", 1);
    assert_string_equal(text, "");
    free(text);
    tempdir_path(&dir, "sub", path);
    assert_int_equal(mkdir(path, 0700), 0);
    put_file("sub/g", "", 0);
    assert_true(tempdir_create(&other, &problem));
    tempdir_path(&dir, "sub/link", path);
    assert_int_equal(symlink(other.path, path), 0);
    strcpy(path, dir.path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    tempdir_remove(&dir);
    assert_int_equal(stat(path, &st), -1);
    assert_int_equal(stat(other.path, &st), 0); /* links are removed, not followed */
    tempdir_remove(&other);
}

static void files_without_names(void **state)
{
    (void)state;
    struct tempdir d;
    int fds[TEMPDIR_NAMELESS_MAX];
    static const char *const names[] = {"a", "b", "c", "d"};
    tempdir_create_nameless(&d);
    assert_int_equal(tempdir_file(&d, "a"), -1);
    for (unsigned i = 0; i < TEMPDIR_NAMELESS_MAX; i++) {
        fds[i] = tempdir_create_file(&d, names[i], &problem);
        assert_true(fds[i] >= 0);
        assert_int_equal(write(fds[i], names[i], 1), 1);
    }
    assert_int_equal(tempdir_create_file(&d, "e", &problem), -1);
    char *text = tempdir_read_tail(&d, "c", 10);
    assert_string_equal(text, "c");
    free(text);
    text = tempdir_read_tail(&d, "e", 10);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(write(fds[1], "x", 1), 1); /* reading has moved nothing */
    struct stat st;
    assert_int_equal(fstat(tempdir_file(&d, "b"), &st), 0);
    assert_int_equal(st.st_size, 2);
    assert_int_equal(st.st_nlink, 0);
    tempdir_remove(&d);
    for (unsigned i = 0; i < TEMPDIR_NAMELESS_MAX; i++)
        close(fds[i]);
}

static int group_start(void **state)
{
    (void)state;
    signals = relay_signals(&problem);
    return signals >= 0 ? 0 : -1;
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(files_are_read),
        T(long_files_are_read),
        T(bad_files_are_named),
        T(pipes_are_bounded),
        T(programs_that_are_not_there),
        T(kill_takes_the_whole_group),
        T(standard_error_and_size_limit),
        T(output_is_passed_to_the_last_byte),
        T(input_is_passed),
        T(time_runs_out),
        T(time_runs_out_while_output_is_stuck),
        T(signals_end_it),
        T(lost_readers_are_noticed),
        T(early_ends_are_seen),
        T(directories_vanish),
        T(files_without_names),
    };
    return cmocka_run_group_tests(tests, group_start, NULL);
}
