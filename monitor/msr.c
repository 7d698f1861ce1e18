/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Model-specific registers: a row each. They agree with cpuid.c: what CPUID does not show (APIC,
 * MTRR, PAT, SYSENTER, machine checks, EFER's features but NX) has no row and faults like any
 * unknown index. Rows beyond the architectural ones exist because kernels touch them on every CPU
 * of family 6 without being ready for a fault.
 */
#include "monitor/host.h"
#include "monitor/kvmclock.h"
#include "monitor/priv.h"
#include "monitor/vmem.h"

struct msr_row {
    uint32_t index;
    uint64_t (*read)(const struct vcpu *v);
    void (*write)(struct vcpu *v, uint64_t value);
    uint64_t reserved; /* a write with one of these bits faults */
};

static uint64_t read_zero(const struct vcpu *v)
{
    (void)v;
    return 0;
}

static void ignore(struct vcpu *v, uint64_t value)
{
    (void)v;
    (void)value;
}

static uint64_t read_misc_enable(const struct vcpu *v)
{
    return v->misc_enable;
}

/* Fast strings (bit 0) are all there is to enable; the other bits stay 0 as on a CPU
 * without their features. */
static void write_misc_enable(struct vcpu *v, uint64_t value)
{
    v->misc_enable = value & 1;
}

static uint64_t read_efer(const struct vcpu *v)
{
    return v->efer;
}

/* NXE changes what bit 63 of PAE entries means. */
static void write_efer(struct vcpu *v, uint64_t value)
{
    bool changed = v->efer != value;
    v->efer = value;
    if (changed)
        vmem_flush(v, true);
}

/* A write to the counter or its offset would need an offset that RDTSC in direct code cannot be
 * given: docs/limits.md. */
/* clang-format off */
static const struct msr_row rows[] = {
    {MSR_TSC,              priv_tsc,         ignore, 0},
    {MSR_TSC_ADJUST,       read_zero,        ignore, 0}, /* Linux reads it, to see that it is 0 */
    {MSR_PLATFORM_ID,      read_zero,        NULL, 0},
    {MSR_EBL_CR_POWERON,   read_zero,        ignore, 0},
    {MSR_BIOS_SIGN_ID,     read_zero,        ignore, 0}, /* Linux: 0 first, CPUID, then read */
    {MSR_MISC_ENABLE,      read_misc_enable, write_misc_enable, 0},
    {MSR_EFER,             read_efer,        write_efer, ~(uint64_t)EFER_NXE},
    {MSR_KVM_WALL_CLOCK,   kvmclock_read_wall, kvmclock_write_wall, 0},
    {MSR_KVM_SYSTEM_TIME,  kvmclock_read_time, kvmclock_write_time, 0},
};
/* clang-format on */

static const struct msr_row *find(uint32_t index)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].index == index)
            return &rows[i];
    }
    return NULL;
}

bool priv_read_msr(struct vcpu *v, uint32_t index, uint64_t *value)
{
    const struct msr_row *r = find(index);
    if (!r)
        return vcpu_raise_error(v, VEC_GP, 0);
    *value = r->read(v);
    return true;
}

bool priv_write_msr(struct vcpu *v, uint32_t index, uint64_t value)
{
    const struct msr_row *r = find(index);
    if (!r || !r->write || (value & r->reserved))
        return vcpu_raise_error(v, VEC_GP, 0);
    r->write(v, value);
    return true;
}
