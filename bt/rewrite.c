/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One function an operation that cannot be copied: flags, segment and control register reads here,
 * the stack in stack.c, jumps in branch.c, what a kernel does at each entry in system.c. A table
 * says which, and why, another where 16-bit code differs; what is in it neither as a rewrite nor as
 * a callout is copied (ident.c). Within one instruction the host instruction that changes guest
 * state comes last, or an unwind record says what is still owed (cache.h).
 */
#include "bt/code16.h"

bool refuse(struct translation *t, enum why why)
{
    t->why = why;
    return false;
}

enum end callout(struct translation *t)
{
    t->treatment = TREAT_CALLOUT;
    t->bt->callouts++;
    record(t, t->eip, 0, UNWIND_EIP);
    emit_gate(t->bt, &t->code, TC_EXIT_INTERP);
    return END_BLOCK;
}

enum end callout_for(struct translation *t, enum why why)
{
    t->why = why;
    return callout(t);
}

enum end callout_adapted(struct translation *t)
{
    t->treatment = TREAT_CALLOUT;
    t->why = WHY_ADAPTED;
    record(t, t->eip, 0, UNWIND_EIP);
    emit_gate(t->bt, &t->code, TC_EXIT_ADAPTED);
    return END_BLOCK;
}

/* Other than as the base of an operand, which takes t->delta into its displacement. */
static bool names_esp(const struct insn *i)
{
    for (unsigned n = 0; n < i->nopd; n++) {
        const struct operand *o = &i->opd[n];
        if (o->kind == OPD_GPR && o->size >= 2 && o->reg == R_ESP)
            return true;
    }
    return false;
}

/*
 * AH, DH or BH = [mem], [mem] = AH, CH, DH or BH, where the operand needs a REX prefix, with which
 * these registers have no name: through CL, while ECX waits in R11. Linux has one on the way out of
 * its kernel.
 */
static bool high_byte_move(struct translation *t)
{
    const struct insn *i = &t->insn;
    struct code *c = &t->code;
    unsigned reg = insn_reg(i);
    bool load = i->opcode == 0x8a, store = i->opcode == 0x88;
    if (i->map || !(load || store) || insn_mod(i) == 3 || reg < 4 || (load && reg == 5) ||
        i->mem.base == R_ECX || i->mem.index == R_ECX)
        return false;
    emit_mov_reg(c, H_R11, H_RCX);
    record(t, t->eip, 0, UNWIND_ECX_R11);
    if (store)
        emit_bytes(c, (const uint8_t[]){0x0f, 0xb6, (uint8_t)(0xc8 | reg)}, 3); /* movzx ecx, ah */
    bool can = load ? ident_load8(t, H_RCX) : ident_store(t, H_RCX, 1);
    if (can && load)
        emit_bytes(c, (const uint8_t[]){0x8a, (uint8_t)(0xc1 | reg << 3)}, 2); /* mov ah, cl */
    record(t, can ? t->next : t->eip, 0, UNWIND_ECX_R11);
    emit_mov_reg(c, H_RCX, H_R11);
    t->treatment = TREAT_REWRITTEN;
    t->why = WHY_HIGH_BYTE;
    return can || refuse(t, WHY_HIGH_BYTE_LEFT);
}

/* For the reason WHY that there is; SAME: none but that nothing speaks against it. */
static enum end copy_for(struct translation *t, enum why why)
{
    t->treatment = TREAT_COPIED;
    t->why = why;
    if (names_esp(&t->insn))
        esp_settle(t, t->eip);
    record(t, t->eip, 0, UNWIND_EIP);
    return ident(t) || high_byte_move(t) ? END_NO : callout(t);
}

static enum end copy(struct translation *t)
{
    return copy_for(t, WHY_SAME);
}

static enum end rdtsc(struct translation *t)
{
    return copy_for(t, WHY_TSC);
}

/* ---- Flags and system ----------------------------------------------------- */

static bool privileged_ok(const struct translation *t)
{
    return (t->b->mode & MODE_CPL) == 0;
}

/* A host may do it at once and come back behind the gate (exit.h). Not to code that a new CR3 can
 * move elsewhere. */
static enum end vmcall(struct translation *t)
{
    if (!privileged_ok(t) || !t->page->global)
        return callout(t);
    t->bt->callouts++;
    record(t, t->eip, 0, UNWIND_EIP);
    emit_gate(t->bt, &t->code, TC_EXIT_CALL);
    return END_NO;
}

static enum end cli(struct translation *t)
{
    if (!privileged_ok(t))
        return callout_for(t, WHY_LEVEL);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_store_vcpu8_imm(&t->code, offsetof(struct vcpu, vif), 0);
    return END_NO;
}

