/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * String operations. Where guest memory is behind windows, ESI and EDI become host addresses and
 * are made guest addresses again, as there is no segment prefix for EDI. A window's base is a
 * multiple of 4 GiB, so a stop anywhere in between finds the guest's values in the low halves.
 */
#include "bt/translation.h"

#define FEW 32 /* 8 times that is 256 (if_few) */

/* Which of ESI and EDI a string operation uses. */
static unsigned string_windows(const struct insn *i)
{
    bool source = i->op == OP_MOVS || i->op == OP_CMPS || i->op == OP_LODS;
    bool dest = i->op != OP_LODS;
    return (source ? WINDOW_SOURCE : 0u) | (dest ? WINDOW_DEST : 0u);
}

/* R64 += the base of its window. */
static void add_window(struct translation *t, unsigned r, enum window_operand which)
{
    if (by_address(t)) {
        t->changes |= CHANGE_BY_ADDRESS;
        add_window_by_address(t, r);
        return;
    }
    bool kernel = side_of(t->b->mode) == SIDE_KERNEL && !other_window(t, which);
    if (kernel)
        emit_load_vcpu64(&t->code, H_R9, offsetof(struct vcpu, windows.kernel));
    emit_add64(&t->code, r, r, kernel ? H_R9 : H_R12);
}

static void emit_whole(struct translation *t)
{
    emit_prefixes(t);
    emit8(&t->code, t->insn.opcode);
}

/* Jumps if ECX < FEW, by 8 * ECX less its low byte; ECX waits in R11. A count above 2^29 may pass
 * for a small one and is right all the same. */
static uint32_t if_few(struct translation *t)
{
    static const uint8_t not_low_byte[] = {
        0x44, 0x0f, 0xb6, 0xc9, /* movzx r9d, cl */
        0x41, 0xf7, 0xd1,       /* not r9d */
    };
    struct code *c = &t->code;
    _Static_assert(FEW * 8 == 256, "the low byte");
    emit_mov_reg(c, H_R11, H_RCX);
    record(t, t->eip, 0, UNWIND_ECX_R11);
    emit_lea(c, H_RCX, H_NONE, H_RCX, 8, 0);
    emit_bytes(c, not_low_byte, sizeof not_low_byte);
    emit_lea(c, H_RCX, H_RCX, H_R9, 1, 1);
    return emit_jrcxz8(c);
}

/* One element after the other; a stop between two is one between two of the repeated operation. */
static void emit_one_by_one(struct translation *t)
{
    struct code *c = &t->code;
    emit_mov_reg(c, H_RCX, H_R11);
    uint32_t top = c->len;
    record(t, t->eip, 0, UNWIND_EIP);
    uint32_t done = emit_jrcxz8(c);
    emit_lea(c, H_R11, H_RCX, H_NONE, 1, -1);
    if (t->insn.flags & INSN_66)
        emit8(c, 0x66);
    emit8(c, t->insn.opcode);
    record(t, t->eip, 0, UNWIND_ECX_R11);
    emit_mov_reg(c, H_RCX, H_R11);
    record(t, t->eip, 0, UNWIND_EIP);
    emit8(c, 0xeb);
    emit8(c, (uint8_t)(top - (c->len + 1)));
    emit_patch8(c, done);
}

/*
 * REP MOVS and STOS take a CPU some 10 ns to begin, and 200 if they come near the end of a page
 * behind which nothing is mapped; which in a window is the rule. So a few elements are moved one by
 * one.
 */
static void emit_repeated(struct translation *t)
{
    struct code *c = &t->code;
    t->changes |= CHANGE_FEW;
    uint32_t few = if_few(t);
    emit_mov_reg(c, H_RCX, H_R11);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_whole(t);
    record(t, t->next, 0, UNWIND_EIP);
    uint32_t over = emit_jmp8(c);
    emit_patch8(c, few);
    record(t, t->eip, 0, UNWIND_ECX_R11);
    emit_one_by_one(t);
    emit_patch8(c, over);
}

static bool moves_repeatedly(const struct insn *i)
{
    return (i->op == OP_MOVS || i->op == OP_STOS) && (i->flags & (INSN_REP | INSN_REPNE));
}

static void string_in_windows(struct translation *t, unsigned used)
{
    struct code *c = &t->code;
    if (used & WINDOW_SOURCE)
        add_window(t, H_RSI, WINDOW_SOURCE);
    if (used & WINDOW_DEST)
        add_window(t, H_RDI, WINDOW_DEST);
    if (moves_repeatedly(&t->insn))
        emit_repeated(t);
    else
        emit_whole(t);
    record(t, t->next, 0, UNWIND_EIP);
    if (used & WINDOW_SOURCE)
        emit_mov_reg(c, H_RSI, H_RSI);
    if (used & WINDOW_DEST)
        emit_mov_reg(c, H_RDI, H_RDI);
}

bool ident_string(struct translation *t)
{
    unsigned used = string_windows(&t->insn);
    if (t->insn.addrsize != 4)
        return refuse(t, WHY_ADDRESS16);
    if (((used & WINDOW_SOURCE) && !flat_segment(t, t->insn.mem.seg, false)) ||
        ((used & WINDOW_DEST) && !(t->b->mode & MODE_ES)))
        return refuse(t, WHY_SEGMENT);
    if (t->code.gs) {
        t->changes |= CHANGE_STRING;
        string_in_windows(t, used);
        return true;
    }
    t->changes |= CHANGE_ADDRESS;
    emit8(&t->code, 0x67);
    emit_whole(t);
    return true;
}
