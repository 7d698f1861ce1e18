/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One function an operation that cannot be copied: stack, jumps, flags, segment and control
 * register reads. A table says which; what is in it neither as a rewrite nor as a callout is copied
 * (ident.c). Within one instruction the host instruction that changes guest state comes last, or an
 * unwind record says what is still owed (cache.h).
 */
#include "bt/translation.h"

enum end callout(struct translation *t)
{
    t->bt->callouts++;
    if (t->bt->count && t->nmade)
        emit_count(t, -1); /* the interpreter runs it */
    record(t, t->eip, 0, UNWIND_EIP);
    emit_gate(&t->code, TC_EXIT_INTERP);
    return END_BLOCK;
}

static enum end copy(struct translation *t)
{
    record(t, t->eip, 0, UNWIND_EIP);
    return ident(t) ? END_NO : callout(t);
}

/* ---- Stack ---------------------------------------------------------------- */

/* The store has been made; ESP follows. A stop before it has the push behind it. */
static void push_done(struct translation *t, uint32_t eip, unsigned how)
{
    record(t, eip, -4, how);
    emit_lea(&t->code, H_R14, H_R14, H_NONE, 1, -4);
}

static void pop_done(struct translation *t, int bytes)
{
    emit_lea(&t->code, H_R14, H_R14, H_NONE, 1, bytes);
}

static unsigned host_gpr(unsigned r)
{
    return r == R_ESP ? (unsigned)H_R14 : r;
}

static enum end push(struct translation *t)
{
    const struct operand *o = &t->insn.opd[0];
    if (t->insn.opsize != 4)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    if (o->kind == OPD_GPR) {
        emit_store_guest(&t->code, H_R14, -4, host_gpr(o->reg));
    } else if (o->kind == OPD_IMM) {
        emit_store_guest_imm(&t->code, H_R14, -4, t->insn.imm);
    } else {
        if (!ident_load(t, H_R8))
            return callout(t);
        emit_store_guest(&t->code, H_R14, -4, H_R8);
    }
    push_done(t, t->next, UNWIND_EIP);
    return END_NO;
}

static enum end pop(struct translation *t)
{
    const struct operand *o = &t->insn.opd[0];
    if (t->insn.opsize != 4)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    if (o->kind == OPD_GPR && o->reg == R_ESP) {
        emit_load_guest(&t->code, H_R14, H_R14, 0);
        return END_NO;
    }
    if (o->kind == OPD_GPR) {
        emit_load_guest(&t->code, o->reg, H_R14, 0);
    } else {
        /* The address is computed with the ESP behind the pop. */
        if (t->insn.mem.base == R_ESP)
            t->insn.mem.disp = (int32_t)((uint32_t)t->insn.mem.disp + 4);
        emit_load_guest(&t->code, H_R11, H_R14, 0);
        if (!ident_store(t, H_R11, 4))
            return callout(t);
    }
    record(t, t->next, 4, UNWIND_EIP);
    pop_done(t, 4);
    return END_NO;
}

/* ESP = EBP, pop EBP: the load is what commits; the ESP to be waits in R9. */
static enum end leave(struct translation *t)
{
    if (t->insn.opsize != 4)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_lea(&t->code, H_R9, H_RBP, H_NONE, 1, 4);
    emit_load_guest(&t->code, H_RBP, H_RBP, 0);
    record(t, t->next, 0, UNWIND_ESP_R9);
    emit_mov_reg(&t->code, H_R14, H_R9);
    return END_NO;
}

static uint32_t selector_offset(unsigned sreg)
{
    return (uint32_t)(offsetof(struct vcpu, seg) + sreg * sizeof(struct segment) +
                      offsetof(struct segment, sel));
}

static enum end push_sreg(struct translation *t)
{
    if (t->insn.opsize != 4)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_load_vcpu16(&t->code, H_R8, selector_offset(t->insn.opd[0].reg));
    emit_store_guest(&t->code, H_R14, -4, H_R8);
    push_done(t, t->next, UNWIND_EIP);
    return END_NO;
}

/*
 * RFLAGS in ring 1 hold the guest's arithmetic flags and DF, IF = 1 and bit 1, and nothing else;
 * the vcpu's image holds all the rest but IF. So the sum of disjoint parts is the guest's EFLAGS.
 */