static enum end sti(struct translation *t)
{
    if (!privileged_ok(t))
        return callout_for(t, WHY_LEVEL);
    if (!t->can_look_ahead)
        return callout_for(t, WHY_LAST);
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
    if (o->reg == R_ESP)
        esp_settle(t, t->eip);
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
    emit_load_vcpu16(&t->code, H_R11, selector_offset(t->insn.opd[1].reg));
    if (o->kind == OPD_GPR) {
        if (o->reg == R_ESP)
            esp_settle(t, t->eip);
        emit_mov_low(&t->code, host_gpr(o->reg), H_R11);
        return END_NO;
    }
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
        return callout_for(t, WHY_PRIVILEGED);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_load_vcpu(&t->code, host_gpr(t->insn.opd[0].reg), where[cr]);
    return END_NO;
}

/*
 * QEMU's emulator (7.2) computes the flags that CMPXCHG8B leaves from a stale note of what set them
 * last: they come out as any 32 bits, DF and more among them, and an interrupt behind it keeps
 * them. A jump makes the note good. On other hosts links are patched, and it is not needed.
 */
static enum end cmpxchg8b(struct translation *t)
{
    static const uint8_t jump_on[] = {0xeb, 0x00};
    if (t->bt->patching)
        return copy(t);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_bytes(&t->code, jump_on, sizeof jump_on);
    enum end end = copy(t);
    if (t->treatment == TREAT_COPIED) {
        t->treatment = TREAT_REWRITTEN;
        t->why = WHY_STALE_FLAGS;
    }
    return end;
}

static enum end nothing(struct translation *t)
{
    record(t, t->eip, 0, UNWIND_EIP);
    return END_NO;
}

/* What is done with an operation, and why. */
struct rewriting {
    enum end (*make)(struct translation *);
    enum treatment treatment;
    enum why why;
};

/* CLFLUSH and XLAT are copied; so is RDTSC, whose value is the hardware's own (CR4.TSD traps). */
static const struct rewriting table[OP_COUNT] = {
    [OP_INVALID] = {callout, TREAT_CALLOUT, WHY_UNDEFINED},
    [OP_PUSH] = {push, TREAT_REWRITTEN, WHY_STACK},
    [OP_POP] = {pop, TREAT_REWRITTEN, WHY_STACK},
    [OP_LEAVE] = {leave, TREAT_REWRITTEN, WHY_STACK},
    [OP_PUSH_SREG] = {push_sreg, TREAT_REWRITTEN, WHY_SELECTOR},
    [OP_PUSHF] = {pushf, TREAT_REWRITTEN, WHY_FLAGS_READ},
    [OP_JMP] = {jmp, TREAT_EXIT, WHY_JUMP},
    [OP_JCC] = {jcc, TREAT_EXIT, WHY_JUMP},
    [OP_JCXZ] = {jump_on_count, TREAT_EXIT, WHY_COUNTED_JUMP},
    [OP_LOOP] = {jump_on_count, TREAT_EXIT, WHY_COUNTED_JUMP},
    [OP_LOOPE] = {jump_on_count, TREAT_EXIT, WHY_COUNTED_JUMP},
    [OP_LOOPNE] = {jump_on_count, TREAT_EXIT, WHY_COUNTED_JUMP},
    [OP_CALL] = {call, TREAT_EXIT, WHY_CALL},
    [OP_JMP_IND] = {jmp_indirect, TREAT_EXIT, WHY_COMPUTED},
    [OP_CALL_IND] = {call_indirect, TREAT_EXIT, WHY_COMPUTED},
    [OP_RET] = {ret, TREAT_EXIT, WHY_RET},
    [OP_POPF] = {popf, TREAT_REWRITTEN, WHY_FLAGS_WRITE},
    [OP_IRET] = {iret, TREAT_EXIT, WHY_IRET},
    [OP_INT] = {int_n, TREAT_EXIT, WHY_SYSTEM_CALL},
    [OP_MOV_TO_SREG] = {mov_to_sreg, TREAT_REWRITTEN, WHY_SEGMENT_LOAD},
    [OP_POP_SREG] = {pop_sreg, TREAT_REWRITTEN, WHY_SEGMENT_LOAD},
    [OP_CLI] = {cli, TREAT_REWRITTEN, WHY_IF},
    [OP_STI] = {sti, TREAT_REWRITTEN, WHY_IF},
    [OP_INC] = {inc_dec, TREAT_REWRITTEN, WHY_REX},
    [OP_DEC] = {inc_dec, TREAT_REWRITTEN, WHY_REX},
    [OP_MOV_FROM_SREG] = {mov_from_sreg, TREAT_REWRITTEN, WHY_SELECTOR},
    [OP_MOV_FROM_CR] = {mov_from_cr, TREAT_REWRITTEN, WHY_CONTROL},
    [OP_NOP] = {nothing, TREAT_REWRITTEN, WHY_NOTHING},
    [OP_PREFETCH] = {nothing, TREAT_REWRITTEN, WHY_NOTHING},
    [OP_RDTSC] = {rdtsc, TREAT_COPIED, WHY_TSC},
    [OP_CMPXCHG8B] = {cmpxchg8b, TREAT_COPIED, WHY_SAME},
    [OP_VMCALL] = {vmcall, TREAT_CALLOUT, WHY_HYPERCALL},
    [OP_INT3] = {callout, TREAT_CALLOUT, WHY_INTERRUPT},
    [OP_ICEBP] = {callout, TREAT_CALLOUT, WHY_INTERRUPT},
    /* Not in 64-bit mode, or not on every CPU there. */
    [OP_PUSHA] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_POPA] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_ENTER] = {callout, TREAT_CALLOUT, WHY_ENTER},
    [OP_DAA] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_DAS] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_AAA] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_AAS] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_AAM] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_AAD] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_SALC] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_BOUND] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_ARPL] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_LDS] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_LES] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_INTO] = {callout, TREAT_CALLOUT, WHY_NOT_THERE},
    [OP_LAHF] = {callout, TREAT_CALLOUT, WHY_NOT_EVERYWHERE},
    [OP_SAHF] = {callout, TREAT_CALLOUT, WHY_NOT_EVERYWHERE},
    [OP_MOVBE] = {callout, TREAT_CALLOUT, WHY_NOT_EVERYWHERE},
    [OP_UD0] = {callout, TREAT_CALLOUT, WHY_UNDEFINED},
    [OP_UD1] = {callout, TREAT_CALLOUT, WHY_UNDEFINED},
    [OP_UD2] = {callout, TREAT_CALLOUT, WHY_UNDEFINED},
};

