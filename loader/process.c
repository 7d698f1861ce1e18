/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The process host: no emulator at all. The machine is this program once more, started with a name
 * that is no command of ring1's, in the run's own directory, as an emulator would be: it has the
 * plan and the log there, and its serial ports are sockets that it inherits.
 */
#include "loader/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/emulator.h"
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
    command_add(c, "%s", l->unconfined ? UNCONFINED : "confined");
}

const struct emulator emulator_process = {
    .name = "process",
    .title = "a Linux process",
    .place = "in a Linux process",
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
    int fd = open(FILE_PLAN, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        cannot(FILE_PLAN);
    void *plan = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (plan == MAP_FAILED)
        cannot(FILE_PLAN);
    close(fd);
    return plan;
}

bool process_is_machine(int argc, char **argv)
{
    return argc == 5 && strcmp(argv[1], NAME) == 0;
}

_Noreturn void process_machine(char **argv)
{
    struct process_io io = {
        .console = atoi(argv[2]),
        .control = atoi(argv[3]),
        .unconfined = strcmp(argv[4], UNCONFINED) == 0,
    };
    io.log = open(FILE_LOG, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (io.log < 0)
        cannot(FILE_LOG);
    process_run(map_plan(), &io);
}
