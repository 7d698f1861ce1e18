/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter's side of a case, and the comparison: all registers, selectors, defined flags,
 * exception, error code, CR2. Included by one file of a test program; read real_order.h next.
 */
#ifndef RING1_REAL_RUN_H
#define RING1_REAL_RUN_H

#include "tests/unit/real_case.h"
#include "tests/unit/real_choice.h"

static inline void put_code(const struct test_case *c)
{
    uint32_t where = code_linear(c);
    memcpy(native(where), c->bytes, sizeof c->bytes);
    ((uint8_t *)native(where))[c->insn.len] = 0xcc;
    memcpy(guest_byte(where), native(where), sizeof c->bytes);
}

static inline void run_interp(const struct test_case *c, struct real_state *out)
{
    struct vcpu *v = vm->vcpu;
    start_relaxed(c);
    enum interp_result r = INTERP_OK;
    while (r == INTERP_OK && v->eip != c->in.eip + c->insn.len && v->cpl == 3)
        r = interp_step(v);
    end_relaxed(c);
    assert_int_equal(r == INTERP_EXCEPTION, v->exc.valid);
    end_state(v, out);
    assert_int_equal(v->exc.is_trap, out->vector == VEC_DB);
    if (out->vector == VEC_DB && c->insn.op != OP_ICEBP)
        assert_true(v->dr[6] & DR6_BS);
}

/* Where CPUs also differ, in which fault they report: #AC before #PF, the first of two faulting
 * operands of CMPS, and whether ARPL asks for a write when it reads. */
static inline void forgive_fault(const struct test_case *c, struct real_state *a,
                                 const struct real_state *b)
{
    bool both_faults = (a->vector == VEC_AC || a->vector == VEC_PF) &&
                       (b->vector == VEC_AC || b->vector == VEC_PF);
    if (both_faults && a->vector != b->vector && (c->in.eflags & FL_AC)) {
        a->vector = b->vector;
        a->error = b->error;
        a->cr2 = b->cr2;
    }
    if (a->vector == VEC_PF && b->vector == VEC_PF && c->insn.op == OP_CMPS)
        a->cr2 = b->cr2;
    if (a->vector == VEC_PF && b->vector == VEC_PF && c->insn.op == OP_ARPL)
        a->error = b->error;
}

/* A null selector's RPL is lost on the way here (real_cpu.h). */
static inline bool same_selectors(const struct real_state *a, const struct real_state *b)
{
    bool same = true;
    for (unsigned r = 0; r < S_COUNT; r++)
        same &= a->sel[r] == (b->sel[r] > 3 ? b->sel[r] : 0);
    return same;
}

static inline bool compare(const struct test_case *c, struct real_state *a, struct real_state *b)
{
    forgive_fault(c, a, b);
    if (a->vector != VEC_PF)
        a->cr2 = 0;
    if (a->vector == VEC_DB || a->vector == VEC_BP)
        a->error = 0;
    uint32_t ignored = FL_RF | (a->vector == VEC_DB || c->whole ? undefined_flags(c) : 0);
    if (getenv("REAL_UNDEFINED") && ((a->eflags ^ b->eflags) & ~FL_RF & ignored))
        fprintf(stderr, "undefined: %s differs in %x\n", op_name((enum op)c->insn.op),
                (a->eflags ^ b->eflags) & ignored);
    return memcmp(a->gpr, b->gpr, sizeof a->gpr) == 0 && a->eip == b->eip && same_selectors(a, b) &&
           !((a->eflags ^ b->eflags) & ~ignored) && a->vector == b->vector &&
           a->error == b->error && a->cr2 == b->cr2;
}

/* As the host would leave it. */
static inline void run_and_choose(const struct test_case *c, uint16_t pushed_over,
                                  struct real_state *soft)
{
    run_interp(c, soft);
    choose_upper_half(c, soft, pushed_over);
    choose_flags(c, soft);
    choose_bound(c, soft);
    choose_popa(c, soft);
    choose_enter(c, soft);
}

#endif
