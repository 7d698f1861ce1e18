/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What real CPUs do differently from one another, and which of it the host does: probed once,
 * before the tests, never taken from its name. The interpreter does it in one way (docs/limits.md);
 * what it left is then changed into what the host must leave, and compared in full. Nothing
 * is ignored here: a third behaviour fails. Included by one file of a test program; read
 * real_choice.h next. real_choice_fpu.h is the same for the FPU.
 *
 *   push16       PUSH of a segment register with 32 bits stores 16: the upper half stays, and need
 *                not be there or aligned. Otherwise zeroes are pushed. SDM 2 PUSH allows both.
 *   trap_undoes  REPE/REPNE CMPS and SCAS at the debug trap between two elements: the
 *                arithmetic flags are those before the instruction; otherwise the last element's.
 *   fault_undoes The same at a fault. SDM 2 REP demands it, of Intel's CPUs; AMD's leave the last
 *                element's. The instruction run again does not read them.
 *   lower_first  BOUND raises #BR by the lower bound before it reads the upper, whose fault is
 *                then not seen. Within a class the order of faults is the CPU's (SDM 3A 6.9).
 *   popa_keeps   POPA that faults has loaded what it popped before; ESP is as it was.
 *   pop16        A selector that is popped with 32 bits is read with 16: the upper half need not be
 *                there or aligned. By the pages of POP, RET and IRET in SDM 2 all of it is read.
 *   enter_less   ENTER with 32 bits on a 16-bit stack leaves ESP less 4 in EBP even where SP wraps,
 *                which keeps the upper half of ESP. By SDM 2 ENTER it leaves ESP.
 *   wrap_faults  An access around the end of a segment of 4 GiB that does not begin at 0 raises #GP
 *                or #SS; of one that begins at 0 it does not. SDM 3A 5.3: it may or may not, and
 *                need not be the same each time; so either is accepted.
 */
#ifndef RING1_REAL_PROBE_H
#define RING1_REAL_PROBE_H

#include <asm/ldt.h>

#include "tests/unit/real_insn.h"

static struct host_choice {
    bool push16, trap_undoes, fault_undoes, lower_first, popa_keeps, pop16, enter_less, wrap_faults;
} host;

#define PROBE(s, ...) probe(s, (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static inline void probe(struct real_state *s, const uint8_t *code, size_t len)
{
    memcpy(native(CODE + 0x800), code, len);
    s->eip = CODE + 0x800;
    real_flat(s);
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

/* Its last register lies in the hole behind the stack. */
static inline bool probe_popa(void)
{
    struct real_state s = {.gpr = {[R_ESP] = STACK + 0x2000 - 28, [R_EDI] = 1}, .eflags = FL_TF};
    *(uint32_t *)native(STACK + 0x2000 - 28) = 2;
    PROBE(&s, 0x61); /* popa */
    assert_int_equal(s.vector, VEC_PF);
    assert_int_equal(s.gpr[R_ESP], STACK + 0x2000 - 28);
    return s.gpr[R_EDI] == 2;
}

/* Only its upper half is not aligned as 32 bits must be. */
static inline bool probe_pop(void)
{
    struct real_state s = {.gpr[R_ESP] = STACK + 0x802, .eflags = FL_TF | FL_AC};
    *(uint16_t *)native(STACK + 0x802) = REAL_DS;
    PROBE(&s, 0x1f); /* pop ds */
    assert_true(s.vector == VEC_DB || s.vector == VEC_AC);
    return s.vector == VEC_DB;
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

/* Segments of the LDT, as only their bases and sizes are ours; none: nothing to tell. */
static inline bool probe_segment(struct user_desc d, enum sreg r, struct real_state *s,
                                 const uint8_t code[4])
{
    d.limit = 0xfffff;
    d.limit_in_pages = 1;
    if (syscall(SYS_modify_ldt, 0x11, &d, sizeof d))
        return false;
    memcpy(native(CODE + 0x800), code, 4);
    real_flat(s);
    s->sel[r] = SEL_TI | 3;
    s->eip = CODE + 0x800;
    real_run(s);
    d = (struct user_desc){.read_exec_only = 1, .seg_not_present = 1}; /* makes it empty */
    return !syscall(SYS_modify_ldt, 0x11, &d, sizeof d);
}

static inline bool probe_wrap(void)
{
    struct real_state s = {.gpr[R_EBX] = 0u - 2, .eflags = FL_TF};
    const uint8_t code[4] = {0x8b, 0x03}; /* mov eax, [ebx] */
    if (!probe_segment((struct user_desc){.base_addr = DATA + 4}, S_DS, &s, code))
        return false;
    assert_true(s.vector == VEC_GP || s.vector == VEC_DB);
    return s.vector == VEC_GP;
}

static inline bool probe_enter(void)
{
    struct real_state s = {.gpr[R_ESP] = 0x20000, .eflags = FL_TF};
    const uint8_t code[4] = {0xc8}; /* enter 0, 0 */
    if (!probe_segment((struct user_desc){.base_addr = STACK}, S_SS, &s, code))
        return false;
    assert_int_equal(s.gpr[R_ESP], 0x2fffc);
    assert_true(s.gpr[R_EBP] == 0x2fffc || s.gpr[R_EBP] == 0x1fffc);
    return s.gpr[R_EBP] == 0x1fffc;
}

static inline int build_machines_and_probe(void **state)
{
    build_machines(state);
    real_prepare();
    host.push16 = probe_push();
    host.popa_keeps = probe_popa();
    host.pop16 = probe_pop();
    host.trap_undoes = probe_repeat(FL_TF, VEC_DB);
    host.fault_undoes = probe_repeat(0, VEC_PF);
    host.lower_first = probe_bound();
    host.enter_less = probe_enter();
    host.wrap_faults = probe_wrap();
    refill_memory();
    return 0;
}

#endif
