/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads digits by hand: strtoull takes signs, blanks and hexadecimal, none of which is a
 * size, and says "no error" for an empty string.
 */
#include "loader/number.h"

#include "monitor/plan.h"

#include <string.h>

/* Reads decimal digits from *TEXT and moves it behind them. False: none, or over 2^53. */
static bool digits(const char **text, uint64_t *value)
{
    const char *s = *text;
    uint64_t n = 0;
    if (*s < '0' || *s > '9')
        return false;
    for (; *s >= '0' && *s <= '9'; s++) {
        n = n * 10 + (uint64_t)(*s - '0');
        if (n > (1ull << 53))
            return false;
    }
    *text = s;
    *value = n;
    return true;
}

/* The KiB that one unit of the suffix S stands for; 0: no such suffix. */
static uint64_t unit_kib(const char *s)
{
    static const struct {
        const char *suffix;
        uint64_t kib;
    } units[] = {{"", 1024}, {"K", 1}, {"M", 1024}, {"G", 1024 * 1024}};
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcasecmp(s, units[i].suffix) == 0)
            return units[i].kib;
    }
    return 0;
}

bool number_memory(const char *text, uint32_t *mib, struct problem *p)
{
    const char *s = text;
    uint64_t n, kib;
    if (!digits(&s, &n) || !(kib = unit_kib(s)))
        return problem_bad(p,
                           "--memory %s: not a memory size; write a number and K, M or G, "
                           "such as 256M",
                           text);
    if (n > (uint64_t)PLAN_MEMORY_MAX_MIB * 1024 / kib || n * kib < MEMORY_MIN_MIB * 1024)
        return problem_bad(p, "--memory %s: the guest's memory can be 16M to 3G", text);
    if (n * kib % 1024)
        return problem_bad(p, "--memory %s: not a whole number of MiB", text);
    *mib = (uint32_t)(n * kib / 1024);
    return true;
}

bool number_port(const char *text, uint32_t *port, bool *nowait, struct problem *p)
{
    const char *s = text;
    uint64_t n;
    bool number = digits(&s, &n);
    *nowait = number && strcmp(s, ",nowait") == 0;
    if (!number || (*s && !*nowait) || n == 0 || n > 65535)
        return problem_bad(
            p, "--gdb %s: not a port; write a number, 1 to 65535, perhaps with ,nowait behind it",
            text);
    *port = (uint32_t)n;
    return true;
}

bool number_runs(const char *text, uint32_t *runs, struct problem *p)
{
    const char *s = text;
    uint64_t n;
    if (!digits(&s, &n) || *s || n == 0 || n > PLAN_RUNS_MAX)
        return problem_bad(p, "--repeat %s: not a number of runs; write 1 to %u", text,
                           PLAN_RUNS_MAX);
    *runs = (uint32_t)n;
    return true;
}

bool number_seconds(const char *text, uint32_t *seconds, struct problem *p)
{
    const char *s = text;
    uint64_t n;
    if (!digits(&s, &n) || *s || n == 0 || n > TIMEOUT_MAX_SECONDS)
        return problem_bad(p, "--timeout %s: not a time; write whole seconds, 1 to %u", text,
                           TIMEOUT_MAX_SECONDS);
    *seconds = (uint32_t)n;
    return true;
}
