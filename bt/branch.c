/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Jumps, calls and returns. CALL and RET are the host's own, on a call stack of its own, so that
 * the CPU predicts returns; behind each call stands a check that the return is the one expected.
 * Method: shared/paired returns as in "widening" translators; the check makes it safe with any
 * guest that switches stacks.
 */
#include "bt/code16.h"

uint32_t branch_target(const struct translation *t)
{
    uint32_t ip = t->next - t->base + t->insn.imm;
    return t->base + (is_code16(t) ? (uint16_t)ip : ip);
}

/* Behind an STI, the test for events that the shadow has put off stands before the jump itself,
 * where everything but the jump is done. */
static void shadow_ends(struct translation *t, uint32_t eip, unsigned how)
{
    if (t->after_sti)
        emit_event_test(t, eip, how);
}

/* Backwards in the block, or out of it. A jump forward is a way out too: what lies behind it is
 * seldom reached from before it. */
enum end jmp(struct translation *t)
{
    if (t->insn.opsize != code_size(t))
        return callout_for(t, WHY_STACK_SIZE);
    esp_settle(t, t->eip);
    record(t, t->eip, 0, UNWIND_EIP);
    shadow_ends(t, branch_target(t), UNWIND_EIP);
    if (branch_target(t) > t->eip || branch_target(t) < t->b->eip) {
        emit_exit(t, branch_target(t), EXIT_JUMP);
    } else {
        emit8(&t->code, 0xe9);
        emit_target(t, branch_target(t));
    }
    return END_BLOCK;
}

/* A conditional jump has no place of its own for the event test: in an STI's shadow it is left to
 * the interpreter. */
enum end jcc(struct translation *t)
{
    if (t->insn.opsize != code_size(t))
        return callout_for(t, WHY_STACK_SIZE);
    if (t->after_sti)
        return callout_for(t, WHY_SHADOW);
    esp_settle(t, t->eip);
    record(t, t->eip, 0, UNWIND_EIP);
    emit8(&t->code, 0x0f);
    emit8(&t->code, 0x80 | t->insn.cond);
    emit_target(t, branch_target(t));
    return END_NO;
}

/* JECXZ and LOOPcc: the instruction itself, over a short jump. LOOP has counted when it jumps. */
enum end jump_on_count(struct translation *t)
{
    if (t->insn.opsize != code_size(t))
        return callout_for(t, WHY_STACK_SIZE);
    if (t->after_sti)
        return callout_for(t, WHY_SHADOW);
    if (t->insn.addrsize != 4)
        return jump_on_count16(t);
    esp_settle(t, t->eip);
    record(t, t->eip, 0, UNWIND_EIP);
    emit8(&t->code, 0x67);
    emit8(&t->code, t->insn.opcode);
    emit8(&t->code, 2);
    record(t, t->next, 0, UNWIND_EIP);
    uint32_t over = emit_jmp8(&t->code);
    record(t, branch_target(t), 0, UNWIND_EIP);
    emit8(&t->code, 0xe9);
    emit_target(t, branch_target(t));
    emit_patch8(&t->code, over);
    return END_NO;
}

/* ---- Calls ------------------------------------------------------------------ */

/*
 * Does the instruction behind the call write all arithmetic flags, read none, and touch nothing but
 * registers? Then they need not be restored before it; but nobody else may come to it.
 */
static bool next_writes_flags(const struct translation *t)
{
    struct insn i;
    unsigned off = t->next - t->page->linear.v;
    if (is_awaited(t, t->next) ||
        decode_code(t, t->page->bytes + off, PAGE_SIZE - off, &i) != DECODE_OK)
        return false;
    for (unsigned n = 0; n < i.nopd; n++) {
        if (i.opd[n].kind != OPD_GPR && i.opd[n].kind != OPD_IMM)
            return false;
    }
    return (i.op == OP_ADD || i.op == OP_SUB || i.op == OP_CMP || i.op == OP_TEST ||
            i.op == OP_AND || i.op == OP_OR || i.op == OP_XOR) &&
           !(i.flags & INSN_BAD_LOCK);
}

/* RET has saved the flags. A jump that is not taken costs a real CPU next to nothing. */
static void check_by_flags(struct translation *t)
{
    struct code *c = &t->code;
    emit_bytes(c, (const uint8_t[]){0x41, 0x81, 0xf8}, 3); /* cmp r8d, imm32 */
    emit32(c, t->next);
    record(t, 0, 0, UNWIND_FORWARD | UNWIND_FLAGS_R9);
    emit_unless_equal(t, t->bt->thunk[side_of(t->b->mode)].other);
    t->parked = next_writes_flags(t);
    if (!t->parked)
        emit_restore_flags(t, UNWIND_FORWARD);
}

