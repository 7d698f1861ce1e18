/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which frames the follower has written to since the last comparison: by the operands of its
 * instructions and its stack. A frame that is missed (BT's bit strings, more frames than there is
 * room for) is compared later, with all of memory.
 */
#include "monitor/interp/operand.h"
#include "monitor/lockstep.h"
#include "monitor/vmem.h"

static void add_frame(struct lockstep *l, uint32_t f)
{
    for (unsigned n = l->pages; n-- > 0;) {
        if (l->page[n] == f)
            return;
    }
    if (l->pages < LOCKSTEP_PAGES)
        l->page[l->pages++] = f;
}

/* The write was made, so that the soft TLB has its page. */
static void add_linear(struct lockstep *l, uint32_t linear)
{
    const struct soft_tlb_entry *e = vmem_entry(l->follower->vcpu, gva(linear));
    if ((e->tag & ~PAGE_MASK) == (linear & ~PAGE_MASK) && e->page)
        add_frame(l, e->gfn);
}

static void add_span(struct lockstep *l, uint32_t linear, uint32_t len)
{
    uint32_t last = linear + (len ? len - 1 : 0);
    add_linear(l, linear);
    for (uint32_t at = (linear | PAGE_MASK) + 1; at - 1 < last && at; at += PAGE_SIZE)
        add_linear(l, at);
}

static bool pushes(const struct insn *i)
{
    switch (i->op) {
    case OP_PUSH:
    case OP_PUSHA:
    case OP_PUSHF:
    case OP_PUSH_SREG:
    case OP_ENTER:
    case OP_CALL:
    case OP_CALL_IND:
    case OP_CALL_FAR:
    case OP_CALL_FAR_IND:
    case OP_INT:
    case OP_INT3:
        return true;
    default:
        return false;
    }
}

static bool fills(const struct insn *i)
{
    return i->op == OP_MOVS || i->op == OP_STOS || i->op == OP_INS;
}

static const struct operand *written_operand(const struct insn *i)
{
    for (unsigned n = 0; n < i->nopd; n++) {
        if (i->opd[n].kind == OPD_MEM && (i->opd[n].access & ACC_WRITE))
            return &i->opd[n];
    }
    return NULL;
}

/* Addresses are made of registers that the instruction may change. */
void lockstep_will_write(struct lockstep *l, const struct insn *i)
{
    const struct vcpu *v = l->follower->vcpu;
    const struct operand *o = written_operand(i);
    l->to_len = 0;
    if (fills(i)) {
        l->to = v->gpr[R_EDI];
    } else if (o) {
        l->to = v->seg[i->mem.seg].base + operand_offset(v, i);
        l->to_len = o->size ? o->size : 4;
    }
}

void lockstep_has_written(struct lockstep *l, const struct insn *i)
{
    const struct vcpu *v = l->follower->vcpu;
    if (fills(i)) {
        uint32_t from = v->gpr[R_EDI] < l->to ? v->gpr[R_EDI] : l->to;
        add_span(l, v->seg[S_ES].base + from, (v->gpr[R_EDI] ^ l->to ^ from) - from + 4);
    } else if (l->to_len) {
        add_span(l, l->to, l->to_len);
    }
    if (pushes(i))
        add_linear(l, v->seg[S_SS].base + v->gpr[R_ESP]);
}

void lockstep_delivered(struct lockstep *l)
{
    const struct vcpu *v = l->follower->vcpu;
    add_linear(l, v->seg[S_SS].base + v->gpr[R_ESP]);
}
