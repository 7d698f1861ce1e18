/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The translation cache: shared memory, mapped twice, so that no page is ever writable and
 * executable. It is anonymous, as `perf' looks into its map for the names of no other code.
 *   write  code | data | FPU        read and write
 *   exec   code | data | FPU        code and FPU executable, data readable
 * The stack of translated code is a mapping of its own above a page that nothing may touch.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "monitor/process/process.h"

#define TC_SIZE    (32u << 20)
#define TC_DATA    (2u << 20)
#define FPU_SIZE   (64u << 10)
#define ALL        ((size_t)TC_SIZE + TC_DATA + FPU_SIZE)
#define STACK_SIZE 16384u

static struct host_tc tc;
static struct process_code_area fpu;

static void *map(size_t size, int flags)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

static const char *map_stack(void)
{
    uint8_t *low = map(STACK_SIZE + PAGE_SIZE, MAP_PRIVATE);
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

const char *process_cache_init(void)
{
    uint8_t *write = map(ALL, MAP_SHARED);
    if (!write)
        return "no memory for the translation cache";
    uint8_t *exec = mremap(write, 0, ALL, MREMAP_MAYMOVE); /* of 0 bytes: once more */
    if (exec == MAP_FAILED || mprotect(exec, ALL, PROT_READ | PROT_EXEC) != 0)
        return "no executable memory is to be had: a security module (SELinux's execmem) "
               "forbids it; run with --engine interp on another host, or allow it";
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