static enum end pushf(struct translation *t)
{
    struct code *c = &t->code;
    if (t->insn.opsize != 4)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit8(c, 0x9c); /* pushfq; pop r8: on the host stack */
    emit8(c, 0x41);
    emit8(c, 0x58);
    emit_load_vcpu(c, H_R9, offsetof(struct vcpu, eflags));
    emit_load_vcpu8(c, H_R10, offsetof(struct vcpu, vif));
    for (unsigned i = 0; i < 3; i++)
        emit_lea(c, H_R10, H_NONE, H_R10, 8, 0); /* 0 or 1 becomes 0 or FL_IF */
    emit_lea(c, H_R8, H_R8, H_R9, 1, -(int32_t)(FL_IF | FL_ONE));
    emit_lea(c, H_R8, H_R8, H_R10, 1, 0);
    emit_store_guest(c, H_R14, -4, H_R8);
    push_done(t, t->next, UNWIND_EIP);
    return END_NO;
}

/* ---- Jumps ---------------------------------------------------------------- */

static uint32_t target(const struct translation *t)
{
    return t->next + t->insn.imm;
}

/* Backwards in the block, or out of it. A jump forward is a way out too: what lies behind it is
 * seldom reached from before it. */
static void emit_jump(struct translation *t)
{
    if (target(t) > t->eip || target(t) < t->b->eip) {
        emit_exit(t, target(t));
        return;
    }
    emit8(&t->code, 0xe9);
    emit_target(t, target(t));
}

static enum end jmp(struct translation *t)
{
    if (t->insn.opsize != 4)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_jump(t);
    return END_BLOCK;
}

static enum end jcc(struct translation *t)
{
    if (t->insn.opsize != 4)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit8(&t->code, 0x0f);
    emit8(&t->code, 0x80 | t->insn.cond);
    emit_target(t, target(t));
    return END_NO;
}

/* JECXZ and LOOPcc: the instruction itself, over a short jump. LOOP has counted when it jumps. */
static enum end jump_on_count(struct translation *t)
{
    if (t->insn.opsize != 4 || t->insn.addrsize != 4)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit8(&t->code, 0x67);
    emit8(&t->code, t->insn.opcode);
    emit8(&t->code, 2);
    record(t, t->next, 0, UNWIND_EIP);
    uint32_t over = emit_jmp8(&t->code);
    record(t, target(t), 0, UNWIND_EIP);
    emit8(&t->code, 0xe9);
    emit_target(t, target(t));
    emit_patch8(&t->code, over);
    return END_NO;
}

static enum end call(struct translation *t)
{
    if (t->insn.opsize != 4)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_store_guest_imm(&t->code, H_R14, -4, t->next);
    push_done(t, target(t), UNWIND_EIP);
    emit_exit(t, target(t));
    return END_BLOCK;
}

/* R8D = the target of a computed jump. */
static bool load_target(struct translation *t)
{
    const struct operand *o = &t->insn.opd[0];
    record(t, t->eip, 0, UNWIND_EIP);
    if (o->kind != OPD_GPR)
        return ident_load(t, H_R8);
    emit_mov_reg(&t->code, H_R8, host_gpr(o->reg));
    return true;
}

static enum end jmp_indirect(struct translation *t)
{
    if (t->insn.opsize != 4 || !load_target(t))
        return callout(t);
    emit_lookup_exit(t);
    return END_BLOCK;
}

static enum end call_indirect(struct translation *t)
{
    if (t->insn.opsize != 4 || !load_target(t))
        return callout(t);
    emit_store_guest_imm(&t->code, H_R14, -4, t->next);
    push_done(t, 0, UNWIND_FORWARD);
    emit_lookup_exit(t);
    return END_BLOCK;
}

static enum end ret(struct translation *t)
{
    int bytes = 4 + (t->insn.nopd ? (int)t->insn.imm : 0);
    if (t->insn.opsize != 4)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_load_guest(&t->code, H_R8, H_R14, 0);
    pop_done(t, bytes);
    emit_lookup_exit(t);
    return END_BLOCK;
}

/* ---- Flags and system ----------------------------------------------------- */

static bool privileged_ok(const struct translation *t)
{
    return (t->b->mode & MODE_CPL) == 0;
}

static enum end cli(struct translation *t)
{
    if (!privileged_ok(t))
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_store_vcpu8_imm(&t->code, offsetof(struct vcpu, vif), 0);
    return END_NO;
}

static enum end sti(struct translation *t)
{
    if (!privileged_ok(t) || !t->can_look_ahead)
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_store_vcpu8_imm(&t->code, offsetof(struct vcpu, vif), 1);
    t->sti = true;
    return END_NO;
}

