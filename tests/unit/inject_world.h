/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The segment world with an IDT: for tests of event delivery. Included by one file of a test
 * program.
 */
#ifndef RING1_INJECT_WORLD_H
#define RING1_INJECT_WORLD_H

#include "monitor/inject.h"
#include "tests/unit/segment_world.h"

#define HANDLER 0x00456789u

static inline void gate(unsigned vector, uint16_t sel, unsigned type, unsigned dpl)
{
    poke64(IDT + vector * 8, pack_gate(sel, HANDLER, type, dpl, 0));
}

/* Kernel-only interrupt gates for all exceptions. */
static inline int events(void **state)
{
    world(state);
    for (unsigned i = 0; i < 32; i++)
        gate(i, C0, SYS_INT32, 0);
    return 0;
}

/* The dwords at ESP. */
#define FRAME(...)                                                                                 \
    check_frame((const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4)
static inline void check_frame(const uint32_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(peek(vm, v->gpr[R_ESP] + (uint32_t)i * 4), words[i]);
}

static inline void raise_gp(uint32_t error)
{
    vcpu_raise_error(v, VEC_GP, error);
    inject_exception(v);
}

#endif