static void check_by_ecx(struct translation *t)
{
    struct code *c = &t->code;
    emit_mov_reg(c, H_R11, H_RCX);
    record(t, 0, 0, UNWIND_FORWARD | UNWIND_ECX_R11);
    emit_lea(c, H_RCX, H_R8, H_NONE, 1, -(int32_t)t->next);
    uint32_t same = emit_jrcxz8(c);
    emit_mov_reg(c, H_RCX, H_R11);
    emit_lookup_thunk(t);
    record(t, 0, 0, UNWIND_FORWARD | UNWIND_ECX_R11);
    emit_patch8(c, same);
    emit_mov_reg(c, H_RCX, H_R11);
}

/*
 * The host's return address leads here, R8D is the guest's. If it is the one behind the call, the
 * block goes on; else, and where the block ends with the call, it is looked up.
 */
static enum end return_site(struct translation *t)
{
    record(t, 0, 0, UNWIND_FORWARD);
    if (!t->can_look_ahead) {
        emit_lookup_thunk(t);
        return END_BLOCK;
    }
    if (t->bt->save_flags)
        check_by_flags(t);
    else
        check_by_ecx(t);
    t->returns = true;
    return END_NO;
}

/* The guest's own return address, and ESP follows. EIP and HOW say where the call goes. */
static void push_return(struct translation *t, uint32_t eip, unsigned how)
{
    if (is_code16(t)) {
        push_return16(t, eip, how);
    } else {
        emit_store_guest_imm(&t->code, H_R14, t->delta - 4, t->next);
        t->delta -= 4;
        record(t, eip, 0, how);
        emit_lea(&t->code, H_R14, H_R14, H_NONE, 1, t->delta);
        t->delta = 0;
        record(t, eip, 0, how);
    }
    shadow_ends(t, eip, how);
}

enum end call(struct translation *t)
{
    if (t->insn.opsize != code_size(t))
        return callout_for(t, WHY_STACK_SIZE);
    record(t, t->eip, 0, UNWIND_EIP);
    push_return(t, branch_target(t), UNWIND_EIP);
    emit_exit(t, branch_target(t), EXIT_CALL);
    return return_site(t);
}

static bool load_target16(struct translation *t, const struct operand *o)
{
    if (o->kind == OPD_GPR)
        emit_movzx16(&t->code, H_R8, host_gpr(o->reg));
    else if (!ident_load16(t, H_R8))
        return false;
    emit_lea(&t->code, H_R8, H_R8, H_NONE, 1, (int32_t)t->base);
    return true;
}

/* R8D = the target of a computed jump. */
static bool load_target(struct translation *t)
{
    const struct operand *o = &t->insn.opd[0];
    record(t, t->eip, 0, UNWIND_EIP);
    if (is_code16(t))
        return load_target16(t, o);
    if (o->kind != OPD_GPR)
        return ident_load(t, H_R8);
    emit_mov_reg(&t->code, H_R8, host_gpr(o->reg));
    return true;
}

enum end jmp_indirect(struct translation *t)
{
    esp_settle(t, t->eip);
    if (t->insn.opsize != code_size(t))
        return callout_for(t, WHY_STACK_SIZE);
    if (!load_target(t))
        return callout(t);
    shadow_ends(t, 0, UNWIND_FORWARD);
    emit_lookup_exit(t);
    return END_BLOCK;
}

enum end call_indirect(struct translation *t)
{
    if (t->insn.opcode == 0xff && t->insn.opd[0].kind == OPD_GPR && t->insn.opd[0].reg == R_ESP)
        esp_settle(t, t->eip);
    if (t->insn.opsize != code_size(t))
        return callout_for(t, WHY_STACK_SIZE);
    if (!load_target(t))
        return callout(t);
    push_return(t, 0, UNWIND_FORWARD);
    emit_lookup_call(t);
    return return_site(t);
}

/* R8D = where it leads; ESP is behind it. */
static void pop_return(struct translation *t, int extra)
{
    emit_load_guest(&t->code, H_R8, H_R14, t->delta);
    emit_lea(&t->code, H_R14, H_R14, H_NONE, 1, t->delta + 4 + extra);
    t->delta = 0;
}

enum end ret(struct translation *t)
{
    int extra = t->insn.nopd ? (int)t->insn.imm : 0;
    if (t->insn.opsize != code_size(t))
        return callout_for(t, WHY_STACK_SIZE);
    record(t, t->eip, 0, UNWIND_EIP);
    (is_code16(t) ? pop_return16 : pop_return)(t, extra);
    record(t, 0, 0, UNWIND_FORWARD);
    shadow_ends(t, 0, UNWIND_FORWARD);
    if (t->bt->save_flags)
        emit_save_flags(t, UNWIND_FORWARD);
    emit8(&t->code, 0xc3);
    return END_BLOCK;
}
