/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fork and exec with the care that an emulator on the user's terminal needs: a session of
 * its own (no terminal signal and no terminal access reach it), death with its parent, and
 * only the descriptors it is meant to have.
 */
#define _GNU_SOURCE /* vasprintf, pipe2 */
#include "loader/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void add(struct command *c, char *arg)
{
    if (!arg || c->count == COMMAND_MAX_ARGS) {
        c->too_many = true;
        free(arg);
        return;
    }
    c->arg[c->count++] = arg;
    c->arg[c->count] = NULL;
}

void command_add(struct command *c, const char *format, ...)
{
    char *arg = NULL;
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&arg, format, ap) < 0)
        arg = NULL;
    va_end(ap);
    add(c, arg);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Copies one word from *TEXT to OUT without its quotes. False: a quote is left open. */
static bool take_word(const char **text, char *out)
{
    const char *s = *text;
    char quote = 0;
    for (; *s && (quote || !is_blank(*s)); s++) {
        if (*s == quote) {
            quote = 0;
        } else if (!quote && (*s == '\'' || *s == '"')) {
            quote = *s;
        } else {
            if (*s == '\\' && quote != '\'' && s[1])
                s++;
            *out++ = *s;
        }
    }
    *out = 0;
    *text = s;
    return !quote;
}

bool command_add_words(struct command *c, const char *text, struct problem *p)
{
    for (;;) {
        while (is_blank(*text))
            text++;
        if (!*text)
            return true;
        char *word = malloc(strlen(text) + 1);
        if (word && !take_word(&text, word)) {
            free(word);
            return problem_bad(p, "--host-args: a quote is not closed");
        }
        add(c, word);
        if (c->too_many)
            return problem_bad(p, "--host-args: too many arguments");
    }
}

void command_free(struct command *c)
{
    for (unsigned i = 0; i < c->count; i++)
        free(c->arg[i]);
    *c = (struct command){0};
}

/* Is there an executable PROGRAM in the directory that stands at the start of LIST, up to ':'? */
static bool in_directory(const char *list, size_t length, const char *program)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%.*s/%s", (int)length, length ? list : ".", program);
    return n > 0 && (size_t)n < sizeof path && access(path, X_OK) == 0;
}

bool command_exists(const char *program, const char *package, struct problem *p)
{
    const char *list = getenv("PATH");
    if (!list)
        list = "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        size_t length = strcspn(list, ":");
        if (in_directory(list, length, program))
            return true;
        if (!list[length])
            break;
        list += length + 1;
    }
    return problem_host(p, "%s is not installed; on Debian: apt install %s", program, package);
}

bool command_file_exists(const char *path, const char *package, struct problem *p)
{
    if (access(path, R_OK) == 0)
        return true;
    return problem_host(p, "%s is not there; on Debian: apt install %s", path, package);
}

static void limit_files(unsigned long long bytes)
{
    struct rlimit limit = {bytes, bytes};
    signal(SIGXFSZ, SIG_IGN); /* a write beyond it then fails instead of killing the program */
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* In the child; what fails is reported through REPORT, which exec closes. */
static _Noreturn void become(const struct command *c, const struct command_place *place,
                             pid_t parent, int report)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    limit_files(place->max_file);
    for (unsigned i = 0; i < place->kept; i++) {
        if (place->keep[i] >= 0)
            fcntl(place->keep[i], F_SETFD, 0);
    }
    if (place->tmpdir)
        setenv("TMPDIR", place->tmpdir, 1);
    if (chdir(place->directory) == 0 && dup2(place->in, 0) == 0 && dup2(place->out, 1) == 1 &&
        dup2(place->err, 2) == 2)
        execvp(c->arg[0], c->arg);
    int error = errno;
    if (write(report, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

pid_t command_start(const struct command *c, const struct command_place *place, struct problem *p)
{
    int report[2], error = 0;
    if (c->too_many || pipe2(report, O_CLOEXEC) != 0) {
        problem_host(p, "cannot start %s: too many arguments or files", c->arg[0]);
        return -1;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(c, place, parent, report[1]);
    close(report[1]);
    if (pid < 0)
        error = errno;
    else if (read(report[0], &error, sizeof error) != (ssize_t)sizeof error)
        error = 0;
    close(report[0]);
    if (!error)
        return pid;
    if (pid > 0)
        waitpid(pid, NULL, 0);
    problem_host(p, "cannot start %s: %s", c->arg[0], strerror(error));
    return -1;
}

void command_kill(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
