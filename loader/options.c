/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * glibc's argp, once for the program and once for its command "run".
 */
#include "loader/options.h"

#include "loader/number.h"

#include <argp.h>
#include <errno.h>
#include <string.h>

#define DEFAULT_MEMORY_MIB 256u

const char *argp_program_version = "ring1 0.1";

enum key {
    KEY_ON = 256,
    KEY_MEMORY,
    KEY_INITRD,
    KEY_APPEND,
    KEY_CONSOLE,
    KEY_SCREEN,
    KEY_ENGINE,
    KEY_STATS,
    KEY_COUNT,
    KEY_TIMEOUT,
    KEY_HOST_ARGS,
    KEY_VERBOSE,
};

/* clang-format off */
#define EXIT_TEXT \
    "Exit status:\n" \
    "  0  the guest switched itself off or reset, or you left with Ctrl-A x\n" \
    "  2  bad arguments, kernel or initrd\n" \
    "  3  trouble on this side: emulator missing, out of memory, a bug in the monitor\n" \
    "  4  the guest halted with interrupts off: nothing can wake it\n" \
    "  5  the guest was killed: triple fault, or something Ring1 cannot run\n" \
    "  6  --timeout ran out\n" \
    "A signal ends ring1 as it ends other programs, after the emulator has been stopped.\n"

static const char ring1_doc[] =
    "Runs 32-bit x86 operating systems on machines without VT-x or SVM."
    "\vCommands:\n"
    "  run    boot a kernel; `ring1 run --help' lists its options\n"
    "\n"
    "Examples:\n"
    "  ring1 run --initrd initrd.img --append console=ttyS0 vmlinuz\n"
    "        boot Linux with its console on this terminal; leave with Ctrl-A x\n"
    "  ring1 run --memory 64M --console out.txt --timeout 60 toy.elf\n"
    "        boot a multiboot or ELF kernel, its output to a file, for a minute at most\n"
    "  ring1 run --on bochs --engine interp --stats vmlinuz\n"
    "        the same monitor on Bochs, everything interpreted, counters at the end\n"
    "\n" EXIT_TEXT;

static const char run_doc[] =
    "Boots KERNEL, a 32-bit Linux bzImage, a multiboot kernel or an i386 ELF file, under the "
    "Ring1 monitor."
    "\vThe guest's serial port COM1 is its console. On a terminal, Ctrl-A x leaves, Ctrl-A s "
    "writes the file of --screen, Ctrl-A h shows help and Ctrl-A Ctrl-A sends one Ctrl-A.\n\n"
    "The monitor's image ring1.elf is taken from $RING1_MONITOR, else from beside ring1, else "
    "from ../lib/ring1. Files of the run live in a private directory under $TMPDIR.\n\n"
    EXIT_TEXT;

static const struct argp_option run_options[] = {
    {"on", KEY_ON, "HOST", 0, "The machine under the monitor: qemu (default) or bochs", 1},
    {"memory", KEY_MEMORY, "SIZE", 0, "Guest memory, 16M to 2G; default 256M; without suffix MiB", 1},
    {"initrd", KEY_INITRD, "FILE", 0, "Initial RAM disk, or module of a multiboot kernel", 1},
    {"append", KEY_APPEND, "STRING", 0, "The kernel's command line", 1},
    {"engine", KEY_ENGINE, "ENGINE", 0, "How guest kernel code runs: auto (default), interp or translate", 1},
    {"console", KEY_CONSOLE, "FILE", 0, "Console output to FILE and no input; default is stdio", 2},
    {"screen", KEY_SCREEN, "FILE", 0, "The guest's text screen to FILE at the end, and on Ctrl-A s", 2},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "Stop after this time", 2},
    {"stats", KEY_STATS, 0, 0, "Print the monitor's counters at the end", 2},
    {"count", KEY_COUNT, 0, 0, "As --stats, and count the guest instructions run from the cache (slower)", 2},
    {"verbose", KEY_VERBOSE, 0, 0, "Print the monitor's whole log at the end", 2},
    {"host-args", KEY_HOST_ARGS, "ARGS", 0, "More arguments for the emulator, quoted as in a shell", 2},
    {0},
};
/* clang-format on */

