/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CPUID as the guest sees it: one table, a row a leaf. A register is what its row fixes, plus
 * those bits of the host CPU's that the row lets through. A leaf without a row is all zeros.
 *
 * Who we say we are: GenuineIntel, family 6, model 1Ch (the first Atom), on every host, so
 * that a guest behaves and can be moved alike everywhere. Why this one:
 * - the vendor must be one whose kernels' quirks touch no MSR that we lack; Linux's AMD setup
 *   reads several without a guard, an unknown vendor gets untested paths;
 * - a model of at least 0Eh has a constant TSC for Linux, which is true of every host we
 *   run on, and a stepping above 2 keeps Linux from clearing PSE (erratum AAE44);
 * - its time-stamp counter is said to be invariant, never adjusted, and of a rate that leaves 15h
 *   and 16h give, so that a kernel need not measure what an interrupted guest measures badly;
 * - Linux knows the model as one without speculation, and leaves out retpolines and their
 *   like. They would be no defence here: translation replaces every indirect branch of the
 *   guest's kernel, so that the guest would pay for what it does not get.
 * Direct user code sees the hardware's own CPUID: docs/limits.md.
 */
#include "monitor/abi.h"
#include "monitor/host.h"
#include "monitor/kvmclock.h"
#include "monitor/mem.h"
#include "monitor/priv.h"
#include "monitor/vclock.h"
#include "monitor/vcpu.h"

enum { EAX, EBX, ECX, EDX };

struct leaf {
    uint32_t leaf;
    uint32_t fixed[4];
    uint32_t from_host[4]; /* bits let through */
    const char *text;      /* if not NULL, fills the registers from text_at to EDX */
    unsigned text_at;
};

#define BIT(n) (1u << (n))
#define CHARS(a, b, c, d)                                                                          \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

#define SIGNATURE    0x000106cau /* family 6, model 1Ch, stepping 10 */
#define MAX_BASIC    0x16u
#define MAX_EXTENDED 0x80000007u
#define LEAF_7       0x07u
#define LEAF_TSC     0x15u
#define LEAF_MHZ     0x16u
#define BRAND        "Ring1 virtual CPU (32-bit x86, no VT-x needed)\0" /* 48 with both NULs */
_Static_assert(sizeof BRAND == 48, "three leaves of 16 bytes");

/* Leaf 1, EDX: what every CPU with long mode has and Ring1 virtualizes. Not VME, MCE, APIC,
 * SEP, MTRR, MCA, PAT, PSE-36, CLFLUSH, HTT. */
#define FEATURES_EDX                                                                               \
    (BIT(0) /* FPU */ | BIT(2) /* DE */ | BIT(3) /* PSE */ | BIT(4) /* TSC */ | BIT(5) /* MSR */ | \
     BIT(6) /* PAE */ | BIT(8) /* CX8 */ | BIT(13) /* PGE */ | BIT(15) /* CMOV */ |                \
     BIT(23) /* MMX */ | BIT(24) /* FXSR */ | BIT(25) /* SSE */ | BIT(26) /* SSE2 */)
/* Leaf 1, ECX: instructions without state of their own, if the host has them. */
#define FEATURES_ECX                                                                               \
    (BIT(0) /* SSE3 */ | BIT(9) /* SSSE3 */ | BIT(19) /* SSE4.1 */ | BIT(20) /* SSE4.2 */ |        \
     BIT(23) /* POPCNT */)
#define HYPERVISOR BIT(31)
#define NX         BIT(20) /* leaf 80000001, EDX */

/* clang-format off */
static const struct leaf leaves[] = {
    {0, {MAX_BASIC, CHARS('G','e','n','u'), CHARS('n','t','e','l'), CHARS('i','n','e','I')},
        {0}, NULL, 0},
    {1, {SIGNATURE, 0, HYPERVISOR, FEATURES_EDX}, {0, 0, FEATURES_ECX, 0}, NULL, 0},
    /* One round of descriptors: L1 code and data 32 KiB, L2 2 MiB (SDM 2A table 3-12). */
    {2, {0x00000001, 0, 0, 0x002c307d}, {0}, NULL, 0},
    {LEAF_7, {0, BIT(1) /* TSC_ADJUST */}, {0}, NULL, 0},
    {LEAF_TSC, {0}, {0}, NULL, 0}, /* these two: tsc_rate */
    {LEAF_MHZ, {0}, {0}, NULL, 0},
    {RING1_CPUID_BASE, {RING1_CPUID_CALLS}, {0}, RING1_SIGNATURE, EBX},
    {RING1_CPUID_CALLS, {RING1_ABI_VERSION, RING1_ABI_OLDEST, RING1_CALLS}, {0}, NULL, 0},
    {0x80000000, {MAX_EXTENDED}, {0}, NULL, 0},
    {0x80000001, {0}, {0, 0, 0, NX}, NULL, 0}, /* no SYSCALL, LM */
    {0x80000002, {0}, {0}, BRAND, EAX},
    {0x80000003, {0}, {0}, BRAND + 16, EAX},
    {0x80000004, {0}, {0}, BRAND + 32, EAX},
    {0x80000007, {0, 0, 0, BIT(8) /* invariant TSC */}, {0}, NULL, 0},
};
/* clang-format on */

static const struct leaf *find(uint32_t leaf)
{
    for (unsigned i = 0; i < ARRAY_SIZE(leaves); i++) {
        if (leaves[i].leaf == leaf)
            return &leaves[i];
    }
    return NULL;
}

/* The counter's rate as twice a crystal's in Hz (a ratio of 1 would not fit in 32 bits beyond 4.29
 * GHz), and in MHz (SDM 2A, CPUID 15h and 16h). */
static void tsc_rate(const struct vcpu *v, uint32_t leaf, uint32_t regs[4])
{
    uint64_t hz = vclock_tsc_hz(v->vm);
    if (leaf == LEAF_TSC) {
        regs[EAX] = 1;
        regs[EBX] = 2;
        regs[ECX] = (uint32_t)(hz / 2);
    } else {
        regs[EAX] = regs[EBX] = (uint32_t)((hz + 500000) / 1000000) & 0xffff;
    }
}

/* A leaf beyond the last one reads as zeros, as on AMD's CPUs: Intel's repeat the last leaf there,
 * whose cache bits a careless reader takes for features. Leaf 7 alone has subleaves, of which there
 * is one. */
void priv_cpuid(struct vcpu *v, uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
    uint32_t host[4] = {0};
    const struct leaf *row = find(leaf);
    memset(regs, 0, 4 * sizeof regs[0]);
    if (kvmclock_cpuid(leaf, regs) || !row || (leaf == LEAF_7 && subleaf))
        return;
    if (leaf == LEAF_TSC || leaf == LEAF_MHZ)
        tsc_rate(v, leaf, regs);
    if (leaf == RING1_CPUID_CALLS)
        regs[EDX] = (uint32_t)(vclock_tsc_hz(v->vm) / 1000);
    if (row->from_host[EAX] | row->from_host[EBX] | row->from_host[ECX] | row->from_host[EDX])
        host_cpuid(leaf, 0, host);
    for (unsigned i = EAX; i <= EDX; i++)
        regs[i] |= row->fixed[i] | (host[i] & row->from_host[i]);
    if (row->text)
        memcpy(&regs[row->text_at], row->text, (EDX + 1 - row->text_at) * sizeof regs[0]);
}
