/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Control and debug registers. A value comes in from an instruction that was allowed to execute, or
 * with a task; what may be in it, and who must hear of what changed in it, is decided here.
 */
#include "monitor/debugreg.h"
#include "monitor/guestmem.h"
#include "monitor/guestwalk.h"
#include "monitor/host.h"
#include "monitor/mem.h"
#include "monitor/priv.h"
#include "monitor/vm.h"
#include "monitor/vmem.h"

/* ---- Control registers ------------------------------------------------------- */

static const uint32_t cr0_known = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP |
                                  CR0_AM | CR0_NW | CR0_CD | CR0_PG;
static const uint32_t cr0_paging = CR0_PG | CR0_WP;
static const uint32_t cr0_live = CR0_TS | CR0_EM | CR0_MP | CR0_NE | CR0_AM;

/* What CPUID shows (cpuid.c), and no more. */
static const uint32_t cr4_known =
    CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
static const uint32_t cr4_paging = CR4_PSE | CR4_PGE | CR4_PAE;

/* Bits whose change loads PAE's directory pointers, as a load of CR3 does (SDM 3A 4.4.1). */
static const uint32_t cr0_pdpte = CR0_PG | CR0_CD | CR0_NW;
static const uint32_t cr4_pdpte = CR4_PAE | CR4_PGE | CR4_PSE;
static const uint32_t cr4_live = CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_TSD | CR4_DE;

bool priv_read_cr(struct vcpu *v, unsigned cr, uint32_t *value)
{
    const uint32_t *const reg[5] = {&v->cr0, NULL, &v->cr2, &v->cr3, &v->cr4};
    if (cr >= ARRAY_SIZE(reg) || !reg[cr])
        return vcpu_raise(v, VEC_UD);
    *value = *reg[cr];
    return true;
}

/* CHANGED is told to whom it concerns. */
static void announce(struct vcpu *v, uint32_t changed, uint32_t paging, uint32_t live)
{
    if (changed & paging)
        vmem_flush(v, true);
    if (changed & live)
        host_load_control(v);
}

/*
 * The four directory pointers under the control registers CR0, CR3 and CR4 that are about to be
 * loaded. False: #GP, because one that is present has a bit that must be 0; nothing is
 * loaded. A table outside RAM reads as zeros.
 */
static bool load_pdptes(struct vcpu *v, uint32_t cr0, uint32_t cr3, uint32_t cr4)
{
    uint64_t p[4] = {0};
    if (!(cr0 & CR0_PG) || !(cr4 & CR4_PAE))
        return true;
    guest_read(v->vm, guest_a20(v->vm, gpa(cr3 & ~31u)), p, sizeof p);
    for (unsigned i = 0; i < ARRAY_SIZE(p); i++) {
        if ((p[i] & PTE_P) && (p[i] & PAE_PDPTE_RESERVED))
            return vcpu_raise_error(v, VEC_GP, 0);
    }
    memcpy(v->pdpte, p, sizeof p);
    return true;
}

/* SDM 3A 2.5: reserved bits are ignored, ET is wired to 1. */
static bool write_cr0(struct vcpu *v, uint32_t value)
{
    value = (value & cr0_known) | CR0_ET;
    if ((value & CR0_PG) && !(value & CR0_PE))
        return vcpu_raise_error(v, VEC_GP, 0);
    if ((value & CR0_NW) && !(value & CR0_CD))
        return vcpu_raise_error(v, VEC_GP, 0);
    uint32_t changed = v->cr0 ^ value;
    if ((changed & cr0_pdpte) && !load_pdptes(v, value, v->cr3, v->cr4))
        return false;
    v->cr0 = value;
    announce(v, changed, cr0_paging, cr0_live);
    return true;
}

static bool write_cr2(struct vcpu *v, uint32_t value)
{
    v->cr2 = value;
    return true;
}

static bool write_cr3(struct vcpu *v, uint32_t value)
{
    if (!load_pdptes(v, v->cr0, value, v->cr4))
        return false;
    v->cr3 = value;
    vmem_flush(v, false);
    return true;
}

static bool write_cr4(struct vcpu *v, uint32_t value)
{
    if (value & ~cr4_known)
        return vcpu_raise_error(v, VEC_GP, 0);
    uint32_t changed = v->cr4 ^ value;
    if ((changed & cr4_pdpte) && !load_pdptes(v, v->cr0, v->cr3, value))
        return false;
    v->cr4 = value;
    announce(v, changed, cr4_paging, cr4_live);
    debugreg_changed(v);
    return true;
}

bool priv_write_cr(struct vcpu *v, unsigned cr, uint32_t value)
{
    static bool (*const write[5])(struct vcpu *, uint32_t) = {write_cr0, NULL, write_cr2, write_cr3,
                                                              write_cr4};
    if (cr >= ARRAY_SIZE(write) || !write[cr])
        return vcpu_raise(v, VEC_UD);
    return write[cr](v, value);
}

/* ---- Debug registers ------------------------------------------------------------ */

/* Bits that software can change, and those that read as 1 (SDM 3B 17.2.3, 17.2.4). */
static const struct {
    uint32_t writable, ones;
} dr_bits[8] = {
    {0xffffffff, 0}, {0xffffffff, 0}, {0xffffffff, 0},      {0xffffffff, 0},
    {0, 0},          {0, 0},          {0xe00f, 0xffff0ff0}, {0xffff23ff, 0x400},
};

/* DR4 and DR5 are DR6 and DR7 unless CR4.DE is set; DR7.GD guards them all (SDM 3B 17.2.2, 17.2.4).
 * False: #UD or #DB. */
static bool find_dr(struct vcpu *v, unsigned *dr)
{
    if (*dr > 7 || ((*dr == 4 || *dr == 5) && (v->cr4 & CR4_DE)))
        return vcpu_raise(v, VEC_UD);
    if (*dr == 4 || *dr == 5)
        *dr += 2;
    if (!(v->dr[7] & DR7_GD))
        return true;
    v->dr[6] |= DR6_BD;
    return vcpu_raise(v, VEC_DB);
}

bool priv_read_dr(struct vcpu *v, unsigned dr, uint32_t *value)
{
    if (!find_dr(v, &dr))
        return false;
    *value = v->dr[dr];
    return true;
}

/* The soft TLB answers for no page with a data breakpoint. */
bool priv_write_dr(struct vcpu *v, unsigned dr, uint32_t value)
{
    if (!find_dr(v, &dr))
        return false;
    v->dr[dr] = (value & dr_bits[dr].writable) | dr_bits[dr].ones;
    if (dr == 6)
        return true;
    debugreg_changed(v);
    vmem_forget(v);
    host_load_control(v);
    return true;
}
