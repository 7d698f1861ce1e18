/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pushes and pops. The guest's ESP is R14 + t->delta while a block is made: a run of them adjusts
 * R14 once, where something needs it whole (esp_settle). Each instruction's load or store, which
 * may fault, comes before the change of t->delta, and every record carries it.
 */
#include "bt/translation.h"

/* Records hold the adjustment in 8 bits. */
#define MAX_DELTA 64

unsigned host_gpr(unsigned r)
{
    return r == R_ESP ? (unsigned)H_R14 : r;
}

void esp_settle(struct translation *t, uint32_t eip)
{
    if (!t->delta)
        return;
    t->changes |= CHANGE_SETTLED;
    record(t, eip, 0, UNWIND_EIP);
    emit_lea(&t->code, H_R14, H_R14, H_NONE, 1, t->delta);
    t->delta = 0;
    record(t, eip, 0, UNWIND_EIP);
}

void move_esp(struct translation *t, int bytes)
{
    t->delta += bytes;
    if (t->delta > MAX_DELTA || t->delta < -MAX_DELTA)
        esp_settle(t, t->next);
}

enum end push(struct translation *t)
{
    const struct operand *o = &t->insn.opd[0];
    if (t->insn.opsize != 4)
        return callout_for(t, WHY_STACK_SIZE);
    if (o->kind == OPD_GPR && o->reg == R_ESP)
        esp_settle(t, t->eip);
    record(t, t->eip, 0, UNWIND_EIP);
    if (o->kind == OPD_GPR) {
        emit_store_guest(&t->code, H_R14, t->delta - 4, host_gpr(o->reg));
    } else if (o->kind == OPD_IMM) {
        emit_store_guest_imm(&t->code, H_R14, t->delta - 4, t->insn.imm);
    } else {
        if (!ident_load(t, H_R8))
            return callout(t);
        emit_store_guest(&t->code, H_R14, t->delta - 4, H_R8);
    }
    move_esp(t, -4);
    return END_NO;
}

/* The address is computed with the ESP behind the pop. */
static enum end pop_memory(struct translation *t)
{
    if (t->insn.mem.base == R_ESP)
        t->insn.mem.disp = (int32_t)((uint32_t)t->insn.mem.disp + 4);
    emit_load_guest(&t->code, H_R11, H_R14, t->delta);
    if (!ident_store(t, H_R11, 4))
        return callout(t);
    move_esp(t, 4);
    return END_NO;
}

enum end pop(struct translation *t)
{
    const struct operand *o = &t->insn.opd[0];
    if (t->insn.opsize != 4)
        return callout_for(t, WHY_STACK_SIZE);
    record(t, t->eip, 0, UNWIND_EIP);
    if (o->kind != OPD_GPR)
        return pop_memory(t);
    emit_load_guest(&t->code, host_gpr(o->reg), H_R14, t->delta);
    if (o->reg == R_ESP)
        t->delta = 0;
    else
        move_esp(t, 4);
    return END_NO;
}

/* ESP = EBP, pop EBP: the load is what commits; the ESP to be waits in R9. */
enum end leave(struct translation *t)
{
    if (t->insn.opsize != 4)
        return callout_for(t, WHY_STACK_SIZE);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_lea(&t->code, H_R9, H_RBP, H_NONE, 1, 4);
    emit_load_guest(&t->code, H_RBP, H_RBP, 0);
    t->delta = 0;
    record(t, t->next, 0, UNWIND_ESP_R9);
    emit_mov_reg(&t->code, H_R14, H_R9);
    return END_NO;
}

uint32_t selector_offset(unsigned sreg)
{
    return (uint32_t)(offsetof(struct vcpu, seg) + sreg * sizeof(struct segment) +
                      offsetof(struct segment, sel));
}

enum end push_sreg(struct translation *t)
{
    if (t->insn.opsize != 4)
        return callout_for(t, WHY_STACK_SIZE);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_load_vcpu16(&t->code, H_R8, selector_offset(t->insn.opd[0].reg));
    emit_store_guest(&t->code, H_R14, t->delta - 4, H_R8);
    move_esp(t, -4);
    return END_NO;
}

/*
 * RFLAGS in ring 1 hold the guest's arithmetic flags and DF, IF = 1 and bit 1, and nothing else;
 * the vcpu's image holds all the rest but IF. So the sum of disjoint parts is the guest's EFLAGS.
 */
void emit_flags_image(struct translation *t)
{
    struct code *c = &t->code;
    emit8(c, 0x9c); /* pushfq; pop r8: on the host stack */
    record(t, t->eip, 0, UNWIND_PUSHED);
    emit8(c, 0x41);
    emit8(c, 0x58);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_load_vcpu(c, H_R9, offsetof(struct vcpu, eflags));
    emit_load_vcpu8(c, H_R10, offsetof(struct vcpu, vif));
    for (unsigned i = 0; i < 3; i++)
        emit_lea(c, H_R10, H_NONE, H_R10, 8, 0); /* 0 or 1 becomes 0 or FL_IF */
    emit_lea(c, H_R8, H_R8, H_R9, 1, -(int32_t)(FL_IF | FL_ONE));
    emit_lea(c, H_R8, H_R8, H_R10, 1, 0);
}

enum end pushf(struct translation *t)
{
    if (t->insn.opsize != 4)
        return callout_for(t, WHY_STACK_SIZE);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_flags_image(t);
    emit_store_guest(&t->code, H_R14, t->delta - 4, H_R8);
    move_esp(t, -4);
    return END_NO;
}
