/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's benchmark: a static 32-bit Linux program without a C library. Each test runs for 400
 * ms to warm up, while translators find out what is in use, and then in seven batches of about 40
 * ms and prints "bench NAME NANOSECONDS OPERATIONS": the median of nanoseconds an operation, and
 * how many operations a batch had. With an argument there is one batch, of a given number of
 * operations after as many to warm up, between two bytes written to Ring1's statistics port: 2k and
 * 2k + 1 for the k-th test. At its start and end it prints its clock, for the host to compare with
 * its own.
 */
#include "tests/bench/guest/sys.h"

#define BATCHES    7u
#define BATCH_NS   40000000u
#define WARM_NS    400000000u
#define STATS_PORT 0x502

static bool counting;
static unsigned tests_done;
const char *const program = "bench";
static double result_pipe, result_pingpong; /* what context switches are derived from */

/* ---- Measuring --------------------------------------------------------------------------- */

static void report(const char *name, double ns, uint32_t operations)
{
    uint32_t whole = (uint32_t)ns, rest = (uint32_t)((ns - whole) * 1000);
    put_text("bench ");
    put_text(name);
    put(' ');
    put_number(whole);
    put('.');
    put((char)('0' + rest / 100));
    put((char)('0' + rest / 10 % 10));
    put((char)('0' + rest % 10));
    put(' ');
    put_number(operations);
    end_line();
}

/* Ports are closed again at once: a bitmap that stays would make every task switch slower. */
static void mark(unsigned tag)
{
    must(call3(SYS_IOPERM, STATS_PORT, 1, 1), "ioperm");
    __asm__ volatile("outb %%al, %%dx" ::"a"(tag), "d"(STATS_PORT));
    must(call3(SYS_IOPERM, STATS_PORT, 1, 0), "ioperm");
}

static double median(double *v)
{
    for (unsigned i = 1; i < BATCHES; i++) {
        double x = v[i];
        unsigned k = i;
        for (; k > 0 && v[k - 1] > x; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
    return v[BATCHES / 2];
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* How many operations make a batch: doubled until they take a quarter of it. */
static uint32_t calibrate(const struct test *t)
{
    for (uint32_t n = 1;; n *= 2) {
        uint64_t took = t->run(n);
        if (took < BATCH_NS / 4 && n < 1u << 30)
            continue;
        double wanted = (double)n * BATCH_NS / (double)(int64_t)(took ? took : 1);
        return wanted < 1 ? 1 : (uint32_t)wanted;
    }
}

static void run_timed(const struct test *t)
{
    double each[BATCHES];
    uint32_t n = calibrate(t);
    for (uint64_t warm = 0; warm < WARM_NS;)
        warm += t->run(n);
    n = calibrate(t);
    for (unsigned i = 0; i < BATCHES; i++)
        each[i] = (double)(int64_t)t->run(n) / n;
    double ns = median(each);
    report(t->name, ns, n);
    if (same(t->name, "pipe"))
        result_pipe = ns;
    if (same(t->name, "pingpong"))
        result_pingpong = ns;
}

static void run_counted(const struct test *t)
{
    t->run(t->count);
    mark(2 * tests_done);
    double ns = (double)(int64_t)t->run(t->count) / t->count;
    mark(2 * tests_done++ + 1);
    report(t->name, ns, t->count);
}

static void run_all(const struct test *t)
{
    for (; t->name; t++) {
        if (t->prepare)
            t->prepare();
        (counting ? run_counted : run_timed)(t);
    }
}

static void report_clock(const char *when)
{
    uint64_t ns = now_ns();
    put_text("bench clock-");
    put_text(when);
    put(' ');
    put_number((uint32_t)((double)(int64_t)ns / 1e6)); /* ms */
    end_line();
}

/* As lmbench derives it: of a round trip between two processes, half, less what the same write
 * and read cost within one. */
static void report_switch(void)
{
    double ns = result_pingpong / 2 - result_pipe;
    report("switch", ns > 0 ? ns : 0, 0);
}

int guest_main(char **stack)
{
    counting = (long)stack[0] > 1;
    report_clock("begin");
    run_all(loop_tests);
    run_all(call_tests);
    run_all(process_tests);
    report_switch();
    run_all(memory_tests);
    report_clock("end");
    return 0;
}
