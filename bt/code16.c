/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * 16-bit code, in real mode and in 16-bit segments: addresses of 16 bits, the stack by SP, branches
 * by IP. No segment is flat there: an operand's offset is computed in 16 bits, and the place of its
 * segment, a word of the vcpu, is added in 64. A segment that does not hold all that 16 bits reach
 * has a place outside the guest's 4 GiB, where the access faults and is interpreted; so has every
 * segment in a second row of places, which an operand gets that ends behind 64 KiB. Guest addresses
 * in here are linear ones, as everywhere in bt/: the base of CS is the block's own (lookup.h).
 */
#include "bt/code16.h"

#define PLACE_ROW 0x100u
_Static_assert(sizeof((struct vcpu *)0)->place16[0] == PLACE_ROW, "emit_place");

bool leaves_segment(const struct translation *t)
{
    return is_code16(t) && t->next - t->base > 0xffff;
}

/* ---- Operands ------------------------------------------------------------- */

/*
 * PLACE = the place of SEG for SIZE bytes at offset OFF, two registers from R8 on. The sum of OFF
 * and SIZE - 1 has bit 16 set if the operand ends behind 64 KiB; turned about, that is 100h.
 */
static void emit_place(struct code *c, unsigned place, unsigned off, unsigned seg, unsigned size)
{
    uint32_t where = (uint32_t)(offsetof(struct vcpu, place16) + 8 * seg);
    if (size == 1) {
        emit_load_vcpu64(c, place, where);
        return;
    }
    emit_lea(c, place, off, H_NONE, 1, (int32_t)size - 1);
    emit_bswap(c, place);
    emit_movzx16(c, place, place);
    emit_load_vcpu64_at(c, place, place, where);
}

/* Bytes of the memory operand; 0 for those that have none of the usual sizes, or more than one
 * place: FPU environments, bit strings. */
static unsigned operand_size(const struct insn *i)
{
    if (i->op >= OP_BT && i->op <= OP_BTC && i->opd[1].kind == OPD_GPR)
        return 0;
    for (unsigned n = 0; n < i->nopd; n++) {
        unsigned size = i->opd[n].size;
        if (i->opd[n].kind == OPD_MEM)
            return size <= 16 && (size == 10 || !(size & (size - 1))) ? size : 0;
    }
    return 0;
}

bool operand16(struct translation *t, unsigned reg, bool store, struct mem_form *m)
{
    const struct mem_operand *g = &t->insn.mem;
    unsigned base = host_base(g->base), index = host_base(g->index), size = operand_size(&t->insn);
    if (!is_code16(t))
        return refuse(t, WHY_ADDRESS16);
    if (t->insn.op == OP_LEA) { /* of 16 bits: those of the sum */
        *m = (struct mem_form){reg, base, index, 1, g->disp, false, false};
        return t->insn.opsize == 2 || refuse(t, WHY_ADDRESS16);
    }
    if (!size)
        return refuse(t, WHY_ADDRESS16);
    if ((g->seg == S_CS && store) || by_address(t))
        return refuse(t, WHY_SEGMENT);
    t->changes |= CHANGE_OFFSET16;
    emit_lea(&t->code, H_R9, base, index, 1, g->disp);
    emit_movzx16(&t->code, H_R9, H_R9);
    emit_place(&t->code, H_R8, H_R9, g->seg, size);
    *m = (struct mem_form){reg, H_R8, H_R9, 1, 0, false, true};
    return true;
}

/* ---- The stack ------------------------------------------------------------- */

/* R11 + R10 = where SIZE bytes lie at SP, that of register FROM, or below it; R9D = the ESP to be,
 * MOVE bytes on. */
static struct mem_form stack_slot(struct translation *t, unsigned from, int move, unsigned size)
{
    struct code *c = &t->code;
    emit_lea(c, H_R10, from, H_NONE, 1, move);
    emit_mov_reg(c, H_R9, H_R14);
    emit_mov_low(c, H_R9, H_R10);
    emit_movzx16(c, H_R10, move < 0 ? (unsigned)H_R10 : from);
    emit_place(c, H_R11, H_R10, S_SS, size);
    return (struct mem_form){.base = H_R11, .index = H_R10, .scale = 1, .guest = true};
}

/* [ESCAPE] OPCODE REG, M with operands of SIZE bytes. */
static void emit_access(struct code *c, unsigned opcode, unsigned reg, struct mem_form m,
                        unsigned size)
{
    m.reg = reg;
    emit_mem_prefixes(c, &m);
    if (size == 2)
        emit8(c, 0x66);
    emit8(c, emit_rex(&m, false));
    if (opcode > 0xff)
        emit8(c, 0x0f);
    emit8(c, (uint8_t)opcode);
    emit_modrm_mem(c, &m);
}

/* What was stored or loaded is done but for ESP; the guest goes on at EIP, as HOW says. */
static void commit_esp(struct translation *t, uint32_t eip, unsigned how)
{
    record(t, eip, 0, how | UNWIND_ESP_R9);
    emit_mov_reg(&t->code, H_R14, H_R9);
    record(t, eip, 0, how);
}

static void push_register(struct translation *t, unsigned r)
{
    unsigned size = t->insn.opsize;
    emit_access(&t->code, 0x89, r, stack_slot(t, H_R14, -(int)size, size), size);
    commit_esp(t, t->next, UNWIND_EIP);
}

