/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What real_probe.h and real_choice.h are, for x87 and MMX: probed once, then the state that the
 * interpreter left is changed into what the host must leave. Included by one file of a test
 * program.
 *
 *   top_goes     An MMX store that faults with #PF or #GP has set TOP to 0 and nothing else,
 *                against SDM 3A 6.5, by which a fault leaves what was before, and APM 1 5.12, by
 *                which TOP changes with the store or not at all. Seen on a Xeon. The
 *                store run again sets TOP to 0 anyway.
 *   first_eight  A ten-byte x87 store that faults behind its first eight bytes has written those.
 *                SDM 3A 9.1.1: beyond a quadword there may be several accesses, and some done.
 */
#ifndef RING1_REAL_CHOICE_FPU_H
#define RING1_REAL_CHOICE_FPU_H

#include "monitor/host.h"
#include "monitor/interp/fpu_stub.h"
#include "tests/unit/fake_fpu.h"
#include "tests/unit/real_choice.h"

static struct host_fpu_choice {
    bool top_goes, first_eight;
} host_fpu;

/* ---- The probes --------------------------------------------------------------- */

static inline bool probe_mmx(uint8_t *fpu)
{
    struct real_state s = {.gpr[R_EBX] = HOLE, .eflags = FL_TF, .fpu = fpu};
    fpu[3] = 1 << 3;             /* TOP */
    PROBE(&s, 0x0f, 0x7f, 0x03); /* movq [ebx], mm0 */
    assert_int_equal(s.vector, VEC_PF);
    assert_true(fpu[3] == 1 << 3 || fpu[3] == 0);
    return fpu[3] == 0;
}

static inline bool probe_ten_bytes(uint8_t *fpu)
{
    struct real_state s = {.gpr[R_EBX] = HOLE - 8, .eflags = FL_TF, .fpu = fpu};
    uint64_t *slot = native(HOLE - 8);
    *slot = 0;
    PROBE(&s, 0xdb, 0x3b); /* fstp tbyte [ebx] */
    assert_int_equal(s.vector, VEC_PF);
    assert_true(*slot == 0 || memcmp(slot, fpu + 32, 8) == 0);
    return *slot != 0;
}

/* FCW, tags and MXCSR; all registers are ones. */
static inline uint8_t *probe_fpu(void)
{
    static uint8_t fpu[512];
    memset(fpu, 0, sizeof fpu);
    memcpy(fpu, (uint8_t[]){0x7f, 3, 0, 0, 0xff}, 5);
    memcpy(fpu + 24, (uint8_t[]){0x80, 0x1f}, 2);
    for (unsigned r = 0; r < 8; r++)
        memcpy(fpu + 32 + 16 * r + 7, (uint8_t[]){0x80, 0xff, 0x3f}, 3);
    return fpu;
}

static inline int build_machines_and_probe_fpu(void **state)
{
    build_machines(state);
    real_prepare();
    host_fpu.top_goes = probe_mmx(probe_fpu());
    host_fpu.first_eight = probe_ten_bytes(probe_fpu());
    refill_memory();
    return 0;
}

/* ---- What the interpreter left becomes what the host leaves ---------------------- */

/* The registers of an FXSAVE image begin with ST(0), wherever that is. */
static inline void set_top_to_zero(uint8_t *image)
{
    uint8_t by_number[128];
    unsigned top = image[3] >> 3 & 7;
    for (unsigned r = 0; r < 8; r++)
        memcpy(by_number + 16 * ((top + r) & 7), image + 32 + 16 * r, 16);
    memcpy(image + 32, by_number, sizeof by_number);
    image[3] &= (uint8_t)~0x38;
}

static inline void choose_top(const struct test_case *c, const struct real_state *soft)
{
    const struct operand *o = &c->insn.opd[0];
    bool store = c->insn.op == OP_MMX && o->kind == OPD_MEM && (o->access & ACC_WRITE);
    if (host_fpu.top_goes && store && (soft->vector == VEC_PF || soft->vector == VEC_GP))
        set_top_to_zero(fake_fpu_state);
}

/* What the store puts into a buffer, from FPU, the state before. */
static inline void ten_bytes(const struct insn *i, const uint8_t *fpu, uint8_t ten[64])
{
    struct vcpu scratch = *vm->vcpu;
    uint8_t code[INSN_MAX], after[512];
    memcpy(after, fake_fpu_state, sizeof after);
    memcpy(fake_fpu_state, fpu, sizeof after);
    assert_int_equal(host_fpu_run(&scratch, code, fpu_stub_build(code, i), ten), -1);
    memcpy(fake_fpu_state, after, sizeof after);
}

static inline void choose_first_eight(const struct test_case *c, const struct real_state *soft,
                                      const uint8_t *fpu)
{
    const struct operand *o = &c->insn.opd[0];
    uint8_t ten[64] __attribute__((aligned(64)));
    if (!host_fpu.first_eight || c->insn.op != OP_X87 || o->kind != OPD_MEM || o->size != 10 ||
        !(o->access & ACC_WRITE) || soft->vector != VEC_PF)
        return;
    uint32_t where = operand_linear(c);
    if (where + 8 > soft->cr2)
        return;
    ten_bytes(&c->insn, fpu, ten);
    for (unsigned k = 0; k < 8; k++)
        *guest_byte(where + k) = ten[k];
}

#endif