/* 40-4F are REX prefixes in 64-bit mode: FE/FF forms do the same to the same flags. */
static enum end inc_dec(struct translation *t)
{
    const struct operand *o = &t->insn.opd[0];
    unsigned r, digit = t->insn.op == OP_INC ? 0 : 1;
    if (t->insn.flags & INSN_MODRM)
        return copy(t);
    r = host_gpr(o->reg);
    record(t, t->eip, 0, UNWIND_EIP);
    if (t->insn.opsize == 2)
        emit8(&t->code, 0x66);
    if (r >= 8)
        emit8(&t->code, 0x41);
    emit8(&t->code, 0xff);
    emit8(&t->code, (uint8_t)(0xc0 | digit << 3 | (r & 7)));
    return END_NO;
}

static enum end mov_from_sreg(struct translation *t)
{
    const struct operand *o = &t->insn.opd[0];
    record(t, t->eip, 0, UNWIND_EIP);
    if (o->kind == OPD_GPR && o->size == 4) {
        emit_load_vcpu16(&t->code, host_gpr(o->reg), selector_offset(t->insn.opd[1].reg));
        return END_NO;
    }
    if (o->kind == OPD_GPR)
        return callout(t);
    emit_load_vcpu16(&t->code, H_R11, selector_offset(t->insn.opd[1].reg));
    return ident_store(t, H_R11, 2) ? END_NO : callout(t);
}

static enum end mov_from_cr(struct translation *t)
{
    static const uint16_t where[5] = {
        [0] = offsetof(struct vcpu, cr0),
        [2] = offsetof(struct vcpu, cr2),
        [3] = offsetof(struct vcpu, cr3),
        [4] = offsetof(struct vcpu, cr4),
    };
    unsigned cr = t->insn.opd[1].reg;
    if (!privileged_ok(t) || cr > 4 || !where[cr])
        return callout(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_load_vcpu(&t->code, host_gpr(t->insn.opd[0].reg), where[cr]);
    return END_NO;
}

static enum end nothing(struct translation *t)
{
    record(t, t->eip, 0, UNWIND_EIP);
    return END_NO;
}

/* CLFLUSH and XLAT are copied; so is RDTSC, whose value is the hardware's own (CR4.TSD traps). */
static enum end (*const table[OP_COUNT])(struct translation *) = {
    [OP_INVALID] = callout,
    [OP_PUSH] = push,
    [OP_POP] = pop,
    [OP_LEAVE] = leave,
    [OP_PUSH_SREG] = push_sreg,
    [OP_PUSHF] = pushf,
    [OP_JMP] = jmp,
    [OP_JCC] = jcc,
    [OP_JCXZ] = jump_on_count,
    [OP_LOOP] = jump_on_count,
    [OP_LOOPE] = jump_on_count,
    [OP_LOOPNE] = jump_on_count,
    [OP_CALL] = call,
    [OP_JMP_IND] = jmp_indirect,
    [OP_CALL_IND] = call_indirect,
    [OP_RET] = ret,
    [OP_CLI] = cli,
    [OP_STI] = sti,
    [OP_INC] = inc_dec,
    [OP_DEC] = inc_dec,
    [OP_MOV_FROM_SREG] = mov_from_sreg,
    [OP_MOV_FROM_CR] = mov_from_cr,
    [OP_NOP] = nothing,
    [OP_PREFETCH] = nothing,
    [OP_RDTSC] = copy,
    /* Not in 64-bit mode, or not on every CPU there. */
    [OP_PUSHA] = callout,
    [OP_POPA] = callout,
    [OP_ENTER] = callout,
    [OP_DAA] = callout,
    [OP_DAS] = callout,
    [OP_AAA] = callout,
    [OP_AAS] = callout,
    [OP_AAM] = callout,
    [OP_AAD] = callout,
    [OP_SALC] = callout,
    [OP_BOUND] = callout,
    [OP_ARPL] = callout,
    [OP_LDS] = callout,
    [OP_LES] = callout,
    [OP_INTO] = callout,
    [OP_LAHF] = callout,
    [OP_SAHF] = callout,
    [OP_MOVBE] = callout,
    [OP_UD0] = callout,
    [OP_UD1] = callout,
    [OP_UD2] = callout,
};

enum end rewrite(struct translation *t)
{
    const struct insn *i = &t->insn;
    if (i->flags & INSN_BAD_LOCK)
        return callout(t);
    if (table[i->op])
        return table[i->op](t);
    if (i->flags & (INSN_SENSITIVE | INSN_PRIVILEGED | INSN_BRANCH))
        return callout(t);
    return copy(t);
}
