/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Operands to values and back. A memory access goes segment, alignment, page, in this order: that
 * #AC comes before #PF is what hardware does, whatever SDM 3A table 6-2 says. Knows no
 * operation; read alu.c next.
 */
#include "monitor/interp/operand.h"

#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/segment.h"
#include "monitor/vmem.h"

uint32_t gpr_read(const struct vcpu *v, unsigned reg, unsigned size)
{
    if (size == 4)
        return v->gpr[reg & 7];
    if (size == 2)
        return v->gpr[reg & 7] & 0xffff;
    return v->gpr[reg & 3] >> (reg & 4 ? 8 : 0) & 0xff;
}

void gpr_write(struct vcpu *v, unsigned reg, unsigned size, uint32_t value)
{
    if (size == 4) {
        v->gpr[reg & 7] = value;
        return;
    }
    unsigned shift = size == 1 && (reg & 4) ? 8 : 0;
    uint32_t mask = size_mask(size) << shift;
    uint32_t *r = &v->gpr[size == 1 ? reg & 3 : reg & 7];
    *r = (*r & ~mask) | (value << shift & mask);
}

uint32_t operand_offset(const struct vcpu *v, const struct insn *i)
{
    const struct mem_operand *m = &i->mem;
    uint32_t off = (uint32_t)m->disp;
    if (m->base != R_NONE)
        off += v->gpr[m->base & 7];
    if (m->index != R_NONE)
        off += v->gpr[m->index & 7] * m->scale;
    return i->addrsize == 2 ? off & 0xffff : off;
}

/* #AC for a misaligned access of the sizes that have an alignment (SDM 3A table 6-7); the x87's ten
 * bytes have eight's. */
static bool misaligned(const struct vcpu *v, gva_t linear, unsigned len)
{
    unsigned want = len == 10 ? 8 : len;
    if (!(v->cr0 & CR0_AM) || (want & (want - 1)))
        return false;
    return want <= 8 && (linear.v & (want - 1));
}

bool mem_linear(struct vcpu *v, unsigned seg, uint32_t off, unsigned len, unsigned access,
                gva_t *linear)
{
    const struct segment *s = &v->seg[seg];
    if (segment_unlimited(s))
        *linear = gva(s->base + off);
    else if (!segment_check(v, (enum sreg)seg, off, len, access, linear))
        return false;
    if (v->cpl == 3 && (v->eflags & FL_AC) && misaligned(v, *linear, len))
        return vcpu_raise_error(v, VEC_AC, 0);
    return true;
}

bool mem_read(struct vcpu *v, unsigned seg, uint32_t off, void *buf, unsigned len, unsigned access)
{
    gva_t linear;
    return mem_linear(v, seg, off, len, access, &linear) &&
           vmem_read(v, linear, buf, len, access | access_rights(v));
}

bool mem_write(struct vcpu *v, unsigned seg, uint32_t off, const void *buf, unsigned len)
{
    gva_t linear;
    return mem_linear(v, seg, off, len, PF_W, &linear) &&
           vmem_write(v, linear, buf, len, PF_W | access_rights(v));
}

bool mem_probe_write(struct vcpu *v, unsigned seg, uint32_t off, unsigned len)
{
    gva_t linear;
    return mem_linear(v, seg, off, len, PF_W, &linear) &&
           vmem_probe(v, linear, len, PF_W | access_rights(v));
}

bool operand_read_any(struct vcpu *v, const struct insn *i, unsigned n, uint32_t *out)
{
    const struct operand *o = &i->opd[n];
    switch (o->kind) {
    case OPD_MEM:
        *out = 0;
        return mem_read(v, i->mem.seg, operand_offset(v, i), out, o->size,
                        o->access & ACC_WRITE ? PF_W : 0);
    case OPD_GPR:
        *out = gpr_read(v, o->reg, o->size);
        return true;
    case OPD_IMM:
    case OPD_REL:
        *out = i->imm;
        return true;
    case OPD_IMM2:
        *out = i->imm2;
        return true;
    default:
        panic("%s: operand %u of kind %u has no value", op_name((enum op)i->op), n, o->kind);
    }
}

bool operand_write_any(struct vcpu *v, const struct insn *i, unsigned n, uint32_t value)
{
    const struct operand *o = &i->opd[n];
    if (o->kind == OPD_MEM)
        return mem_write(v, i->mem.seg, operand_offset(v, i), &value, o->size);
    if (o->kind != OPD_GPR)
        panic("%s: operand %u of kind %u written", op_name((enum op)i->op), n, o->kind);
    gpr_write(v, o->reg, o->size, value);
    return true;
}

bool operand_read_far(struct vcpu *v, const struct insn *i, uint32_t *off, uint16_t *sel)
{
    uint32_t where = operand_offset(v, i);
    *off = 0;
    return mem_read(v, i->mem.seg, where, off, i->opsize, 0) &&
           mem_read(v, i->mem.seg, (where + i->opsize) & size_mask(i->addrsize), sel, 2, 0);
}
