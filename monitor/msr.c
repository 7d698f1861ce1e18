/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Model-specific registers: a row each. They agree with cpuid.c: what CPUID does not show (APIC,
 * MTRR, PAT, SYSENTER, EFER's features, machine checks) has no row and faults like any unknown
 * index. Rows beyond the architectural ones exist because kernels touch them on every CPU
 * of family 6 without being ready for a fault.
 */
#include "monitor/host.h"
#include "monitor/priv.h"

struct msr_row {
    uint32_t index;
    uint64_t (*read)(const struct vcpu *v);
    void (*write)(struct vcpu *v, uint64_t value);
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

/* A write would need an offset that RDTSC in direct code cannot be given: docs/limits.md. */
/* clang-format off */
static const struct msr_row rows[] = {
    {MSR_TSC,              priv_tsc,         ignore},
    {MSR_PLATFORM_ID,      read_zero,        NULL},
    {MSR_EBL_CR_POWERON,   read_zero,        ignore},
    {MSR_BIOS_SIGN_ID,     read_zero,        ignore}, /* Linux: 0 first, CPUID, then read */
    {MSR_MISC_ENABLE,      read_misc_enable, write_misc_enable},
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
    if (!r || !r->write)
        return vcpu_raise_error(v, VEC_GP, 0);
    r->write(v, value);
    return true;
}
