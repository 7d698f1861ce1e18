/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Operands of an instruction as values: registers, immediates, and memory behind the checks
 * of segmentation, paging and alignment. The frequent cases are inline because the
 * interpreter spends most of its life here; everything else is in operand.c.
 * Functions that return bool fail with v->exc set and nothing changed.
 */
#ifndef RING1_INTERP_OPERAND_H
#define RING1_INTERP_OPERAND_H

#include "bt/decode/insn.h"
#include "monitor/vcpu.h"

/* All ones of an operand or address SIZE of 1, 2 or 4 bytes. */
static inline uint32_t size_mask(unsigned size)
{
    return 0xffffffffu >> (32 - 8 * size);
}

/* VALUE of SIZE bytes, its sign carried to 32 bits. */
static inline uint32_t sign_extend(uint32_t value, unsigned size)
{
    unsigned shift = 32 - 8 * size;
    return (uint32_t)((int32_t)(value << shift) >> shift);
}

/* General registers: REG of SIZE 1 (4-7 = AH..BH), 2 or 4. The rest of it is kept. */
uint32_t gpr_read(const struct vcpu *v, unsigned reg, unsigned size);
void gpr_write(struct vcpu *v, unsigned reg, unsigned size, uint32_t value);

/* The offset that the memory operand names, wrapped to the address size. */
uint32_t operand_offset(const struct vcpu *v, const struct insn *i);

/* May [OFF, OFF+LEN) of SEG be accessed so (0 or PF_W)? The linear address goes to *LINEAR.
 * Checks the segment, not yet the page; and alignment, with #AC. */
bool mem_linear(struct vcpu *v, unsigned seg, uint32_t off, unsigned len, unsigned access,
                gva_t *linear);

/* A writable expand-up data segment without a limit, which no offset can violate: what nearly
 * every access meets. */
static inline bool segment_unlimited(const struct segment *s)
{
    const uint32_t mask = SA_CODE | SA_DC | SA_RW | SA_S | SA_P | SA_NULL;
    return s->limit == 0xffffffffu && (s->attr & mask) == (SA_RW | SA_S | SA_P);
}

/* Guest memory at SEG:OFF with the rights of the current privilege level. ACCESS of a
 * read is PF_W if the same bytes will be written next: the write then cannot fail. */
bool mem_read(struct vcpu *v, unsigned seg, uint32_t off, void *buf, unsigned len, unsigned access);
bool mem_write(struct vcpu *v, unsigned seg, uint32_t off, const void *buf, unsigned len);

/* The far pointer in I's memory operand, an offset of the operand size and a selector: two reads,
 * each with its own alignment (SDM 3A table 6-7). */
bool operand_read_far(struct vcpu *v, const struct insn *i, uint32_t *off, uint16_t *sel);

/* Would mem_write fail? Raises what it would. */
bool mem_probe_write(struct vcpu *v, unsigned seg, uint32_t off, unsigned len);

/* Operand N of any kind but GPR of four bytes and immediate; use the inline ones below. */
bool operand_read_any(struct vcpu *v, const struct insn *i, unsigned n, uint32_t *out);
bool operand_write_any(struct vcpu *v, const struct insn *i, unsigned n, uint32_t value);

/* Operand N, zero-extended (an immediate: as decoded). One that the instruction also writes
 * is checked for the write too. */
static inline bool operand_read(struct vcpu *v, const struct insn *i, unsigned n, uint32_t *out)
{
    const struct operand *o = &i->opd[n];
    if (o->kind == OPD_GPR && o->size == 4) {
        *out = v->gpr[o->reg & 7];
        return true;
    }
    if (o->kind == OPD_IMM) {
        *out = i->imm;
        return true;
    }
    return operand_read_any(v, i, n, out);
}

/* Stores the low bytes of VALUE to operand N, a register or memory. */
static inline bool operand_write(struct vcpu *v, const struct insn *i, unsigned n, uint32_t value)
{
    const struct operand *o = &i->opd[n];
    if (o->kind == OPD_GPR && o->size == 4) {
        v->gpr[o->reg & 7] = value;
        return true;
    }
    return operand_write_any(v, i, n, value);
}

/* The access bits of the current privilege level, for vmem. */
static inline unsigned access_rights(const struct vcpu *v)
{
    return v->cpl == 3 ? PF_U : 0;
}

/* Virtual-8086 mode with IOPL below 3: PUSHF, POPF, INT n and IRET raise #GP(0)
 * (SDM 3B 20.2.7; VME is not offered). Always false with the exception raised. */
static inline bool v86_sensitive(const struct vcpu *v)
{
    return vcpu_v86(v) && vcpu_iopl(v) < 3;
}

#endif