static void push_immediate(struct translation *t, uint32_t imm, uint32_t eip, unsigned how)
{
    unsigned size = t->insn.opsize;
    emit_access(&t->code, 0xc7, 0, stack_slot(t, H_R14, -(int)size, size), size);
    for (unsigned n = 0; n < size; n++)
        emit8(&t->code, (uint8_t)(imm >> 8 * n));
    commit_esp(t, eip, how);
}

enum end push16(struct translation *t)
{
    const struct operand *o = &t->insn.opd[0];
    record(t, t->eip, 0, UNWIND_EIP);
    if (o->kind == OPD_IMM) {
        push_immediate(t, t->insn.imm, t->next, UNWIND_EIP);
    } else if (o->kind == OPD_GPR) {
        push_register(t, host_gpr(o->reg));
    } else {
        if (!(t->insn.opsize == 2 ? ident_load16 : ident_load)(t, H_R8))
            return callout(t);
        push_register(t, H_R8);
    }
    return END_NO;
}

enum end push_sreg16(struct translation *t)
{
    record(t, t->eip, 0, UNWIND_EIP);
    emit_load_vcpu16(&t->code, H_R8, selector_offset(t->insn.opd[0].reg));
    push_register(t, H_R8);
    return END_NO;
}

enum end pushf16(struct translation *t)
{
    record(t, t->eip, 0, UNWIND_EIP);
    emit_flags_image(t);
    push_register(t, H_R8);
    return END_NO;
}

enum end pop16(struct translation *t)
{
    const struct operand *o = &t->insn.opd[0];
    unsigned size = t->insn.opsize;
    if (o->kind != OPD_GPR)
        return callout_for(t, WHY_SEGMENT);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_access(&t->code, 0x8b, host_gpr(o->reg), stack_slot(t, H_R14, (int)size, size), size);
    if (o->reg != R_ESP)
        commit_esp(t, t->next, UNWIND_EIP);
    return END_NO;
}

enum end leave16(struct translation *t)
{
    unsigned size = t->insn.opsize;
    record(t, t->eip, 0, UNWIND_EIP);
    emit_access(&t->code, 0x8b, H_RBP, stack_slot(t, H_RBP, (int)size, size), size);
    commit_esp(t, t->next, UNWIND_EIP);
    return END_NO;
}

/* ---- Branches --------------------------------------------------------------- */

void push_return16(struct translation *t, uint32_t eip, unsigned how)
{
    push_immediate(t, t->next - t->base, eip, how);
}

void pop_return16(struct translation *t, int extra)
{
    struct code *c = &t->code;
    emit_access(c, 0x0fb7, H_R8, stack_slot(t, H_R14, 2 + extra, 2), 4);
    emit_lea(c, H_R8, H_R8, H_NONE, 1, (int32_t)t->base);
    emit_mov_reg(c, H_R14, H_R9);
}

/* A jump of the guest's, taken here. */
static void emit_taken(struct translation *t)
{
    record(t, branch_target(t), 0, UNWIND_EIP);
    emit8(&t->code, 0xe9);
    emit_target(t, branch_target(t));
}

static enum end jcxz16(struct translation *t)
{
    struct code *c = &t->code;
    emit_mov_reg(c, H_R11, H_RCX);
    record(t, t->eip, 0, UNWIND_ECX_R11);
    emit_movzx16(c, H_R10, H_RCX);
    emit_mov_reg(c, H_RCX, H_R10);
    uint32_t zero = emit_jrcxz8(c);
    emit_mov_reg(c, H_RCX, H_R11);
    record(t, t->next, 0, UNWIND_EIP);
    uint32_t over = emit_jmp8(c);
    emit_patch8(c, zero);
    record(t, branch_target(t), 0, UNWIND_ECX_R11);
    emit_mov_reg(c, H_RCX, H_R11);
    emit_taken(t);
    emit_patch8(c, over);
    return END_NO;
}

/* The count's upper half stays. R11 is ECX as it was until the new one is in place. */
static enum end loop16(struct translation *t)
{
    struct code *c = &t->code;
    emit_mov_reg(c, H_R11, H_RCX);
    record(t, t->eip, 0, UNWIND_ECX_R11);
    emit_lea(c, H_R10, H_RCX, H_NONE, 1, -1);
    emit_movzx16(c, H_R10, H_R10);
    emit_mov_reg(c, H_RCX, H_R10);
    uint32_t zero = emit_jrcxz8(c);
    emit_mov_reg(c, H_RCX, H_R11);
    emit_mov_low(c, H_RCX, H_R10);
    emit_taken(t);
    emit_patch8(c, zero);
    record(t, t->eip, 0, UNWIND_ECX_R11);
    emit_lea(c, H_RCX, H_R11, H_NONE, 1, -1); /* it was 1: nothing is borrowed */
    return END_NO;
}

enum end jump_on_count16(struct translation *t)
{
    if (!is_code16(t) || (t->insn.op != OP_JCXZ && t->insn.op != OP_LOOP))
        return callout_for(t, WHY_ADDRESS16);
    record(t, t->eip, 0, UNWIND_EIP);
    return t->insn.op == OP_JCXZ ? jcxz16(t) : loop16(t);
}
