/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * programs: random programs that tell by what they print whether a machine runs them right. The
 * same seed is always the same program; tests/programs.sh runs them on several machines and
 * compares.
 */
#include <argp.h>
#include <error.h>
#include <stdlib.h>
#include <string.h>

#include "tests/programs/image.h"
#include "tests/programs/reduce.h"

static const struct argp_option options[] = {
    {"runtime", 'r', "FILE", 0, "the runtime (build/programs/runtime.bin)", 0},
    {"output", 'o', "FILE", 0, "where the image goes", 0},
    {"direct", 'd', NULL, 0, "leave out what TCG does not check where user code runs directly", 0},
    {"verbose", 'v', NULL, 0, "the guest prints every record: registers and the sum behind it", 0},
    {"note", 'n', NULL, 0, "a record at every atom", 0},
    {"plant", 'p', "N", 0, "atom N, from 1 on, reads what differs between machines", 0},
    {"a", 'a', "COMMAND", 0, "for reduce: run as COMMAND IMAGE CONSOLE", 0},
    {"b", 'b', "COMMAND", 0, "and the machine to compare it with", 0},
    {0},
};

static const char usage[] = "make -o IMAGE SEED...\nlist SEED\nreduce -a COMMAND -b COMMAND SEED";
static const char doc[] =
    "Random programs that tell by what they print whether a machine runs them right.\v"
    "make writes a flat multiboot image with the programs of several seeds, list prints one, "
    "reduce looks for "
    "the smallest part of one about which two machines differ.\n\n"
    "  programs make -o image.bin 1 2 3 && ring1 run --on process image.bin\n"
    "  programs reduce -a 'bash tests/programs/run.sh build bochs:direct' \\\n"
    "      -b 'bash tests/programs/run.sh build process:auto' 29\n\n"
    "Exit status: 0; 1 reduce found a difference; 2 bad arguments; 3 trouble on this side.";

struct arguments {
    const char *runtime, *output, *a, *b;
    bool verbose;
    struct choice choice;
    const char *words[4096];
    uint32_t n;
};

static uint32_t number(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 0);
    if (*end || end == text || n > UINT32_MAX)
        error(2, 0, "%s: not a number", text);
    return (uint32_t)n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case 'r':
        a->runtime = arg;
        break;
    case 'o':
        a->output = arg;
        break;
    case 'a':
        a->a = arg;
        break;
    case 'b':
        a->b = arg;
        break;
    case 'd':
        a->choice.direct = true;
        break;
    case 'v':
        a->verbose = true;
        break;
    case 'n':
        a->choice.note = true;
        break;
    case 'p':
        a->choice.plant = number(arg);
        break;
    case ARGP_KEY_ARG:
        if (a->n == sizeof(a->words) / sizeof(a->words[0]))
            argp_error(state, "too many words");
        a->words[a->n++] = arg;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* make SEED[-SEED]...: an image of their programs. */
static void make(const struct arguments *a)
{
    struct image im;
    image_open(&im, a->runtime, a->verbose);
    for (uint32_t i = 1; i < a->n; i++) {
        struct choice c = a->choice;
        c.seed = number(a->words[i]);
        if (!image_add(&im, &c))
            error(2, 0, "%s: no room for so many programs in one image", a->words[i]);
    }
    image_close(&im, a->output);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options, .parser = parse, .args_doc = usage, .doc = doc};
    static struct arguments a = {.runtime = "build/programs/runtime.bin", .output = "programs.bin"};
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (a.n < 2)
        error(2, 0, "say what to do, and with which seeds; --help tells more");
    if (!strcmp(a.words[0], "make")) {
        make(&a);
        return 0;
    }
    a.choice.seed = number(a.words[1]);
    if (!strcmp(a.words[0], "list")) {
        program_list(&a.choice);
    } else if (!strcmp(a.words[0], "reduce") && a.a && a.b) {
        struct pair p = {a.runtime, {a.a, a.b}};
        return reduce(&p, &a.choice);
    } else {
        error(2, 0, "%s: no such command, or not all that it wants", a.words[0]);
    }
    return 0;
}
