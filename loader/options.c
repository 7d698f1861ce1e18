/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * glibc's argp, once for the program and once for its command. One parser serves all commands:
 * which options reach it is decided by the tables of usage.c.
 */
#include "loader/options.h"

#include "loader/number.h"
#include "loader/usage.h"

#include <errno.h>
#include <string.h>

#define DEFAULT_MEMORY_MIB 256u

const char *argp_program_version = "ring1 0.1";

static bool parse_on(const char *text, struct options *o, struct problem *p)
{
    o->on = emulator_find(text);
    return o->on || problem_bad(p, "--on %s: no such host; it is qemu, bochs or process", text);
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

/* The bits that the first LENGTH bytes of NAME stand for; 0: no such thing to trace. */
static uint32_t trace_bits(const char *name, size_t length)
{
    static const char *const names[PLAN_TRACE_COUNT] = {
#define X(id, name, text) [PLAN_TRACE_##id] = name,
        PLAN_TRACES(X)
#undef X
    };
    if (length == 3 && memcmp(name, "all", 3) == 0)
        return (1u << PLAN_TRACE_COUNT) - 1;
    for (unsigned i = 0; i < PLAN_TRACE_COUNT; i++) {
        if (strlen(names[i]) == length && memcmp(name, names[i], length) == 0)
            return 1u << i;
    }
    return 0;
}

static bool parse_trace(const char *text, struct options *o, struct problem *p)
{
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        uint32_t bits = trace_bits(at, length);
        if (!bits)
            return problem_bad(p,
                               "--trace %s: no `%.*s' to trace; it is exits, blocks, shadow, irq, "
                               "io, inject or all",
                               text, (int)(length < 40 ? length : 40), at);
        o->trace |= bits;
        at += length;
        if (!*at)
            return true;
    }
}

static bool parse_kernel(const char *text, struct options *o, struct problem *p)
{
    if (!usage_commands[o->command].args)
        return problem_bad(p, "%s: `ring1 %s' takes options only", text,
                           usage_commands[o->command].name);
    if (o->kernel)
        return problem_bad(p, "%s: only one kernel can be given, and %s was given before", text,
                           o->kernel);
    o->kernel = text;
    return true;
}

static bool parse_net(const char *text, struct options *o, struct problem *p)
{
    o->net = strcmp(text, "user") == 0;
    return o->net || strcmp(text, "none") == 0 ||
           problem_bad(p, "--net %s: no such network; it is user or none", text);
}

static bool parse_virtio(const char *text, struct options *o, struct problem *p)
{
    o->mmio = strcmp(text, "mmio") == 0;
    return o->mmio || strcmp(text, "pci") == 0 ||
           problem_bad(p, "--virtio %s: no such place for devices; it is pci or mmio", text);
}

static bool parse_disk(char *text, struct options *o, struct problem *p)
{
    if (o->disks == PLAN_DISKS)
        return problem_bad(p, "--disk %s: a guest has at most %u disks", text, PLAN_DISKS);
    return disk_choice_parse(text, &o->disk[o->disks++], p);
}

static bool check_end(const struct options_parse *parse)
{
    const struct options *o = parse->o;
    struct problem *p = parse->p;
    const struct usage_command *c = &usage_commands[o->command];
    const char *program = parse->program ? parse->program : c->program;
    if (c->args && !o->kernel && !parse->no_kernel)
        return problem_bad(p, "no kernel given; write `%s KERNEL', or see `%s --help'", program,
                           program);
    if (o->trace_file && !o->trace)
        return problem_bad(p, "--trace-file %s: nothing is traced; say what with --trace",
                           o->trace_file);
    if (o->perf_map && o->on != &emulator_process)
        return problem_bad(p, "--perf-map: only with --on process, where the guest's code is in a "
                              "process of its own");
    if (o->no_confine && !o->on->no_image)
        return problem_bad(p, "--no-confine: there is nothing to confine but with --on process");
    if (o->host_args[0] && o->on->no_image)
        return problem_bad(p, "--host-args %s: --on process has no emulator to take them",
                           o->host_args);
    if (o->net && o->on->net == NET_NONE)
        return problem_bad(p,
                           "--net user: %s has no network card that the monitor drives; "
                           "use --on qemu or --on process",
                           o->on->title);
    if (o->command == COMMAND_IMAGE && !o->output)
        return problem_bad(p, "no file to make was given; write `ring1 image -o FILE.iso KERNEL'");
    if (o->command == COMMAND_PATCH && !o->output)
        return problem_bad(p, "no file to make was given; write `ring1 patch -o FILE KERNEL'");
    return true;
}

