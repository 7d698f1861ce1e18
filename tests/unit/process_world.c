/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The world of process_world.h. Each access is one instruction whose fault, if it is not mended,
 * ends in a jump back.
 */
#define _GNU_SOURCE
#include "tests/unit/process_world.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include <cmocka.h>

#include "monitor/process/frames.h"
#include "monitor/process/pane.h"
#include "monitor/process/process.h"
#include "monitor/process/record.h"

#define PF_WRITE 2

static sigjmp_buf back;
static volatile sig_atomic_t inside, faults;
static volatile enum reach ended;
static volatile uint64_t wanted;
static bool quiet; /* faults do not reach the windows */

bool world_wrgsbase = true;

bool process_has_wrgsbase(void)
{
    return world_wrgsbase;
}

void host_log_write(const char *text, size_t len)
{
    fwrite(text, 1, len, stderr);
}

_Noreturn void host_exit(int status)
{
    fprintf(stderr, "host_exit(%d)\n", status);
    abort();
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    static const enum reach answers[] = {
        [WINDOW_MAPPED] = REACHED,
        [WINDOW_OTHER] = OTHER,
        [WINDOW_REFUSED] = REFUSED,
        [WINDOW_OUTSIDE] = OUTSIDE,
    };
    const ucontext_t *u = context;
    uint64_t address = (uint64_t)info->si_addr;
    uint32_t linear = 0;
    if (!inside || address != wanted || ++faults > 2)
        abort();
    if (quiet)
        siglongjmp(back, 1);
    bool write = u->uc_mcontext.gregs[REG_ERR] & PF_WRITE;
    ended = answers[window_fault(address, write, &linear)];
    if (ended != OUTSIDE && linear != (uint32_t)address)
        abort();
    if (ended != REACHED)
        siglongjmp(back, 1);
    (void)signal;
}

int world_make(void **state)
{
    (void)state;
    assert_null(frames_create(WORLD_FRAMES));
    assert_null(window_create(1000));
    for (uint32_t f = 0; f < WORLD_FRAMES; f++)
        *world_word(f, 0) = f;
    return 0;
}

void world_reset(unsigned mappings)
{
    for (uint32_t i = 1; i < MAX_SPACES; i++) {
        if (records.space[i].live)
            host_space_free((hspace_t){i});
    }
    for (uint32_t i = 1; i < MAX_TABLES; i++) {
        if (records.table[i].live)
            host_table_free((htable_t){i});
    }
    pane_clear_window(0);
    assert_int_equal(records.pieces, 0);
    assert_int_equal(world_count(), 0);
    records.limit = mappings;
    window_counts = (struct host_counts){0};
}

static enum reach attempt(uint64_t address, uint32_t *value, bool write)
{
    const struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    struct sigaction before; /* cmocka's own */
    volatile uint32_t *at = (uint32_t *)address;
    wanted = address;
    faults = 0;
    ended = REACHED_AT_ONCE;
    inside = 1;
    sigaction(SIGSEGV, &act, &before);
    if (!sigsetjmp(back, 0)) {
        if (write)
            *at = *value;
        else
            *value = *at;
    }
    sigaction(SIGSEGV, &before, NULL);
    inside = 0;
    return ended;
}

enum reach world_read(uint64_t address, uint32_t *value)
{
    return attempt(address, value, false);
}

enum reach world_write(uint64_t address, uint32_t value)
{
    return attempt(address, &value, true);
}

int world_mapping(uint64_t address)
{
    uint32_t value;
    int got = NOT_MAPPED;
    quiet = true;
    ended = REACHED;
    attempt(address, &value, false);
    if (!faults) {
        attempt(address, &value, true); /* with what is there */
        got = faults ? READABLE : WRITABLE;
    }
    quiet = false;
    return got;
}

unsigned world_count(void)
{
    unsigned n = 0;
    unsigned long first, end = records.base + MAX_SPACES * WINDOW_STRIDE;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        n += sscanf(line, "%lx", &first) == 1 && first >= records.base && first < end;
    fclose(maps);
    return n;
}

uint32_t *world_word(uint32_t f, unsigned index)
{
    return (uint32_t *)host_frame_ptr(hfn(f)) + index;
}

void world_set(htable_t t, unsigned i, uint32_t f, unsigned flags)
{
    host_table_set(t, i, hfn(f), SH_PRESENT | flags);
}

/* Nothing here is named for perf. */
int process_perf_map_fd(void)
{
    return -1;
}
