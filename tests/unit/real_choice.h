/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What real CPUs do differently from one another, and which of it the host does: probed once,
 * before the tests, never taken from its name. The interpreter does it in one way (docs/limits.md);
 * what it left is then changed into what the host must leave, and compared in full. Nothing
 * is ignored here: a third behaviour fails. Included by one file of a test program;
 * real_choice_fpu.h is the same for the FPU.
 *
 *   push16       PUSH of a segment register with 32 bits stores 16: the upper half stays, and the
 *                store need only be aligned to 2 bytes. Otherwise zeroes are pushed. SDM 2 PUSH
 *                allows both.
 *   trap_undoes  REPE/REPNE CMPS and SCAS at the debug trap between two elements: the
 *                arithmetic flags are those before the instruction; otherwise the last element's.
 *   fault_undoes The same at a fault. SDM 2 REP demands it, of Intel's CPUs; AMD's leave the last
 *                element's. The instruction run again does not read them.
 *   lower_first  BOUND raises #BR by the lower bound before it reads the upper, whose page fault
 *                is then not seen. Within a class the order of faults is the CPU's (SDM 3A 6.9).
 */
#ifndef RING1_REAL_CHOICE_H
#define RING1_REAL_CHOICE_H

#include "tests/unit/real_insn.h"

static struct host_choice {
    bool push16, trap_undoes, fault_undoes, lower_first;
} host;

/* ---- The probes --------------------------------------------------------------- */

#define PROBE(s, ...) probe(s, (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static inline void probe(struct real_state *s, const uint8_t *code, size_t len)
{
    memcpy(native(CODE + 0x800), code, len);
    s->eip = CODE + 0x800;
    real_run(s);
}

static inline bool probe_push(void)
{
    struct real_state s = {.gpr[R_ESP] = STACK + 0x804, .eflags = FL_TF};
    uint16_t *slot = native(STACK + 0x800);
    slot[0] = slot[1] = 0xaaaa;
    PROBE(&s, 0x1e); /* push ds */
    assert_int_equal(s.vector, VEC_DB);
    assert_int_equal(slot[0], REAL_DS);
    assert_true(slot[1] == 0xaaaa || slot[1] == 0);
    return slot[1] == 0xaaaa;
}

/* One element that compares unequal, then a trap or the hole. */
static inline bool probe_repeat(uint32_t tf, int vector)
{
    struct real_state s = {
        .gpr = {[R_ECX] = 2, [R_EDI] = HOLE - 1},
        .eflags = FL_ARITH | tf,
    };
    *(uint8_t *)native(HOLE - 1) = 1;
    PROBE(&s, 0xf2, 0xae); /* repne scasb */
    assert_int_equal(s.vector, vector);
    assert_int_equal(s.gpr[R_ECX], 1);
    uint32_t flags = s.eflags & FL_ARITH;
    assert_true(flags == FL_ARITH || flags == (FL_CF | FL_SF | FL_AF | FL_PF));
    return flags == FL_ARITH;
}

static inline bool probe_bound(void)
{
    struct real_state s = {.gpr[R_EBX] = HOLE - 4, .eflags = FL_TF};
    *(uint32_t *)native(HOLE - 4) = 1;
    PROBE(&s, 0x62, 0x03); /* bound eax, [ebx] */
    assert_true(s.vector == VEC_BR || s.vector == VEC_PF);
    return s.vector == VEC_BR;
}

static inline int build_machines_and_probe(void **state)
{
    build_machines(state);
    real_prepare();
    host.push16 = probe_push();
    host.trap_undoes = probe_repeat(FL_TF, VEC_DB);
    host.fault_undoes = probe_repeat(0, VEC_PF);
    host.lower_first = probe_bound();
    refill_memory();
    return 0;
}

/* ---- What the interpreter left becomes what the host leaves ---------------------- */

/* Is this the #AC that a store of 16 bits does not raise? */
static inline bool choice_lets_push(const struct test_case *c, const struct real_state *soft)
{
    return host.push16 && c->insn.op == OP_PUSH_SREG && c->insn.opsize == 4 &&
           soft->vector == VEC_AC && !(c->in.gpr[R_ESP] & 1);
}

/* OLD: what was in the upper half, on both sides. */
static inline void choose_upper_half(const struct test_case *c, const struct real_state *soft,
                                     uint16_t old)
{
    uint32_t top = soft->gpr[R_ESP];
    if (!host.push16 || c->insn.op != OP_PUSH_SREG || c->insn.opsize != 4 || soft->vector != VEC_DB)
        return;
    for (unsigned k = 0; k < 2; k++) {
        uint8_t *byte = guest_byte(top + 2 + k);
        assert_int_equal(*byte, 0);
        *byte = (uint8_t)(old >> 8 * k);
    }
}

static inline void choose_flags(const struct test_case *c, struct real_state *soft)
{
    const struct insn *i = &c->insn;
    bool undoes = soft->vector == VEC_DB ? host.trap_undoes : host.fault_undoes;
    bool repeated = i->flags & (INSN_REP | INSN_REPNE);
    if (undoes && repeated && (i->op == OP_CMPS || i->op == OP_SCAS) && soft->eip == c->in.eip)
        soft->eflags = (soft->eflags & ~(uint32_t)FL_ARITH) | (c->in.eflags & FL_ARITH);
}

/* Signed, of the operand's size. */
static inline bool below_lower_bound(const struct test_case *c, uint32_t where)
{
    uint32_t bound = 0, index = c->in.gpr[c->insn.opd[0].reg];
    unsigned unused = 32 - 8u * c->insn.opsize;
    memcpy(&bound, native(where), c->insn.opsize);
    return (int32_t)(index << unused) < (int32_t)(bound << unused);
}

static inline void choose_bound(const struct test_case *c, struct real_state *soft)
{
    struct vcpu start;
    if (!host.lower_first || c->insn.op != OP_BOUND || soft->vector != VEC_PF)
        return;
    memcpy(start.gpr, c->in.gpr, sizeof start.gpr);
    uint32_t where = operand_offset(&start, &c->insn);
    if (where + c->insn.opsize > soft->cr2 || !below_lower_bound(c, where))
        return; /* the lower bound itself is out of reach, or kept */
    soft->vector = VEC_BR;
    soft->error = soft->cr2 = 0;
}

#endif
