/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * argp, and what goes with what.
 */
#include "tools/lab/hole/options.h"

#include "loader/number.h"

#include <argp.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_TIMEOUT 300u

enum { KEY_ON = 256, KEY_ISO, KEY_READ, KEY_HTML, KEY_JSON, KEY_TIMEOUT };

/* clang-format off */
static const struct argp_option table[] = {
    {"on", KEY_ON, "HOST", 0, "The machine: qemu (default), bochs, or process (bare on QEMU, Ring1 in a Linux process)", 1},
    {"iso", KEY_ISO, "FILE", 0, "Run nothing; make a CD image that boots the probe on a PC, bare or under Ring1", 1},
    {"read", KEY_READ, "FILE", 0, "Run nothing; take what such a PC sent on COM1 from FILE", 1},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "The longest that one run may take; default 300", 1},
    {"json", KEY_JSON, 0, 0, "Print JSON", 2},
    {"html", KEY_HTML, "FILE", 0, "Make a page to look at, and print nothing", 2},
    {0},
};

static const char doc[] =
    "Runs each sensitive instruction of the 32-bit x86 in rings 0, 1 and 3 of the bare machine, and once more as a "
    "guest of Ring1, and says what came of it: a trap, or what it did without one. With INSTRUCTION, all that is "
    "known of it."
    "\vINSTRUCTION is a name such as popf or a test's such as popf-iopl.\n\n"
    "Examples:\n"
    "  ring1 lab hole\n"
    "        all tests in a table\n"
    "  ring1 lab hole popf sgdt\n"
    "        these, with bytes, states and translation\n"
    "  ring1 lab hole --on bochs --html hole.html\n"
    "        a page, from Bochs\n"
    "  ring1 lab hole --iso hole.iso\n"
    "        boot this on a PC, both entries of its menu, and keep what it sends on COM1\n"
    "  ring1 lab hole --read serial.txt\n"
    "        what that PC's CPU does\n\n"
    "Exit status:\n"
    "  0  it ran, whatever it found\n"
    "  2  bad arguments, or a file that is no probe's output\n"
    "  3  trouble on this side: an emulator missing, a run that did not end\n";
/* clang-format on */

struct parse {
    struct hole_options *o;
    struct problem *p;
    bool on_given;
};

static bool starts_with(const char *label, const char *name)
{
    size_t n = strlen(name);
    return n && strncasecmp(label, name, n) == 0 && (label[n] == 0 || label[n] == ' ');
}

/* A test's id, or the first word or words of labels. */
static bool choose(struct hole_options *o, const char *name, struct problem *p)
{
    bool any = false;
    for (unsigned i = 0; i < HOLE_TESTS; i++) {
        if (strcasecmp(hole_table[i].id, name) == 0 || starts_with(hole_table[i].label, name))
            any = o->chosen[i] = true;
    }
    o->any_chosen = true;
    return any || problem_bad(p,
                              "lab hole %s: no such instruction among the tests; `ring1 lab hole' "
                              "lists them",
                              name);
}

static bool parse_on(struct parse *x, const char *arg)
{
    x->o->on = emulator_find(arg);
    x->on_given = true;
    return x->o->on ||
           problem_bad(x->p, "--on %s: no such host; it is qemu, bochs or process", arg);
}

static bool parse_read(struct hole_options *o, const char *arg, struct problem *p)
{
    if (o->reads == HOLE_READ_MAX)
        return problem_bad(p, "--read %s: at most %u files can be read", arg, HOLE_READ_MAX);
    o->read[o->reads++] = arg;
    return true;
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
    struct parse *x = state->input;
    bool ok = true;
    switch (key) {
    case KEY_ON:
        ok = parse_on(x, arg);
        break;
    case KEY_ISO:
        x->o->iso = arg;
        break;
    case KEY_READ:
        ok = parse_read(x->o, arg, x->p);
        break;
    case KEY_HTML:
        x->o->html = arg;
        break;
    case KEY_JSON:
        x->o->json = true;
        break;
    case KEY_TIMEOUT:
        ok = number_seconds(arg, &x->o->timeout, x->p);
        break;
    case ARGP_KEY_ARG:
        ok = choose(x->o, arg, x->p);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return ok ? 0 : EINVAL;
}

static bool fit_together(const struct parse *x)
{
    const struct hole_options *o = x->o;
    if (o->json && o->html)
        return problem_bad(x->p, "--json and --html: only one of them at a time");
    if (o->iso && (o->reads || o->json || o->html || o->any_chosen || x->on_given))
        return problem_bad(x->p, "--iso: it goes with no other option");
    if (o->reads && x->on_given)
        return problem_bad(x->p, "--read and --on: what is read was run elsewhere");
    return true;
}

bool hole_options_parse(int argc, char **argv, struct hole_options *o, struct problem *p)
{
    static const struct argp argp = {table, parse_one, "[INSTRUCTION...]", doc, NULL, NULL, NULL};
    struct parse x = {.o = o, .p = p};
    *o = (struct hole_options){.on = emulator_default(), .timeout = DEFAULT_TIMEOUT};
    if (argp_parse(&argp, argc, argv, 0, NULL, &x) != 0)
        return false;
    for (unsigned i = 0; !o->any_chosen && i < HOLE_TESTS; i++)
        o->chosen[i] = true;
    o->bare = o->on->no_image ? emulator_default() : o->on;
    return fit_together(&x);
}
