/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * x87, MMX and SSE: availability, then one instruction on the host CPU with its memory
 * operand in a buffer here. The guest's FPU state is the host's own while the guest
 * runs, so nothing is loaded or saved. What the operation computes is not known here.
 */
#include "monitor/interp/fpu.h"

#include "monitor/host.h"
#include "monitor/interp/fpu_stub.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/priv.h"

/* #NM or #UD as SDM 3A 2.5 and table 13-1 of 3A say, by the family. */
bool fpu_available(struct vcpu *v, const struct insn *i)
{
    bool x87 = i->op == OP_X87 || i->op == OP_FXSAVE || i->op == OP_FXRSTOR;
    bool sse = !x87 && i->op != OP_MMX;
    if (!x87 && (v->cr0 & CR0_EM))
        return vcpu_raise(v, VEC_UD);
    if (sse && !(v->cr4 & CR4_OSFXSR))
        return vcpu_raise(v, VEC_UD);
    if (v->cr0 & (CR0_EM | CR0_TS))
        return vcpu_raise(v, VEC_NM);
    return true;
}

bool fpu_aligned16(struct vcpu *v, const struct insn *i)
{
    uint32_t linear = v->seg[i->mem.seg % S_COUNT].base + operand_offset(v, i);
    if (!(i->flags & INSN_ALIGN16) || !(linear & 15))
        return true;
    return vcpu_raise_error(v, VEC_GP, 0);
}

/* An error of an earlier instruction is #MF or, without CR0.NE, an interrupt of the board's: then
 * the instruction waits for it, no exception is raised and nothing is done (SDM 3A 8.7 and appendix
 * D of volume 1). */
static bool run_code(struct vcpu *v, const uint8_t *code, unsigned len, void *mem)
{
    int vector = host_fpu_run(v, code, len, mem);
    if (vector < 0)
        return true;
    if (vector == VEC_PF || vector == VEC_SS)
        panic("host FPU code faulted with vector %d at eip %x", vector, v->eip);
    if (vector == VEC_GP || vector == VEC_AC)
        return vcpu_raise_error(v, (uint8_t)vector, 0);
    if (vector == VEC_MF && !(v->cr0 & CR0_NE)) {
        priv_fpu_error(v);
        return false;
    }
    return vcpu_raise(v, (uint8_t)vector);
}

bool fpu_run(struct vcpu *v, const struct insn *i, void *mem)
{
    uint8_t code[INSN_MAX];
    return run_code(v, code, fpu_stub_build(code, i), mem);
}

static const struct operand *memory_operand(const struct insn *i)
{
    for (unsigned n = 0; n < i->nopd; n++)
        if (i->opd[n].kind == OPD_MEM)
            return &i->opd[n];
    return NULL;
}

/* An x87 store with an unmasked exception stores nothing and traps at the next x87 instruction:
 * so the buffer holds the old bytes first. SSE faults instead, and its stores need not read. */
static bool prepare_store(struct vcpu *v, const struct insn *i, uint32_t off, void *buf,
                          unsigned size)
{
    if (i->op == OP_X87)
        return mem_read(v, i->mem.seg, off, buf, size, PF_W);
    return mem_probe_write(v, i->mem.seg, off, size);
}

static bool run_with_memory(struct vcpu *v, const struct insn *i, const struct operand *o)
{
    uint8_t buf[FPU_OPERAND_MAX] __attribute__((aligned(64)));
    uint32_t off = operand_offset(v, i);
    bool store = o->access & ACC_WRITE;
    if (o->size > sizeof buf)
        panic("%s with %u bytes of memory", op_name((enum op)i->op), o->size);
    if (!fpu_aligned16(v, i))
        return false;
    if (!(store ? prepare_store(v, i, off, buf, o->size)
                : mem_read(v, i->mem.seg, off, buf, o->size, 0)))
        return false;
    if (!fpu_run(v, i, buf))
        return false;
    return !store || mem_write(v, i->mem.seg, off, buf, o->size);
}

/*
 * MASKMOVQ and MASKMOVDQU: the bytes of operand 0 whose byte in operand 1 has bit 7 set go to
 * memory at EDI. Both registers are fetched from the host and merged here; a mask of zero
 * touches no memory, as the manual allows.
 */
static bool masked_store(struct vcpu *v, const struct insn *i)
{
    uint8_t data[16] __attribute__((aligned(64))), mask[16] __attribute__((aligned(64)));
    uint8_t code[INSN_MAX], old[16], any = 0;
    enum operand_kind kind = (enum operand_kind)i->opd[0].kind;
    unsigned size = kind == OPD_MM ? 8 : 16;
    if (!run_code(v, code, fpu_stub_store(code, kind, i->opd[0].reg), data) ||
        !run_code(v, code, fpu_stub_store(code, kind, i->opd[1].reg), mask))
        return false;
    for (unsigned n = 0; n < size; n++)
        any |= mask[n] & 0x80;
    if (!any)
        return true;
    uint32_t off = operand_offset(v, i);
    if (!mem_read(v, i->mem.seg, off, old, size, PF_W))
        return false;
    for (unsigned n = 0; n < size; n++)
        old[n] = mask[n] & 0x80 ? data[n] : old[n];
    return mem_write(v, i->mem.seg, off, old, size);
}

bool interp_fpu(struct vcpu *v, const struct insn *i)
{
    uint8_t unused[64] __attribute__((aligned(64)));
    if (!fpu_available(v, i))
        return false;
    if (i->flags & INSN_IMPLICIT_MEM)
        return masked_store(v, i);
    const struct operand *o = memory_operand(i);
    return o ? run_with_memory(v, i, o) : fpu_run(v, i, unused);
}

/* #NM needs both MP and TS; else a pending x87 exception of the host is the guest's. */
bool interp_wait(struct vcpu *v, const struct insn *i)
{
    uint8_t unused[64] __attribute__((aligned(64)));
    (void)i;
    if ((v->cr0 & CR0_MP) && (v->cr0 & CR0_TS))
        return vcpu_raise(v, VEC_NM);
    return run_code(v, (const uint8_t[]){0x9b}, 1, unused);
}
