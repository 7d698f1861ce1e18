/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1: the command line is read, the command's action is called, and its outcome becomes the
 * end of this program.
 */
#include "loader/action.h"
#include "loader/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static bool (*const actions[])(const struct options *, struct outcome *, struct problem *) = {
    [COMMAND_RUN] = action_run,         [COMMAND_IMAGE] = action_image,
    [COMMAND_INSPECT] = action_inspect, [COMMAND_CHECK] = action_check,
    [COMMAND_PATCH] = action_patch,     [COMMAND_LAB] = action_lab,
};

/* Standard descriptors that were closed would be given to files of ours. */
static void open_standard_files(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

/* Ends by the signal that ended the run, so that the caller sees which it was. */
static void end_by_signal(int number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    signal(number, SIG_DFL);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
    static struct options o;
    struct problem p = {EXIT_HOST_TROUBLE, ""};
    struct outcome out = {.status = EXIT_HOST_TROUBLE};
    if (process_is_machine(argc, argv))
        process_machine(argv);
    open_standard_files();
    if (!options_parse(argc, argv, &o, &p) || !actions[o.command](&o, &out, &p)) {
        fprintf(stderr, "ring1: %s\n", p.text);
        out.status = (int)p.status;
    }
    if (out.signal)
        end_by_signal(out.signal);
    return out.status;
}
