/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The time-stamp counter as the clock, measured once against CLOCK_MONOTONIC; a POSIX timer whose
 * signal comes no later than the armed deadline and at least every 50 ms; sleep.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "monitor/process/console.h"
#include "monitor/process/process.h"
#include "monitor/process/sys.h"

#define TICK_MAX_NS  50000000ull
#define CALIBRATE_NS 15000000ull
#define SECOND       1000000000ull

static struct {
    uint64_t tsc_start;
    uint64_t ns_per_tsc; /* fixed point, 32 fraction bits */
    uint64_t armed_ns;   /* when the timer's signal will come; 0: not armed */
    timer_t timer;
} ticker;

static uint64_t rdtsc(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

/* A TSC value and the time at which it was read, from the closest of a few pairs. */
static void sample(uint64_t *tsc, uint64_t *ns)
{
    uint64_t best = UINT64_MAX;
    for (unsigned n = 0; n < 8; n++) {
        struct timespec t;
        uint64_t before = rdtsc();
        clock_gettime(CLOCK_MONOTONIC, &t);
        uint64_t after = rdtsc();
        if (after - before < best) {
            best = after - before;
            *tsc = before + best / 2;
            *ns = (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
        }
    }
}

static void calibrate(void)
{
    struct timespec wait = {.tv_nsec = CALIBRATE_NS};
    uint64_t tsc[2], ns[2];
    sample(&tsc[0], &ns[0]);
    nanosleep(&wait, NULL);
    sample(&tsc[1], &ns[1]);
    ticker.ns_per_tsc = (uint64_t)(((unsigned __int128)(ns[1] - ns[0]) << 32) / (tsc[1] - tsc[0]));
    ticker.tsc_start = rdtsc();
}

const char *process_time_init(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    calibrate();
    if (timer_create(CLOCK_MONOTONIC, &event, &ticker.timer) != 0)
        return "timer_create was refused: too many timers, or a sandbox forbids it";
    return NULL;
}

uint64_t host_tsc(void)
{
    return rdtsc();
}

uint64_t host_tsc_hz(void)
{
    return (SECOND << 32) / ticker.ns_per_tsc;
}

uint64_t host_now_ns(void)
{
    return (uint64_t)((unsigned __int128)(rdtsc() - ticker.tsc_start) * ticker.ns_per_tsc >> 32);
}

void process_timer_fired(void)
{
    ticker.armed_ns = 0;
}

void host_timer_arm(uint64_t deadline_ns)
{
    uint64_t now = host_now_ns(), latest = now + TICK_MAX_NS;
    if (deadline_ns > latest)
        deadline_ns = latest;
    if (ticker.armed_ns && ticker.armed_ns <= deadline_ns && ticker.armed_ns + TICK_MAX_NS > now)
        return;
    uint64_t left = deadline_ns > now ? deadline_ns - now : 1;
    struct itimerspec when = {.it_value = {(time_t)(left / SECOND), (long)(left % SECOND)}};
    ticker.armed_ns = deadline_ns > now ? deadline_ns : now + 1;
    sys_call6(__NR_timer_settime, (uint64_t)(uintptr_t)ticker.timer, 0, (uint64_t)&when, 0, 0, 0);
}

/* A signal that comes between the look at .pending and the sleep must end the sleep: signals are
 * blocked but in it. */
void process_sleep(int fd)
{
    static const uint64_t none = 0, all = UINT64_MAX;
    uint64_t before;
    struct pollfd input = {.fd = fd, .events = POLLIN};
    process_console_flush();
    sys_call6(__NR_rt_sigprocmask, SIG_BLOCK, (uint64_t)&all, (uint64_t)&before, sizeof all, 0, 0);
    if (!process_cpu.pending)
        sys_call6(__NR_ppoll, (uint64_t)&input, 1, 0, (uint64_t)&none, sizeof none, 0);
    process_cpu.pending = 0;
    sys_call6(__NR_rt_sigprocmask, SIG_SETMASK, (uint64_t)&before, 0, sizeof before, 0, 0);
}

void host_idle(void)
{
    process_sleep(process_console_fd());
}

uint64_t host_wallclock_s(void)
{
    struct timespec t = {0};
    sys_call6(__NR_clock_gettime, CLOCK_REALTIME, (uint64_t)&t, 0, 0, 0, 0);
    return (uint64_t)t.tv_sec;
}
