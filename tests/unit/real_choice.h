/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the interpreter left becomes what the host leaves, by the choices that real_probe.h found.
 * Included by one file of a test program.
 */
#ifndef RING1_REAL_CHOICE_H
#define RING1_REAL_CHOICE_H

#include "monitor/interp/stack.h"
#include "tests/unit/real_probe.h"
#include "tests/unit/real_relax.h"

/* Has it to do with an access or a selector? */
static inline bool is_fault(const struct real_state *s)
{
    return s->vector >= VEC_NP && s->vector <= VEC_AC;
}

static inline bool op_faults(const struct test_case *c, enum op op, const struct real_state *soft)
{
    return c->insn.op == op && is_fault(soft) && can_be_fetched(c);
}

/* OLD: what was in the upper half, on both sides. */
static inline void choose_upper_half(const struct test_case *c, const struct real_state *soft,
                                     uint16_t old)
{
    uint32_t top = stack_linear(c, soft->gpr[R_ESP]);
    if (!host.push16 || c->insn.op != OP_PUSH_SREG || c->insn.opsize != 4 || soft->vector != VEC_DB)
        return;
    for (unsigned k = 0; k < 2; k++)
        if (is_writable(top + 2 + k)) {
            assert_int_equal(*guest_byte(top + 2 + k), 0);
            *guest_byte(top + 2 + k) = (uint8_t)(old >> 8 * k);
        }
}

static inline bool choice_of_wrap(const struct test_case *c)
{
    bool any = false;
    for (unsigned r = 0; r < S_COUNT; r++) {
        struct segment s = segment_of(c->in.sel[r]);
        any |= wraps(&s);
    }
    return host.wrap_faults && any;
}

static inline void choose_flags(const struct test_case *c, struct real_state *soft)
{
    const struct insn *i = &c->insn;
    bool undoes = soft->vector == VEC_DB ? host.trap_undoes : host.fault_undoes;
    bool repeated = i->flags & (INSN_REP | INSN_REPNE);
    if (undoes && repeated && (i->op == OP_CMPS || i->op == OP_SCAS) && soft->eip == c->in.eip)
        soft->eflags = (soft->eflags & ~(uint32_t)FL_ARITH) | (c->in.eflags & FL_ARITH);
}

/* Is the lower bound within reach, and the index below it? Signed, of the operand's size. */
static inline bool below_lower_bound(const struct test_case *c)
{
    uint32_t bound = 0, index = c->in.gpr[c->insn.opd[0].reg];
    unsigned size = c->insn.opsize, unused = 32 - 8u * size;
    start_relaxed(c);
    bool readable = mem_read(vm->vcpu, c->insn.mem.seg, offset_of_operand(c), &bound, size, 0);
    end_relaxed(c);
    if (!readable)
        return false;
    return (int32_t)(index << unused) < (int32_t)(bound << unused);
}

static inline void choose_bound(const struct test_case *c, struct real_state *soft)
{
    if (!host.lower_first || !op_faults(c, OP_BOUND, soft) || !below_lower_bound(c))
        return;
    soft->vector = VEC_BR;
    soft->error = soft->cr2 = 0;
}

/* Slot by slot, as far as they can be read. */
static inline void choose_popa(const struct test_case *c, struct real_state *soft)
{
    struct vcpu *v = vm->vcpu;
    unsigned size = c->insn.opsize;
    if (!host.popa_keeps || !op_faults(c, OP_POPA, soft))
        return;
    start_relaxed(c);
    for (unsigned r = 8; r-- > 0;) {
        uint32_t x;
        if (!stack_peek(v, (7 - r) * size, size, &x))
            break;
        if (r != R_ESP)
            gpr_write(v, r, size, x);
    }
    end_relaxed(c);
    end_state(v, soft);
}

/* The frame's pointer is in EBP and, at a level above 0, the last that was pushed. */
static inline void choose_enter(const struct test_case *c, struct real_state *soft)
{
    uint32_t esp = c->in.gpr[R_ESP], level = c->insn.imm2 & 31;
    bool wide = segment_of(c->in.sel[S_SS]).attr & SA_DB;
    if (!host.enter_less || c->insn.op != OP_ENTER || c->insn.opsize != 4 || wide ||
        (esp & 0xffff) >= 4 || soft->vector != VEC_DB)
        return;
    soft->gpr[R_EBP] -= 0x10000;
    uint32_t upper = stack_linear(c, esp - 4 * level - 4) + 2;
    for (unsigned k = 0; k < 2 && level; k++)
        if (is_writable(upper + k))
            *guest_byte(upper + k) = (uint8_t)(soft->gpr[R_EBP] >> (16 + 8 * k));
}

#endif
