/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 lab step: a run of the process host in which the monitor has two VMs of the same guest and
 * compares them (monitor/lockstep.h). Here are the options alone; all else is as in `ring1 run'.
 */
#include "tools/lab/step/step.h"

#include <argp.h>
#include <errno.h>
#include <string.h>

#include "loader/number.h"

#define MEMORY_MIB 64u

enum key {
    KEY_MEMORY = 256,
    KEY_INITRD,
    KEY_APPEND,
    KEY_CONSOLE,
    KEY_TIMEOUT,
    KEY_EVERY_BLOCK,
    KEY_STATS,
    KEY_VERBOSE,
    KEY_NO_CONFINE,
};

/* clang-format off */
static const char doc[] =
    "Runs KERNEL twice at once, translated and interpreted, in a Linux process, and stops at the first "
    "difference between the two."
    "\vWhenever translated code stops (at an exit, a fault, or some thousand times a second), the interpreter "
    "executes as many instructions of its own copy of the guest, and all registers, the FPU's, the devices' "
    "next event and the pages that were written are compared; all of memory now and then, and at the end. All of "
    "the guest's code is covered, kernel and user code.\n\n"
    "Time is the number of instructions, 10 ns each, and interrupts enter both guests between the same two: a "
    "guest sees another pace than under `ring1 run', and no input. Flags that the manual leaves undefined, and what "
    "FXSAVE and its like store of the FPU's own pointers, are not compared.\n\n"
    "A difference is reported with both states and the last instructions. With --every-block it is found in the "
    "block where it arises, which is slow; `ring1 lab blocks --host process --count' shows that block.\n\n"
    "Examples:\n"
    "  ring1 lab step toy.elf\n"
    "  ring1 lab step --timeout 60 --append console=ttyS0 vmlinuz\n"
    "        Linux, for a minute: status 6 if there was no difference until then\n\n"
    "Exit status: as of `ring1 run', and\n"
    "  1  the two differ\n";

static const struct argp_option options[] = {
    {"memory", KEY_MEMORY, "SIZE", 0, "Guest memory, 16M to 3G, of which two are needed; default 64M", 1},
    {"initrd", KEY_INITRD, "FILE", 0, "Initial RAM disk, or module of a multiboot kernel", 1},
    {"append", KEY_APPEND, "STRING", 0, "The kernel's command line", 1},
    {"console", KEY_CONSOLE, "FILE", 0, "Console output to FILE; default is standard output", 2},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "Stop after this time", 2},
    {"every-block", KEY_EVERY_BLOCK, 0, 0, "Compare behind each block: none is connected to another", 2},
    {"stats", KEY_STATS, 0, 0, "Print the counters of the translating monitor at the end", 2},
    {"verbose", KEY_VERBOSE, 0, 0, "Print the monitor's whole log at the end", 2},
    {"no-confine", KEY_NO_CONFINE, 0, 0, "Without the filter of system calls", 2},
    {0},
};
/* clang-format on */

struct parse {
    struct options *o;
    struct problem *p;
};

static bool parse_kernel(const char *text, struct options *o, struct problem *p)
{
    if (o->kernel)
        return problem_bad(p, "%s: only one kernel can be given, and %s was given before", text,
                           o->kernel);
    o->kernel = text;
    return true;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct parse *parse = state->input;
    struct options *o = parse->o;
    struct problem *p = parse->p;
    bool ok = true;
    switch (key) {
    case KEY_MEMORY:
        ok = number_memory(arg, &o->memory_mib, p);
        break;
    case KEY_INITRD:
        o->initrd = arg;
        break;
    case KEY_APPEND:
        o->append = arg;
        break;
    case KEY_CONSOLE:
        o->console = strcmp(arg, "stdio") == 0 ? NULL : arg;
        break;
    case KEY_TIMEOUT:
        ok = number_seconds(arg, &o->timeout, p);
        break;
    case KEY_EVERY_BLOCK:
        o->alone = true;
        break;
    case KEY_STATS:
        o->stats = true;
        break;
    case KEY_VERBOSE:
        o->verbose = true;
        break;
    case KEY_NO_CONFINE:
        o->no_confine = true;
        break;
    case ARGP_KEY_ARG:
        ok = parse_kernel(arg, o, p);
        break;
    case ARGP_KEY_END:
        ok = o->kernel || problem_bad(p, "no kernel given; write `ring1 lab step KERNEL', or see "
                                         "`ring1 lab step --help'");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return ok ? 0 : EINVAL;
}

bool step_run(int argc, char **argv, struct outcome *out, struct problem *p)
{
    static const struct argp argp = {
        .options = options, .parser = parse_option, .args_doc = "KERNEL", .doc = doc};
    struct options o;
    options_init(&o);
    o.command = COMMAND_RUN;
    o.on = &emulator_process;
    o.memory_mib = MEMORY_MIB;
    o.engine = PLAN_TRANSLATE;
    o.lockstep = true;
    struct parse parse = {&o, p};
    return argp_parse(&argp, argc, argv, 0, NULL, &parse) == 0 && action_run(&o, out, p);
}
