/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of the laboratory's tools, and the way from the command line to one of them.
 */
#include "tools/lab/lab.h"

#include "tools/lab/profile/profile.h"

#include <stdio.h>
#include <string.h>

#include "tools/lab/blocks/blocks.h"
#include "tools/lab/hole/hole.h"
#include "tools/lab/step/step.h"

static const struct {
    const char *name, *program; /* "ring1 lab NAME" */
    const char *summary;
    lab_run *run;
} tools[] = {
    {"blocks", "ring1 lab blocks", "guest code beside its translation, and why it is so",
     blocks_run},
    {"hole", "ring1 lab hole",
     "what sensitive instructions do in rings 0, 1 and 3, and under Ring1", hole_run_tool},
    {"profile", "ring1 lab profile", "where a guest's time goes, as a page and as JSON",
     lab_profile},
    {"step", "ring1 lab step", "a guest under two engines in lock step, to their first difference",
     step_run},
    {NULL, NULL, NULL, NULL},
};

static void print_usage(void)
{
    printf("Usage: ring1 lab TOOL [ARGUMENT...]\n"
           "Shows how Ring1 and the CPU below it work.\n\n");
    for (unsigned i = 0; tools[i].name; i++)
        printf("  %-8s %s\n", tools[i].name, tools[i].summary);
    printf("\n`ring1 lab TOOL --help' lists the options of a tool.\n");
}

bool action_lab(const struct options *o, struct outcome *out, struct problem *p)
{
    const char *name = o->lab_argc > 1 ? o->lab_argv[1] : NULL;
    if (!name)
        return problem_bad(p, "no tool given; `ring1 lab --help' lists them");
    if (strcmp(name, "--help") == 0 || strcmp(name, "-?") == 0) {
        print_usage();
        out->status = 0;
        return true;
    }
    for (unsigned i = 0; tools[i].name; i++) {
        if (strcmp(name, tools[i].name) == 0) {
            o->lab_argv[1] = (char *)tools[i].program;
            return tools[i].run(o->lab_argc - 1, o->lab_argv + 1, out, p);
        }
    }
    return problem_bad(p, "lab %s: no such tool; `ring1 lab --help' lists them", name);
}
