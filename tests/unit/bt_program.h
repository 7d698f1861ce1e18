/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A random program for the lock-step test: made, and run once, by the interpreter, with the state
 * after each instruction kept.
 */
#ifndef RING1_BT_PROGRAM_H
#define RING1_BT_PROGRAM_H

#include "tests/unit/bt_gen.h"
#include "tests/unit/bt_world.h"

#define PAGES     (BT_DATA_PAGES + BT_STACK_PAGES)
#define MAX_SHOTS 100u
#define FPU_BYTES 288u

/* The guest between two instructions. */
struct shot {
    uint32_t gpr[8], eip, eflags;
    uint32_t unknown; /* flags that the last instruction leaves undefined */
    uint8_t vif, inhibit, cpl;
    struct segment seg[S_COUNT];
    uint8_t fpu[FPU_BYTES];
    uint8_t memory[PAGES * PAGE_SIZE];
};

struct config {
    bool thunk, count, fpu, no_ds, no_es, small_gs, slots, windows, gates, adapted;
    bool code16, real; /* 16-bit code; in real mode */
    bool unlimited;    /* its data segments have no limit, and 64 KiB end in the data */
    uint8_t cpl;
    uint32_t fs_base;
};

extern struct program {
    struct vm *vm;
    uint64_t seed;
    struct gen gen;
    struct config config;
    struct vcpu start;
    struct shot shot[MAX_SHOTS + 1];
    unsigned shots;
    uint32_t base; /* of CS */
    uint32_t end;  /* where the program is over, a linear address */
    uint8_t used[BT_CODE_PAGES * PAGE_SIZE];
    unsigned areas;
    unsigned cursor;       /* shot that the translation has reached */
    unsigned stops, exits; /* of all kinds, for the report */
    unsigned faults, events, interpreted;
    bool mmx_fault; /* the stop is a fault of an MMX instruction */
    uint32_t torn;  /* ... of an x87 store of ten bytes there, part of which may be done; 0: not */
} prog;

/* The linear address of the next instruction; the instruction there. */
uint32_t program_at(const struct vcpu *v);
void program_decode(uint32_t linear, struct insn *i);

/* The present state of V, memory and FPU; memory and FPU as S has them. */
void shot_take(struct shot *s, const struct vcpu *v);
void shot_restore_memory(const struct shot *s);

/* Is that the present state? All of it, or in parts. */
bool shot_same(const struct shot *s, const struct vcpu *v);
bool shot_same_registers(const struct shot *s, const struct vcpu *v);
bool shot_same_memory(const struct shot *s);
bool shot_same_fpu(const struct shot *s);
bool shot_same_segments(const struct shot *s, const struct vcpu *v);

/* The program that SEED and prog.config say, of about LENGTH instructions run. False: it came to no
 * end that could be marked. */
bool program_make(uint64_t seed, unsigned length);

#endif
