/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The translation cache: one memory, mapped twice, so that no page is ever writable and executable.
 *   write  code | data | FPU        read and write
 *   exec   code | data | FPU        code and FPU executable, data readable
 * No third mapping can be made: a memfd is closed, and the filter forbids mremap (confine.c).
 * The stack of translated code is a mapping of its own above a page that nothing may touch.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/process/frames.h"
#include "monitor/process/process.h"

#define TC_SIZE    (32u << 20)
#define TC_DATA    (2u << 20)
#define FPU_SIZE   (64u << 10)
#define ALL        ((size_t)TC_SIZE + TC_DATA + FPU_SIZE)
#define STACK_SIZE 16384u

static struct host_tc tc;
static struct process_code_area fpu;

static void *map(size_t size, int protection, int flags, int fd)
{
    void *at = mmap(NULL, size, protection, flags, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

static const char *map_stack(void)
{
    uint8_t *low =
        map(STACK_SIZE + PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (!low || mprotect(low, PAGE_SIZE, PROT_NONE) != 0)
        return "no memory for the stack of translated code";
    tc.stack = (uint64_t *)(low + PAGE_SIZE);
    tc.stack_words = STACK_SIZE / sizeof(uint64_t);
    return NULL;
}

static void describe(uint8_t *write, uint64_t exec)
{
    process_cpu.wrgsbase = process_has_wrgsbase();
    tc.write = write;
    tc.exec = exec;
    tc.size = TC_SIZE;
    tc.data_size = TC_DATA;
    tc.gate_kind = GATE_NEAR;
    tc.gate = (uint64_t)process_gates;
    tc.gate_spacing = PROCESS_GATE_SIZE;
    tc.patching = true;
    tc.user_code = true;
    tc.made = process_perf_map_code;
    tc.user_return = process_cpu.wrgsbase ? (uint64_t)gate_return : 0;
    tc.user_call = process_cpu.wrgsbase ? (uint64_t)gate_call : 0;
    fpu = (struct process_code_area){write + TC_SIZE + TC_DATA, exec + TC_SIZE + TC_DATA, FPU_SIZE};
    process_cpu.tc_start = exec;
    process_cpu.tc_end = exec + TC_SIZE;
}

static const char *refused(const char *what, const char *advice)
{
    static char refusal[200];
    snprintf(refusal, sizeof refusal, "%s: %s; %s", what, strerror(errno), advice);
    return refusal;
}

static const char *no_address_space(void)
{
    return refused("no address space for the translation cache", "raise the limit ulimit -v shows");
}

/* A system that lets no page become executable may still map a file so. */
static const char *map_file(uint8_t **write, uint8_t **exec)
{
    int fd = frames_memory_file("ring1-code");
    if (fd < 0)
        return refused("memfd_create is refused",
                       "a container's seccomp filter must allow it, and Linux be 3.17 or later");
    if (ftruncate(fd, ALL) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        return refused("the memory file of the translation cache cannot be sized and sealed",
                       "raise the limit ulimit -f shows");
    *write = map(ALL, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    if (!*write)
        return no_address_space();
    *exec = map(ALL, PROT_READ | PROT_EXEC, MAP_SHARED, fd);
    close(fd);
    return *exec ? NULL
                 : refused("no executable memory",
                           errno == ENOMEM
                               ? "raise the limit ulimit -v shows"
                               : "a security module or a sandbox forbids it: allow it for "
                                 "ring1, or run --on qemu");
}

/* `perf' looks into its map for the names of anonymous code only. */
static const char *map_anonymous(uint8_t **write, uint8_t **exec)
{
    *write = map(ALL, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
    if (!*write)
        return no_address_space();
    *exec = mremap(*write, 0, ALL, MREMAP_MAYMOVE); /* of 0 bytes: once more */
    if (*exec == MAP_FAILED || mprotect(*exec, ALL, PROT_READ | PROT_EXEC) != 0)
        return refused("no executable memory", "run without --perf-map, which needs more of it");
    return NULL;
}

const char *process_cache_init(bool for_perf)
{
    uint8_t *write = NULL, *exec = NULL;
    const char *trouble = for_perf ? map_anonymous(&write, &exec) : map_file(&write, &exec);
    if (trouble)
        return trouble;
    if (mprotect(exec + TC_SIZE, TC_DATA, PROT_READ) != 0)
        return "cannot take execution from the translation cache's data";
    describe(write, (uint64_t)exec);
    return map_stack();
}

void host_tc_area(struct host_tc *out)
{
    *out = tc;
}

struct process_code_area process_fpu_area(void)
{
    return fpu;
}
