/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The process host: no emulator at all. The machine is this program once more, started with a name
 * that is no command of ring1's. The plan is its standard input, the log its standard output, and
 * its serial ports are sockets that it inherits.
 */
#include "loader/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader/emulator.h"
#include "loader/verdict.h"
#include "monitor/process/process.h"

#define SELF       "/proc/self/exe"
#define NAME       "ring1-machine"
#define UNCONFINED "unconfined"

static bool check(struct problem *p)
{
    (void)p;
    return true;
}

static bool prepare(const struct launch *l, struct command *tool, struct problem *p)
{
    (void)l, (void)tool, (void)p;
    return true;
}

static void arguments(const struct launch *l, struct command *c)
{
    command_add(c, "%s", SELF);
    command_add(c, "%s", NAME);
    command_add(c, "%d", l->port[PORT_CONSOLE].fd);
    command_add(c, "%d", l->port[PORT_CONTROL].fd);
    command_add(c, "%d", l->port[PORT_DEBUG].fd);
    command_add(c, "%s", l->unconfined ? UNCONFINED : "confined");
    command_add(c, "%d", l->net);
    for (unsigned i = 0; l->disks && i < l->disks->count; i++)
        command_add(c, "%d", l->disks->file[i].fd);
}

const struct emulator emulator_process = {
    .name = "process",
    .title = "a Linux process",
    .place = "in a Linux process",
    .log_is_output = true,
    .own_disks = true,
    .net = NET_FRAMES,
    .no_image = true,
    .check = check,
    .prepare = prepare,
    .arguments = arguments,
};

static _Noreturn void cannot(const char *what)
{
    perror(what);
    exit(EXIT_HOST_TROUBLE);
}

static const struct plan *map_plan(void)
{
    struct stat st;
    if (fstat(STDIN_FILENO, &st) != 0)
        cannot("the boot plan");
    void *plan = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
    if (plan == MAP_FAILED)
        cannot("the boot plan");
    close(STDIN_FILENO);
    return plan;
}

/* What the log said comes out of FD; a child that is killed says nothing. */
static bool judge_try(int fd, struct problem *p)
{
    char log[2000] = "";
    size_t size = 0;
    ssize_t n;
    struct verdict v;
    while (size < sizeof log - 1 && (n = read(fd, log + size, sizeof log - 1 - size)) > 0)
        size += (size_t)n;
    if (!verdict_find(log, &v))
        return problem_host(p, "the system ends a process that tries");
    return v.status == EXIT_GUEST_OFF || problem_host(p, "%s", v.reason);
}

bool process_possible(struct problem *p)
{
    int ends[2];
    if (pipe(ends) != 0)
        return problem_host(p, "cannot make a pipe");
    pid_t child = fork();
    if (child == 0)
        process_try(&(struct process_io){
            .console = -1, .control = -1, .debug = -1, .log = ends[1], .net = -1});
    close(ends[1]);
    bool ok = child > 0 ? judge_try(ends[0], p) : problem_host(p, "cannot make a process");
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return ok;
}

/* Are there where the program was built with sanitizers, or counts its coverage: reports and counts
 * need more system calls than the filter leaves. */
const char *__asan_default_options(void) __attribute__((weak));
void __gcov_dump(void) __attribute__((weak));

bool process_is_machine(int argc, char **argv)
{
    return argc >= 7 && argc <= 7 + (int)PLAN_DISKS && strcmp(argv[1], NAME) == 0;
}

_Noreturn void process_machine(char **argv)
{
    struct process_io io = {
        .console = atoi(argv[2]),
        .control = atoi(argv[3]),
        .debug = atoi(argv[4]),
        .log = STDOUT_FILENO,
        .net = atoi(argv[6]),
        .unconfined = strcmp(argv[5], UNCONFINED) == 0 || __asan_default_options || __gcov_dump,
    };
    for (char **disk = argv + 7; *disk; disk++)
        io.disk[io.disks++] = atoi(*disk);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* for unconfined ones, too */
    process_run(map_plan(), &io);
}
