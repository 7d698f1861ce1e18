/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Privileged state and ports as instructions reach them. CPL 0 has been checked where
 * the manual wants it (step.c); what values may be written is control.c's knowledge.
 */
#include "monitor/hypercall.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"
#include "monitor/priv.h"
#include "monitor/vmem.h"

bool interp_mov_from_cr(struct vcpu *v, const struct insn *i)
{
    uint32_t x;
    return priv_read_cr(v, i->opd[1].reg, &x) && operand_write(v, i, 0, x);
}

bool interp_mov_to_cr(struct vcpu *v, const struct insn *i)
{
    uint32_t x;
    return operand_read(v, i, 1, &x) && priv_write_cr(v, i->opd[0].reg, x);
}

bool interp_mov_from_dr(struct vcpu *v, const struct insn *i)
{
    uint32_t x;
    return priv_read_dr(v, i->opd[1].reg, &x) && operand_write(v, i, 0, x);
}

bool interp_mov_to_dr(struct vcpu *v, const struct insn *i)
{
    uint32_t x;
    return operand_read(v, i, 1, &x) && priv_write_dr(v, i->opd[0].reg, x);
}

/* A 32-bit register gets all of CR0, as on every CPU since the 486. */
bool interp_smsw(struct vcpu *v, const struct insn *i)
{
    return operand_write(v, i, 0, v->cr0);
}

/* Loads PE, MP, EM and TS; PE can be set but not cleared. */
bool interp_lmsw(struct vcpu *v, const struct insn *i)
{
    const uint32_t loaded = CR0_MP | CR0_EM | CR0_TS;
    uint32_t x;
    if (!operand_read(v, i, 0, &x))
        return false;
    return priv_write_cr(v, 0, (v->cr0 & ~loaded) | (x & (loaded | CR0_PE)));
}

bool interp_clts(struct vcpu *v, const struct insn *i)
{
    (void)i;
    return priv_write_cr(v, 0, v->cr0 & ~(uint32_t)CR0_TS);
}

/* The operand is an address only: no segment check, no fault (SDM 2, INVLPG). */
bool interp_invlpg(struct vcpu *v, const struct insn *i)
{
    vmem_invlpg(v, gva(v->seg[i->mem.seg % S_COUNT].base + operand_offset(v, i)));
    return true;
}

bool interp_hlt(struct vcpu *v, const struct insn *i)
{
    (void)i;
    priv_halt(v);
    return true;
}

/* The port of IN and OUT: an immediate byte or DX. */
static uint16_t port_operand(const struct vcpu *v, const struct insn *i, unsigned n)
{
    if (i->opd[n].kind == OPD_IMM)
        return i->imm & 0xff;
    return (uint16_t)v->gpr[R_EDX];
}

bool interp_in(struct vcpu *v, const struct insn *i)
{
    uint32_t x;
    if (!priv_in(v, port_operand(v, i, 1), i->opd[0].size, &x))
        return false;
    gpr_write(v, R_EAX, i->opd[0].size, x);
    return true;
}

bool interp_out(struct vcpu *v, const struct insn *i)
{
    unsigned size = i->opd[1].size;
    return priv_out(v, port_operand(v, i, 0), size, gpr_read(v, R_EAX, size));
}

static void store_pair(struct vcpu *v, uint64_t x)
{
    v->gpr[R_EAX] = (uint32_t)x;
    v->gpr[R_EDX] = (uint32_t)(x >> 32);
}

bool interp_rdtsc(struct vcpu *v, const struct insn *i)
{
    (void)i;
    if ((v->cr4 & CR4_TSD) && v->cpl > 0)
        return vcpu_raise_error(v, VEC_GP, 0);
    store_pair(v, priv_tsc(v));
    return true;
}

/* The guest's CPUID shows no performance counters, so every index is a bad one. */
bool interp_rdpmc(struct vcpu *v, const struct insn *i)
{
    (void)i;
    return vcpu_raise_error(v, VEC_GP, 0);
}

bool interp_rdmsr(struct vcpu *v, const struct insn *i)
{
    uint64_t x;
    (void)i;
    if (!priv_read_msr(v, v->gpr[R_ECX], &x))
        return false;
    store_pair(v, x);
    return true;
}

bool interp_wrmsr(struct vcpu *v, const struct insn *i)
{
    (void)i;
    return priv_write_msr(v, v->gpr[R_ECX], (uint64_t)v->gpr[R_EDX] << 32 | v->gpr[R_EAX]);
}

bool interp_cpuid(struct vcpu *v, const struct insn *i)
{
    uint32_t regs[4];
    (void)i;
    priv_cpuid(v, v->gpr[R_EAX], v->gpr[R_ECX], regs);
    v->gpr[R_EAX] = regs[0];
    v->gpr[R_EBX] = regs[1];
    v->gpr[R_ECX] = regs[2];
    v->gpr[R_EDX] = regs[3];
    return true;
}

/* A call of the monitor, in the guest's kernel alone (abi.h). */
bool interp_vmcall(struct vcpu *v, const struct insn *i)
{
    (void)i;
    if (v->cpl)
        return vcpu_raise(v, VEC_UD);
    hypercall(v);
    return true;
}
