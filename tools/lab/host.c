/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host below the laboratory's translator: frames are ordinary memory, the cache is memory that
 * is never executed, the log is standard error. It has no clock and runs nothing.
 */
#define _GNU_SOURCE
#include "monitor/host.h"

#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "monitor/layout.h"
#include "monitor/vcpu.h"
#include "tools/lab/host.h"

#define TC_SIZE     (4u << 20)
#define TC_DATA     (2u << 20)
#define STACK_WORDS 2048u

static uint8_t *room(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

static struct {
    uint8_t *frames, *cache, *stack;
} made;

bool lab_host_create(void)
{
    if (!made.frames)
        made.frames = room((size_t)LAB_FRAMES * PAGE_SIZE);
    if (!made.cache)
        made.cache = room(TC_SIZE + TC_DATA);
    if (!made.stack)
        made.stack = room(STACK_WORDS * sizeof(uint64_t));
    return made.frames && made.cache && made.stack;
}

void *host_frame_ptr(hfn_t f)
{
    return made.frames + (size_t)f.v * PAGE_SIZE;
}

/* The bare PC's, on a real CPU; addresses are those that it has there. */
void host_tc_area(struct host_tc *out)
{
    *out = (struct host_tc){
        .write = made.cache,
        .exec = TC_EXEC,
        .size = TC_SIZE,
        .data_size = TC_DATA,
        .stack = (uint64_t *)(void *)made.stack,
        .stack_words = STACK_WORDS,
        .gate_kind = GATE_FAR,
        .patching = true,
    };
}

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
    __cpuid_count(leaf, subleaf, regs[0], regs[1], regs[2], regs[3]);
}

uint64_t host_now_ns(void)
{
    return 0;
}

void host_log_write(const char *text, size_t len)
{
    fwrite(text, 1, len, stderr);
}

_Noreturn void host_exit(int status)
{
    exit(status);
}