/* Where 16-bit code differs. */
static const struct rewriting table16[OP_COUNT] = {
    [OP_PUSH] = {push16, TREAT_REWRITTEN, WHY_STACK_SP},
    [OP_POP] = {pop16, TREAT_REWRITTEN, WHY_STACK_SP},
    [OP_LEAVE] = {leave16, TREAT_REWRITTEN, WHY_STACK_SP},
    [OP_PUSH_SREG] = {push_sreg16, TREAT_REWRITTEN, WHY_SELECTOR},
    [OP_PUSHF] = {pushf16, TREAT_REWRITTEN, WHY_FLAGS_READ},
    [OP_POPF] = {callout, TREAT_CALLOUT, WHY_SENSITIVE},
    [OP_IRET] = {callout, TREAT_CALLOUT, WHY_SENSITIVE},
    [OP_INT] = {callout, TREAT_CALLOUT, WHY_INTERRUPT},
    [OP_MOV_TO_SREG] = {callout, TREAT_CALLOUT, WHY_SEGMENT_OTHER},
    [OP_POP_SREG] = {callout, TREAT_CALLOUT, WHY_SEGMENT_OTHER},
};

static const struct rewriting *rewriting_of(const struct translation *t)
{
    const struct rewriting *r = &table16[t->insn.op];
    return is_code16(t) && r->make ? r : &table[t->insn.op];
}

/* Where no hardware heeds CR0 and CR4, the interpreter does. In lock step the time-stamp counter is
 * not the hardware's. */
static bool control_concerns(const struct translation *t)
{
    if (t->v->vm->pace.on && t->insn.op == OP_RDTSC)
        return true;
    return (t->b->mode & MODE_CONTROL) && ((t->insn.flags & INSN_FPU) || t->insn.op == OP_RDTSC);
}

enum end rewrite(struct translation *t)
{
    const struct insn *i = &t->insn;
    if (i->flags & INSN_BAD_LOCK)
        return callout_for(t, WHY_BAD_LOCK);
    if (control_concerns(t))
        return callout_for(t, WHY_HEEDED);
    const struct rewriting *r = rewriting_of(t);
    t->treatment = r->treatment;
    t->why = r->why;
    if (r->make)
        return r->make(t);
    if (i->flags & (INSN_SENSITIVE | INSN_PRIVILEGED | INSN_BRANCH))
        return callout_for(t, i->flags & INSN_PRIVILEGED ? WHY_PRIVILEGED : WHY_SENSITIVE);
    return copy(t);
}
