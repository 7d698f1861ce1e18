/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * make bench-native: each program of the image natively and translated, in turn, on one CPU of
 * this machine; medians, ratios, goals; then the translator's own speed. Fails if results differ.
 * Times are of this thread's CPU time, so that other work on the machine disturbs less.
 */
#define _GNU_SOURCE
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/bt_image.h"

#define MAX_RUNS 99u

struct result {
    double native, translated; /* ms, medians */
    uint64_t exits;            /* of the last translated run */
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *v, unsigned n)
{
    qsort(v, n, sizeof *v, by_value);
    return v[n / 2];
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The last CPU that this process may use. */
static void stay_on_one_cpu(void)
{
    cpu_set_t may, one;
    int last = 0;
    sched_getaffinity(0, sizeof may, &may);
    for (int n = 0; n < CPU_SETSIZE; n++)
        last = CPU_ISSET(n, &may) ? n : last;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static double timed(uint32_t (*run)(const struct program_row *, uint32_t),
                    const struct program_row *row, uint32_t want)
{
    double start = now_ms();
    uint32_t got = run(row, row->large);
    double took = now_ms() - start;
    if (got != want) {
        printf("%s: the results differ: %x natively at first, now %x\n", row->name, want, got);
        exit(1);
    }
    return took;
}

static struct result measure(const struct program_row *row, unsigned runs)
{
    double native[MAX_RUNS], translated[MAX_RUNS];
    struct result r;
    image_load();
    uint32_t want = image_run_natively(row, row->large);
    timed(image_run_translated, row, want);
    timed(image_run_translated, row, want); /* all is connected by now */
    for (unsigned n = 0; n < runs; n++) {
        native[n] = timed(image_run_natively, row, want);
        image_work.exits = 0;
        translated[n] = timed(image_run_translated, row, want);
    }
    r.native = median(native, runs);
    r.translated = median(translated, runs);
    r.exits = image_work.exits;
    return r;
}

static void goal(const char *what, double value, double most, const char *unit)
{
    printf("%-44s %8.2f %-7s goal <= %-6.5g %s\n", what, value, unit, most,
           value <= most ? "reached" : "MISSED");
}

/* Median over the times of cycles an instruction. */
static void translator_speed(unsigned times)
{
    double each[MAX_RUNS];
    uint64_t guest, host;
    image_code_size(&guest, &host);
    for (unsigned n = 0; n < times; n++) {
        image_work = (struct image_work){0};
        image_translate_again();
        each[n] = (double)image_work.cycles / (double)image_work.insns;
    }
    goal("translation, TSC cycles a guest instruction", median(each, times), 150, "");
    printf("  (%lu instructions in %lu calls; %.2f bytes of code for each guest byte)\n",
           image_work.insns, image_work.calls, (double)host / (double)guest);
}

int main(int argc, char **argv)
{
    unsigned runs = argc > 1 ? (unsigned)atoi(argv[1]) : 7;
    double log_sum = 0, worst = 0, calls = 0;
    if (!runs || runs > MAX_RUNS) {
        fprintf(stderr, "usage: native [RUNS]   (1 to %u, 7 if not given)\n", MAX_RUNS);
        return 2;
    }
    stay_on_one_cpu();
    image_create();
    printf("Medians of %u alternating runs on one CPU, all code translated before.\n", runs);
    printf("%-14s %10s %13s %7s %8s\n", "program", "native ms", "translated ms", "ratio", "exits");
    for (unsigned n = 0; n < PROGRAMS_COUNT; n++) {
        const struct program_row *row = &image_header()->row[n];
        struct result r = measure(row, runs);
        double ratio = r.translated / r.native;
        log_sum += log(ratio);
        worst = ratio > worst ? ratio : worst;
        calls = ratio; /* the last row is the call-rich one */
        printf("%-14s %10.1f %13.1f %7.2f %8lu\n", row->name, r.native, r.translated, ratio,
               r.exits);
        fflush(stdout);
    }
    goal("geometric mean", exp(log_sum / PROGRAMS_COUNT), 1.15, "");
    goal("worst", worst, 2.5, "");
    goal("call-rich", calls, 1.6, "");
    translator_speed(runs < 7 ? runs : 7);
    return 0;
}
