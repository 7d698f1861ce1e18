/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Execute one instruction given as bytes, and assert how it ended. A failing one must leave
 * every register as it was. Included by one file of a test program.
 */
#ifndef RING1_INTERP_RUN_H
#define RING1_INTERP_RUN_H

#include "tests/unit/interp_world.h"

static inline void put_code(const uint8_t *bytes, size_t len)
{
    assert_true(guest_write(vm, gpa(vcpu_next(v)), bytes, len));
}

/* Registers that an exception must not change. */
struct before {
    uint32_t gpr[8], eip, eflags;
    uint8_t vif, cpl, inhibit;
    struct segment seg[S_COUNT];
    uint32_t cr0, cr3, cr4;
};

static inline struct before snapshot(void)
{
    struct before b;
    memset(&b, 0, sizeof b);
    memcpy(b.gpr, v->gpr, sizeof b.gpr);
    memcpy(b.seg, v->seg, sizeof b.seg);
    b.eip = v->eip;
    b.eflags = v->eflags;
    b.vif = v->vif;
    b.cpl = v->cpl;
    b.inhibit = v->inhibit;
    b.cr0 = v->cr0;
    b.cr3 = v->cr3;
    b.cr4 = v->cr4;
    return b;
}

/* Executes it and expects success; eip may be anywhere. */
static inline void run_ok(const uint8_t *bytes, size_t len)
{
    put_code(bytes, len);
    enum interp_result r = interp_step(v);
    if (v->exc.valid)
        fail_msg("exception %u, error %x, cr2 %x", v->exc.vector, v->exc.error, v->exc.cr2);
    assert_int_equal(r, INTERP_OK);
}

static inline void expect_exception(enum interp_result r, unsigned vector, int64_t error)
{
    assert_int_equal(r, INTERP_EXCEPTION);
    assert_true(v->exc.valid);
    assert_int_equal(v->exc.vector, vector);
    assert_int_equal(v->exc.has_error, error >= 0);
    if (error >= 0)
        assert_int_equal(v->exc.error, error);
    v->exc.valid = false;
}

/* Executes it and expects the fault VECTOR with ERROR (-1: none) and nothing changed. */
static inline void run_faults(unsigned vector, int64_t error, const uint8_t *bytes, size_t len)
{
    put_code(bytes, len);
    struct before was = snapshot();
    expect_exception(interp_step(v), vector, error);
    assert_false(v->exc.is_trap);
    struct before is = snapshot();
    assert_memory_equal(&was, &is, sizeof was);
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* Executes the bytes at eip. OK: then eip is behind them. RUN: it may be elsewhere. */
#define RUN(...) run_ok(BYTES(__VA_ARGS__))
#define OK(...)                                                                                    \
    do {                                                                                           \
        uint32_t ok_start = v->eip;                                                                \
        run_ok(BYTES(__VA_ARGS__));                                                                \
        assert_int_equal(v->eip, ok_start + sizeof((const uint8_t[]){__VA_ARGS__}));               \
    } while (0)
/* WHAT is one of those below, which stand for two arguments. */
#define FAULTS(what, ...) run_faults(what, BYTES(__VA_ARGS__))

#define E(vector, error) vector, error
#define GP0              E(VEC_GP, 0)
#define SS0              E(VEC_SS, 0)
#define UD               E(VEC_UD, -1)

#endif
