/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Programs that compute for seconds, to hold a host's user code against the same bytes run
 * natively. Without arguments it runs those of its own, work.c's and tests/bench/native/'s; as
 *   ring1-compute NAME TURNS FILE PROGRAM ARGUMENT...
 * it executes PROGRAM so many times with FILE as its output, which PROGRAM may also write by
 * itself. A line each: "bench compute-NAME MICROSECONDS CHECKSUM", for programs that of FILE.
 */
#include "tests/bench/compute/work.h"
#include "tests/bench/native/programs.h"

const char *const program = "compute";

static void report(const char *name, uint64_t ns, uint32_t sum)
{
    put_text("bench compute-");
    for (; *name; name++)
        put(*name == ' ' ? '-' : *name);
    put(' ');
    put_number((uint32_t)((double)(int64_t)ns / 1e3));
    put(' ');
    put_number(sum);
    end_line();
}

static void run(const char *name, uint32_t (*work)(uint32_t), uint32_t size, uint32_t turns)
{
    uint32_t sum = 0;
    uint64_t start = now_ns();
    while (turns--)
        sum = sum * 31 + work(size);
    report(name, now_ns() - start, sum);
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* All, if ONLY is NULL. */
static void run_own(const char *only)
{
    /* The size of each row is for some 50 ms; two seconds and more are these many. */
    static const uint8_t turns[PROGRAMS_COUNT] = {100, 65, 110, 110, 55, 140, 60, 90, 60};
    for (unsigned i = 0; i < PROGRAMS_COUNT; i++) {
        const struct program_row *r = &programs_header.row[i];
        if (!only || same(r->name, only))
            run(r->name, (uint32_t(*)(uint32_t))r->run, r->large, turns[i]);
    }
    for (const struct work *w = works; w->name; w++) {
        if (!only || same(w->name, only))
            run(w->name, w->run, w->size, 1);
    }
}

/* ---- Programs of others ---------------------------------------------------------------------- */

static uint32_t sum_of(const char *file)
{
    static uint8_t piece[65536];
    uint32_t sum = 2166136261u;
    long got, fd = must(call3(SYS_OPEN, (long)file, O_RDONLY, 0), file);
    while ((got = must(call3(SYS_READ, fd, (long)piece, sizeof piece), file)) > 0) {
        for (long i = 0; i < got; i++)
            sum = (sum ^ piece[i]) * 16777619u;
    }
    call3(SYS_CLOSE, fd, 0, 0);
    return sum;
}

static void execute(const char *file, char **argv, char **envp)
{
    int status = 0;
    long child = must(call0(SYS_FORK), "fork");
    if (!child) {
        call3(SYS_CLOSE, 1, 0, 0);
        must(call3(SYS_OPEN, (long)file, O_WRONLY | O_CREAT | O_TRUNC, 0600), file);
        must(call3(SYS_EXECVE, (long)argv[0], (long)argv, (long)envp), argv[0]);
    }
    must(call3(SYS_WAITPID, child, (long)&status, 0), "waitpid");
    must(status == 0 ? 0 : -1, argv[0]);
}

static void run_program(char **argv, char **envp)
{
    uint32_t turns = number(argv[2]);
    uint64_t start = now_ns();
    while (turns--)
        execute(argv[3], argv + 4, envp);
    uint64_t took = now_ns() - start;
    report(argv[1], took, sum_of(argv[3]));
}

int guest_main(char **stack)
{
    long argc = (long)stack[0];
    if (argc > 4)
        run_program(stack + 1, stack + argc + 2);
    else
        run_own(argc > 1 ? stack[2] : 0);
    return 0;
}
