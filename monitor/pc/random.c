/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Entropy of a bare PC: the CPU's generator (RDRAND, SDM 1, 7.3.17), and on a CPU without one, or
 * where it gives nothing, what the time-stamp counter shows of how long things take. The latter is
 * a seed that is hard to guess, not measured randomness.
 */
#include "monitor/host_io.h"
#include "monitor/mem.h"
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"

#define CPUID1_RDRAND (1u << 30)
#define TRIES         10  /* as often as the manual says that it may take */
#define SAMPLES       256 /* of the counter for 64 bits */

static uint64_t jitter_state;

static bool has_rdrand(void)
{
    uint32_t regs[4];
    host_cpuid(1, 0, regs);
    return regs[2] & CPUID1_RDRAND;
}

static bool rdrand(uint64_t *value)
{
    bool ok = false;
    for (int i = 0; i < TRIES && !ok; i++)
        __asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(ok) : : "cc");
    return ok;
}

/* Every bit of the result depends on every bit of X. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
    return x ^ x >> 33;
}

static uint64_t jitter(void)
{
    for (int i = 0; i < SAMPLES; i++) {
        jitter_state = mix(jitter_state + rdtsc());
        in8(0x61); /* a bus cycle takes its time */
    }
    return mix(jitter_state);
}

void host_random(void *buf, size_t len)
{
    bool hardware = has_rdrand();
    for (uint8_t *to = buf; len;) {
        uint64_t value = 0;
        size_t n = len < sizeof value ? len : sizeof value;
        if (!hardware || !rdrand(&value))
            value = jitter();
        memcpy(to, &value, n);
        to += n;
        len -= n;
    }
}