struct parse {
    struct options *o;
    struct problem *p;
    int rest; /* of argv, from the command's name on; 0: no command yet */
};

static bool parse_on(const char *text, struct options *o, struct problem *p)
{
    o->on = emulator_find(text);
    return o->on || problem_bad(p, "--on %s: no such host; it is qemu or bochs", text);
}

static bool parse_engine(const char *text, struct options *o, struct problem *p)
{
    static const char *const names[] = {
        [PLAN_AUTO] = "auto", [PLAN_INTERP] = "interp", [PLAN_TRANSLATE] = "translate"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            o->engine = (enum plan_engine)i;
            return true;
        }
    }
    return problem_bad(p, "--engine %s: no such engine; it is auto, interp or translate", text);
}

static bool parse_kernel(const char *text, struct options *o, struct problem *p)
{
    if (o->kernel)
        return problem_bad(p, "%s: only one kernel can be run, and %s was given before", text,
                           o->kernel);
    o->kernel = text;
    return true;
}

static bool no_kernel(struct problem *p)
{
    return problem_bad(p, "no kernel given; write `ring1 run KERNEL', or see `ring1 run --help'");
}

static bool check_end(const struct options *o, struct problem *p)
{
    return o->kernel || no_kernel(p);
}

static error_t run_option(int key, char *arg, struct argp_state *state)
{
    struct parse *parse = state->input;
    struct options *o = parse->o;
    struct problem *p = parse->p;
    bool ok = true;
    switch (key) {
    case KEY_ON:
        ok = parse_on(arg, o, p);
        break;
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
    case KEY_SCREEN:
        o->screen = arg;
        break;
    case KEY_ENGINE:
        ok = parse_engine(arg, o, p);
        break;
    case KEY_STATS:
        o->stats = true;
        break;
    case KEY_COUNT:
        o->stats = o->count = true;
        break;
    case KEY_TIMEOUT:
        ok = number_seconds(arg, &o->timeout, p);
        break;
    case KEY_HOST_ARGS:
        o->host_args = arg;
        break;
    case KEY_VERBOSE:
        o->verbose = true;
        break;
    case ARGP_KEY_ARG:
        ok = parse_kernel(arg, o, p);
        break;
    case ARGP_KEY_END:
        ok = check_end(o, p);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return ok ? 0 : EINVAL;
}

static error_t ring1_option(int key, char *arg, struct argp_state *state)
{
    struct parse *parse = state->input;
    if (key == ARGP_KEY_END && !parse->rest) {
        problem_bad(parse->p, "no command given; write `ring1 run KERNEL', or see `ring1 --help'");
        return EINVAL;
    }
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (strcmp(arg, "run") != 0) {
        problem_bad(parse->p,
                    "%s: no such command; write `ring1 run KERNEL', or see `ring1 --help'", arg);
        return EINVAL;
    }
    parse->rest = state->next - 1; /* what follows is the command's own */
    state->next = state->argc;
    return 0;
}

bool options_parse(int argc, char **argv, struct options *o, struct problem *p)
{
    static const struct argp ring1 = {
        .parser = ring1_option, .args_doc = "COMMAND [ARGUMENT...]", .doc = ring1_doc};
    static const struct argp run = {
        .options = run_options, .parser = run_option, .args_doc = "KERNEL", .doc = run_doc};
    static char run_name[] = "ring1 run";
    struct parse parse = {o, p, 0};
    *o = (struct options){
        .append = "",
        .host_args = "",
        .on = emulator_default(),
        .memory_mib = DEFAULT_MEMORY_MIB,
    };
    argp_err_exit_status = EXIT_BAD_INPUT;
    if (argp_parse(&ring1, argc, argv, ARGP_IN_ORDER, NULL, &parse) != 0)
        return false;
    argv[parse.rest] = run_name;
    return argp_parse(&run, argc - parse.rest, argv + parse.rest, 0, NULL, &parse) == 0;
}