/* What the machine is, of the options of `ring1 run' alone. */
static error_t machine_option(int key, char *arg, struct options *o, struct problem *p)
{
    switch (key) {
    case KEY_ON:
        return parse_on(arg, o, p) ? 0 : EINVAL;
    case KEY_DISK:
        return parse_disk(arg, o, p) ? 0 : EINVAL;
    case KEY_NET:
        return parse_net(arg, o, p) ? 0 : EINVAL;
    case KEY_VIRTIO:
        return parse_virtio(arg, o, p) ? 0 : EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ... and what is done with it. */
static error_t run_option(int key, char *arg, struct options *o, struct problem *p)
{
    bool ok = true;
    switch (key) {
    case KEY_CONSOLE:
        o->console = strcmp(arg, "stdio") == 0 ? NULL : arg;
        break;
    case KEY_SCREEN:
        o->screen = arg;
        break;
    case KEY_STATS:
        o->stats = true;
        break;
    case KEY_COUNT:
        o->stats = o->count = true;
        break;
    case KEY_TRACE:
        ok = parse_trace(arg, o, p);
        break;
    case KEY_TRACE_FILE:
        o->trace_file = arg;
        break;
    case KEY_TIMEOUT:
        ok = number_seconds(arg, &o->timeout, p);
        break;
    case KEY_GDB:
        ok = number_port(arg, &o->gdb_port, &o->gdb_nowait, p);
        break;
    case KEY_REPEAT:
        ok = number_runs(arg, &o->runs, p);
        break;
    case KEY_HOST_ARGS:
        o->host_args = arg;
        break;
    case KEY_NO_CONFINE:
        o->no_confine = true;
        break;
    case KEY_VERBOSE:
        o->verbose = true;
        break;
    case KEY_PERF_MAP:
        o->perf_map = true;
        break;
    case KEY_PROFILE:
        o->profile = arg;
        break;
    default:
        return machine_option(key, arg, o, p);
    }
    return ok ? 0 : EINVAL;
}

static error_t command_option(int key, char *arg, struct argp_state *state)
{
    struct options_parse *parse = state->input;
    struct options *o = parse->o;
    struct problem *p = parse->p;
    bool ok = true;
    switch (key) {
    case KEY_OUTPUT:
        o->output = arg;
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
    case KEY_ENGINE:
        ok = parse_engine(arg, o, p);
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_PORTABLE:
        o->portable = true;
        break;
    case KEY_ELF:
        o->elf = true;
        break;
    case ARGP_KEY_ARG:
        ok = parse_kernel(arg, o, p);
        break;
    case ARGP_KEY_END:
        ok = check_end(parse);
        break;
    default:
        return run_option(key, arg, o, p);
    }
    return ok ? 0 : EINVAL;
}

static bool find_command(const char *name, struct options *o)
{
    for (const struct usage_command *c = usage_commands; c < usage_commands_end; c++) {
        if (strcmp(name, c->name) == 0) {
            o->command = (enum command_name)(c - usage_commands);
            return true;
        }
    }
    return false;
}

static error_t ring1_option(int key, char *arg, struct argp_state *state)
{
    struct options_parse *parse = state->input;
    if (key == ARGP_KEY_END && !parse->rest) {
        problem_bad(parse->p, "no command given; write `ring1 run KERNEL', or see `ring1 --help'");
        return EINVAL;
    }
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (!find_command(arg, parse->o)) {
        problem_bad(parse->p, "%s: no such command; `ring1 --help' lists them", arg);
        return EINVAL;
    }
    parse->rest = state->next - 1; /* what follows is the command's own */
    state->next = state->argc;
    return 0;
}

void options_init(struct options *o)
{
    *o = (struct options){
        .append = "",
        .host_args = "",
        .on = emulator_default(),
        .memory_mib = DEFAULT_MEMORY_MIB,
        .profile_fd = -1,
        .runs = 1,
    };
}

const struct argp options_run_argp = {.options = usage_run_options, .parser = command_option};

bool options_parse(int argc, char **argv, struct options *o, struct problem *p)
{
    static const struct argp ring1 = {
        .parser = ring1_option, .args_doc = "COMMAND [ARGUMENT...]", .doc = usage_doc};
    struct options_parse parse = {.o = o, .p = p};
    options_init(o);
    argp_err_exit_status = EXIT_BAD_INPUT;
    if (argp_parse(&ring1, argc, argv, ARGP_IN_ORDER, NULL, &parse) != 0)
        return false;
    const struct usage_command *c = &usage_commands[o->command];
    if (o->command == COMMAND_LAB) { /* its tools parse their own */
        o->lab_argc = argc - parse.rest;
        o->lab_argv = argv + parse.rest;
        return true;
    }
    const struct argp command = {
        .options = c->options, .parser = command_option, .args_doc = c->args, .doc = c->doc};
    argv[parse.rest] = (char *)c->program;
    return argp_parse(&command, argc - parse.rest, argv + parse.rest, 0, NULL, &parse) == 0;
}
